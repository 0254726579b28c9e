"""The workload record: what OpenKruise's StatefulSet is to a set, kept in a ConfigMap of our own.

It remembers what no GameServerSet does: which size was asked for last, which ids must not come
back, and how far an update is. As it has the shape of an Advanced StatefulSet, both back ends share
one type. It does not carry the set's own label, because that label selects pods.

Spec and status are two keys, for they have two writers. The set's controller writes the spec, and
only over the resourceVersion that it decided on. The workload controller writes the status over
whatever there is, bound to the uid alone. That is safe: nobody else writes this key, one thread at
a time has a set in hand, and who has lost the lease writes no more. A spec that changed meanwhile
is kept, as the patch does not name it, and the status says by its observedGeneration that it does
not tell of it. Should a request of an earlier leader still arrive, the status is that of a moment
ago until the next pass counts anew: at worst a pod made in between is of the template before.
"""

from typing import TypeVar

import msgspec
from msgspec.structs import replace

from okg.api.core import ConfigMap, ObjectMeta
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetSpec, StatefulSetStatus
from okg.api.meta import Value
from okg.workload.invalid import InvalidField
from okg.workload.names import MOVED_FROM, WORKLOAD_RECORD
from okg.workload.ownership import controlled_by

_SUFFIX = "-workload"
_SPEC = "spec"
_STATUS = "status"
_BOTH = "workload"
"""Key of records of earlier builds; the next writer of the spec takes it apart."""

_T = TypeVar("_T")


class _Asked(Value, frozen=True, kw_only=True):
    """The spec; its generation is counted here, as the server counts none for ConfigMaps."""

    generation: int = 0
    spec: StatefulSetSpec = StatefulSetSpec()


class _Told(Value, frozen=True, kw_only=True):
    """The status within a record of an earlier build."""

    status: StatefulSetStatus = StatefulSetStatus()


def record_name(set_name: str) -> str:
    """Return the name of a set's record."""
    return f"{set_name}{_SUFFIX}"


def set_name(config_map: ConfigMap) -> str:
    """Return the name of the set that a record is of."""
    return config_map.metadata.name.removesuffix(_SUFFIX)


def record_of(config_map: ConfigMap) -> AdvancedStatefulSet:
    """Return the workload that a record describes.

    Its name is the set's; uid, resourceVersion, owners and annotations are the ConfigMap's. It is a
    value to decide by: what is written is ``to_config_map`` of it.

    Raises:
        InvalidField: somebody else wrote what is no workload. Nothing may be done then: taken for
            an empty one, it would delete servers.
    """
    asked, status = _asked(config_map), _told(config_map)
    meta = replace(
        config_map.metadata, name=set_name(config_map), labels={}, generation=asked.generation
    )
    return AdvancedStatefulSet(metadata=meta, spec=asked.spec, status=status)


def to_config_map(
    workload: AdvancedStatefulSet, gss: GameServerSet, before: ConfigMap | None = None
) -> ConfigMap:
    """Return the record of a workload: a new one, or ``before`` with the workload's spec.

    A spec that differs from that of ``before`` is of the next generation.

    Raises:
        InvalidField: ``before`` cannot be read.
    """
    asked = _Asked(generation=_generation(workload, before), spec=workload.spec)
    record = before or _blank(gss)
    told = record.data.get(_STATUS) or _encode(_told(before) if before else workload.status)
    return replace(
        record,
        metadata=replace(record.metadata, annotations=workload.metadata.annotations),
        data={_SPEC: _encode(asked), _STATUS: told},
    )


def is_held(record: ConfigMap) -> bool:
    """Whether a record is yet to come into force, because the servers are somebody else's."""
    return MOVED_FROM in record.metadata.annotations


def with_status(record: ConfigMap, status: StatefulSetStatus) -> ConfigMap:
    """Return a record that tells another status, and is the same in everything else."""
    return replace(record, data={**record.data, _STATUS: _encode(status)})


def has_news(old: ConfigMap | None, new: ConfigMap | None) -> bool:
    """Whether a record came, went or asks for something else; its status is its readers' own."""
    if old is None or new is None or is_held(old) != is_held(new):
        return True
    keys = (_SPEC, _BOTH)
    written = any(old.data.get(key) != new.data.get(key) for key in keys)
    return written and _generation_of(old) != _generation_of(new)


def _generation_of(record: ConfigMap) -> int | None:
    try:
        return _asked(record).generation
    except InvalidField:
        return None


def _generation(workload: AdvancedStatefulSet, before: ConfigMap | None) -> int:
    if before is None:
        return 1
    known = _asked(before)
    return known.generation + (known.spec != workload.spec)


def _asked(record: ConfigMap) -> _Asked:
    return _read(record, _SPEC if _SPEC in record.data else _BOTH, _Asked)


def _told(record: ConfigMap) -> StatefulSetStatus:
    if _STATUS in record.data:
        return _read(record, _STATUS, StatefulSetStatus)
    return _read(record, _BOTH, _Told).status if _BOTH in record.data else StatefulSetStatus()


def _read(record: ConfigMap, key: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(record.data.get(key, ""), type=kind)
    except msgspec.MsgspecError as error:
        field = f'data["{key}"] of the workload record'
        raise InvalidField(field, f"cannot be read: {error}; restore or delete it") from error


def _encode(value: Value) -> str:
    return msgspec.json.encode(value).decode()


def _blank(gss: GameServerSet) -> ConfigMap:
    meta = ObjectMeta(
        name=record_name(gss.metadata.name),
        namespace=gss.metadata.namespace,
        labels={WORKLOAD_RECORD: "true"},
        owner_references=(controlled_by(gss),),
    )
    return ConfigMap(metadata=meta)
