"""What starts a pass over a set's pods: its record, its pods, and what they are made with."""

from collections.abc import Iterable, Mapping, Sequence

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, PersistentVolumeClaim, Pod
from okg.api.game import GameServerSet
from okg.api.resource import Object
from okg.cache.informers import Selection
from okg.runtime.handlers import enqueue_mapped, enqueue_owner
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch
from okg.workload.names import OWNER_GSS, WORKLOAD_RECORD
from okg.workload.native.network_note import is_note
from okg.workload.native.record import has_news, set_name

SELECTIONS: Mapping[type[Object], Selection] = {
    ConfigMap: Selection(labels=WORKLOAD_RECORD),
    ControllerRevision: Selection(labels=OWNER_GSS),
}
"""What the caches need of kinds that are used for much else in a cluster."""


def watches() -> Sequence[AnyWatch]:
    """Return what a workload controller watches."""
    return (
        Watch(ConfigMap, enqueue_mapped(_set_of_record), when=has_news),
        Watch(Pod, enqueue_mapped(_sets_of_pod)),
        Watch(PersistentVolumeClaim, enqueue_mapped(_set_of), when=storage_changed),
        Watch(ControllerRevision, enqueue_mapped(_set_of), when=is_removal),
        Watch(ConfigMap, enqueue_mapped(_set_of_note), when=is_removal),
    )


def is_removal(_old: Object | None, new: Object | None) -> bool:
    """Whether an object went away; that others come or change leads to nothing."""
    return new is None


def storage_changed(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None) -> bool:
    """Whether a claim went, is about to, or belongs to somebody else now."""
    if old is None or new is None:
        return new is None
    return (old.metadata.deletion_timestamp, old.metadata.owner_references) != (
        new.metadata.deletion_timestamp,
        new.metadata.owner_references,
    )


def _set_of_record(record: ConfigMap) -> Iterable[Request]:
    return () if is_note(record) else (Request(record.metadata.namespace, set_name(record)),)


def _set_of_note(note: ConfigMap) -> Iterable[Request]:
    """Return the set one of whose pods may be made again, now that nothing is left of it."""
    return _set_of(note) if is_note(note) else ()


def _set_of(member: Object) -> Iterable[Request]:
    owner = member.metadata.labels.get(OWNER_GSS)
    return (Request(member.metadata.namespace, owner),) if owner else ()


def _sets_of_pod(pod: Pod) -> Iterable[Request]:
    """Return the set that a pod's label names and the one that manages it: mostly the same."""
    return {*_set_of(pod), *_OWNERS(None, pod)}


_OWNERS = enqueue_owner(GameServerSet)
