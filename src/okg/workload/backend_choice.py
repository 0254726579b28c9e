"""Which back end makes the pods of a set.

The choice is made once and never changes by itself: two of them would fight over the same pods. Its
record is the workload itself, and for sets that are ours alone an annotation, too, so that a lost
record is made anew where it was.
"""

from collections.abc import Collection
from enum import StrEnum

from msgspec.structs import replace

from okg.api.game import GameServerSet
from okg.workload.invalid import InvalidField, shown
from okg.workload.names import WORKLOAD_BACKEND

FIELD = f"metadata.annotations[{WORKLOAD_BACKEND}]"


class BackendName(StrEnum):
    """What makes pods of a set's workload: OpenKruise's StatefulSet, or we ourselves."""

    KRUISE = "kruise"
    NATIVE = "native"


_REMEDIES = {
    BackendName.KRUISE: "install OpenKruise 1.8 or newer and restart the manager",
    BackendName.NATIVE: "start the manager with --workload-backend=native",
}


def choose_backend(
    gss: GameServerSet,
    *,
    present: Collection[BackendName],
    served: Collection[BackendName],
    default: BackendName,
) -> BackendName:
    """Return the back end of a set: what it says, else what its workload is, else the default.

    Args:
        gss: the set.
        present: back ends that hold a workload of this set.
        served: back ends that this cluster has.
        default: for sets that are new and say nothing.

    Raises:
        InvalidField: what the set says is no back end, is not there, or contradicts what is.
    """
    asked = gss.metadata.annotations.get(WORKLOAD_BACKEND, "")
    if not asked:
        return next(iter(sorted(present)), default)
    if asked not in {name.value for name in BackendName}:
        raise InvalidField(FIELD, f'"{shown(asked)}" is unknown; write "kruise" or "native"')
    name = BackendName(asked)
    if name not in served:
        raise InvalidField(FIELD, f'"{name}" is not to be had here; {_REMEDIES[name]}')
    if present and name not in present:
        there = next(iter(sorted(present)))
        raise InvalidField(
            FIELD, f'says "{name}", but the servers are run by "{there}"; write "{there}"'
        )
    return name


def with_backend(gss: GameServerSet, name: BackendName) -> GameServerSet:
    """Return the set with its back end noted; the very same object if there is nothing to note."""
    meta = gss.metadata
    if name is BackendName.KRUISE or meta.annotations.get(WORKLOAD_BACKEND) == name:
        return gss
    annotations = {**meta.annotations, WORKLOAD_BACKEND: name.value}
    return replace(gss, metadata=replace(meta, annotations=annotations))
