"""The workload record: what OpenKruise's StatefulSet is to a set, kept in a ConfigMap of our own.

It remembers what no GameServerSet does: which size was asked for last, which ids must not come
back, and how far an update is. As it has the shape of an Advanced StatefulSet, both back ends share
one type. It does not carry the set's own label, because that label selects pods.
"""

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
_KEY = "workload"
_FIELD = f'data["{_KEY}"] of the workload record'


class _Content(Value, frozen=True, kw_only=True):
    """What is written; the generation is counted here, as the server counts none for ConfigMaps."""

    generation: int = 0
    spec: StatefulSetSpec = StatefulSetSpec()
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
    try:
        content = msgspec.json.decode(config_map.data.get(_KEY, ""), type=_Content)
    except msgspec.MsgspecError as error:
        raise InvalidField(_FIELD, f"cannot be read: {error}; restore or delete it") from error
    meta = replace(
        config_map.metadata, name=set_name(config_map), labels={}, generation=content.generation
    )
    return AdvancedStatefulSet(metadata=meta, spec=content.spec, status=content.status)


def to_config_map(
    workload: AdvancedStatefulSet, gss: GameServerSet, before: ConfigMap | None = None
) -> ConfigMap:
    """Return the record of a workload: a new one, or ``before`` as it is to be.

    A spec that differs from that of ``before`` is of the next generation.

    Raises:
        InvalidField: ``before`` cannot be read.
    """
    content = _Content(
        generation=_generation(workload, before), spec=workload.spec, status=workload.status
    )
    record = before or _blank(gss)
    return replace(
        record,
        metadata=replace(record.metadata, annotations=workload.metadata.annotations),
        data={_KEY: msgspec.json.encode(content).decode()},
    )


def is_held(record: ConfigMap) -> bool:
    """Whether a record is yet to come into force, because the servers are somebody else's."""
    return MOVED_FROM in record.metadata.annotations


def has_news(old: ConfigMap | None, new: ConfigMap | None) -> bool:
    """Whether a record came, went or asks for something else; its status is its readers' own."""
    if old is None or new is None or is_held(old) != is_held(new):
        return True
    return old.data != new.data and _asks_for(old) != _asks_for(new)


def _asks_for(record: ConfigMap) -> int | None:
    try:
        return record_of(record).metadata.generation
    except InvalidField:
        return None


def _generation(workload: AdvancedStatefulSet, before: ConfigMap | None) -> int:
    if before is None:
        return 1
    known = record_of(before)
    return known.metadata.generation + (known.spec != workload.spec)


def _blank(gss: GameServerSet) -> ConfigMap:
    meta = ObjectMeta(
        name=record_name(gss.metadata.name),
        namespace=gss.metadata.namespace,
        labels={WORKLOAD_RECORD: "true"},
        owner_references=(controlled_by(gss),),
    )
    return ConfigMap(metadata=meta)
