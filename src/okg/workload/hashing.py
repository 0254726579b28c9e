"""Hashes that gate updates: equal for equal values, whatever the order of keys.

The numbers are not those of OpenKruiseGame, whose hash goes over the memory layout of Go values.
Taking a set over therefore rewrites its hash once; nothing else follows from that.
"""

from functools import lru_cache

import msgspec

from okg.workload.opaque import decode_json

_OFFSET = 2166136261
_PRIME = 16777619
"""FNV-1, 32 bits (draft-eastlake-fnv)."""


def hash_of(value: object) -> str:
    """Return the decimal hash of a value that encodes to JSON.

    Raises:
        InvalidField: it nests too deeply.
    """
    return _hash_of_json(msgspec.json.encode(value))


@lru_cache(maxsize=1024)
def _hash_of_json(document: bytes) -> str:
    # Memoised because every pass over a set asks, and a template is some kilobytes.
    value = decode_json(document, object, "the set")
    return str(fnv1(msgspec.json.encode(value, order="deterministic")))


def fnv1(data: bytes) -> int:
    """Return the 32-bit FNV-1 hash of some bytes."""
    value = _OFFSET
    for byte in data:
        value = (value * _PRIME & 0xFFFFFFFF) ^ byte
    return value
