"""What ``kubectl apply`` sends: the difference of manifest, last manifest and stored object.

What the last manifest had and this one has not is removed; what others wrote beside it stays.
"""

from collections.abc import Mapping
from typing import cast

import msgspec

from okg.client.patch import Json

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def apply_patch(manifest: Mapping[str, Json], stored: Mapping[str, Json]) -> dict[str, Json]:
    """Return the merge patch (RFC 7386) that applies a manifest, empty if nothing is to change."""
    return _three_way(_last_applied(stored), manifest, stored)


def merged(value: Json, patch: Json) -> Json:
    """Return a value with a merge patch applied."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), change)
    return result


def _last_applied(stored: Mapping[str, Json]) -> Mapping[str, Json]:
    annotations = _mapping(_mapping(stored.get("metadata")).get("annotations"))
    text = annotations.get(LAST_APPLIED)
    if not isinstance(text, str):
        return {}
    try:
        return _mapping(cast("Json", msgspec.json.decode(text)))
    except msgspec.DecodeError:
        return {}


def _three_way(
    last: Mapping[str, Json], wanted: Mapping[str, Json], stored: Mapping[str, Json]
) -> dict[str, Json]:
    gone = {key: None for key in last if key not in wanted and key in stored}
    changes: dict[str, Json] = {**gone}
    for key, value in wanted.items():
        here = stored.get(key)
        if isinstance(value, Mapping) and isinstance(here, Mapping):
            if inner := _three_way(_mapping(last.get(key)), value, here):
                changes[key] = inner
        elif value != here:
            changes[key] = value
    return changes


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
