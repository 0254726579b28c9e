"""Which back end makes the pods of a set.

The choice is made once and never changes by itself: two of them would fight over the same pods. The
workload stands for it, and an annotation, so that a lost workload is made anew where it was.
"""

from collections.abc import Collection
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from okg.api.game import GameServerSet
from okg.workload.invalid import InvalidField, shown
from okg.workload.names import MOVE_WORKLOAD_TO, WORKLOAD_BACKEND

FIELD = f"metadata.annotations[{WORKLOAD_BACKEND}]"


class BackendName(StrEnum):
    """What makes pods of a set's workload: OpenKruise's StatefulSet, or we ourselves."""

    KRUISE = "kruise"
    NATIVE = "native"


_REMEDIES = {
    BackendName.KRUISE: "install OpenKruise 1.8 or newer and restart the manager",
    BackendName.NATIVE: "start the manager with --workload-backend=native",
}


class Choice(msgspec.Struct, frozen=True):
    """Who makes a set's pods.

    Attributes:
        name: the back end; None for a new set that is anybody's.
        problem: what the set says against it, and what is done about that: nothing.
    """

    name: BackendName | None
    problem: InvalidField | None = None


def choose_backend(
    gss: GameServerSet, *, present: Collection[BackendName], served: Collection[BackendName]
) -> Choice:
    """Return the back end of a set: what its workload is, else what it says.

    Args:
        gss: the set.
        present: back ends that hold a workload of this set.
        served: back ends that this cluster has.

    Raises:
        InvalidField: what the set says is no back end or is not there, and it has no workload; or
            it has two of them and does not say which.
    """
    asked = gss.metadata.annotations.get(WORKLOAD_BACKEND, "")
    problem = _problem(asked, served, present) if asked else None
    if not present:
        if problem is not None:
            raise problem
        return Choice(BackendName(asked) if asked else None)
    if asked and problem is None:
        return Choice(BackendName(asked))
    if len(present) > 1:
        raise problem or InvalidField(FIELD, f"there are two workloads; {_BOTH}")
    there = next(iter(present))
    return Choice(there, problem)


_BOTH = 'write "kruise" or "native", and delete the other one'


def _problem(
    asked: str, served: Collection[BackendName], present: Collection[BackendName]
) -> InvalidField | None:
    if asked not in {name.value for name in BackendName}:
        return InvalidField(FIELD, f'"{shown(asked)}" is unknown; write "kruise" or "native"')
    name = BackendName(asked)
    if present and name not in present:
        there = next(iter(sorted(present)))
        return InvalidField(
            FIELD,
            f'says "{name}", but the servers are run by "{there}" and stay so; write "{there}"'
            + (f", and {MOVE_WORKLOAD_TO}: native to move them" if name == "native" else ""),
        )
    if name not in served:
        return InvalidField(FIELD, f'"{name}" is not to be had here; {_REMEDIES[name]}')
    return None


def with_backend(gss: GameServerSet, name: BackendName) -> GameServerSet:
    """Return a set that says nothing with its back end noted; else the very same object."""
    meta = gss.metadata
    return gss if WORKLOAD_BACKEND in meta.annotations else moved_to(gss, name)


def moved_to(gss: GameServerSet, name: BackendName) -> GameServerSet:
    """Return a set with another back end noted; the very same object if it is not another."""
    meta = gss.metadata
    if meta.annotations.get(WORKLOAD_BACKEND) == name:
        return gss
    annotations = {**meta.annotations, WORKLOAD_BACKEND: name.value}
    return replace(gss, metadata=replace(meta, annotations=annotations))
