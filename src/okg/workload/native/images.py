"""Images: when two references name the same, and by what the kubelet tells containers apart."""

from okg.workload.go_json import encode_as_go

_OFFSET = 2166136261
_PRIME = 16777619
"""FNV-1a, 32 bits (draft-eastlake-fnv)."""


def same_image(one: str, other: str) -> bool:
    """Whether two references name the same image; runtimes show short ones in full."""
    return one == other or _full(one) == _full(other)


def kubelet_hash(name: str, image: str) -> int:
    """Return the hash by which the kubelet, from 1.31 on, sees that a container has changed.

    It goes over the bytes of a JSON document as a debug print of Go shows them.
    """
    document = encode_as_go({"image": image, "name": name}).encode()
    value = _OFFSET
    for byte in f"([]uint8)[{' '.join(map(str, document))}]".encode():
        value = (value ^ byte) * _PRIME & 0xFFFFFFFF
    return value


def _full(reference: str) -> str:
    """Return a reference with its registry and its tag (distribution's rules for short names)."""
    first, slash, rest = reference.partition("/")
    is_registry = slash and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if is_registry else ("docker.io", reference)
    if registry in {"docker.io", "index.docker.io"}:
        registry, path = "docker.io", path if "/" in path else f"library/{path}"
    tagged = "@" in path or ":" in path
    return f"{registry}/{path}" if tagged else f"{registry}/{path}:latest"
