"""Network notes: what is remembered of a pod so that its network can be given back when it is gone.

A pod may be deleted while no manager runs, together with its set, and nothing may hold that up. So
the last form of a pod that matters to its plugin is kept in a ConfigMap beside it, which nobody
owns: it outlives pod and set, and goes when the plugin has given back what the pod had.
"""

import msgspec
from msgspec.structs import replace

from okg.api.core import ConfigMap, Pod
from okg.api.meta import ObjectMeta
from okg.workload.names import (
    NETWORK_CONF,
    NETWORK_STATUS,
    NETWORK_TYPE,
    OWNER_GSS,
    WORKLOAD_RECORD,
)

_SUFFIX = "-network"
_KEY = "pod"
_VALUE = "network"
"""Of the label by which caches find records; a workload's record has another."""


def note_name(pod_name: str) -> str:
    """Return the name of a pod's note."""
    return f"{pod_name}{_SUFFIX}"


def noted_name(note: ConfigMap) -> str:
    """Return the name of the pod that a note is about."""
    return note.metadata.name.removesuffix(_SUFFIX)


def is_note(config_map: ConfigMap) -> bool:
    """Whether a ConfigMap is a note, not some other record."""
    return config_map.metadata.labels.get(WORKLOAD_RECORD) == _VALUE


def noted_pod(note: ConfigMap) -> Pod:
    """Return the pod as it was noted; its uid is empty as long as it was yet to be made.

    Of a note that somebody has damaged, what its metadata tells.
    """
    try:
        return msgspec.json.decode(note.data.get(_KEY, ""), type=Pod)
    except msgspec.MsgspecError:
        meta = note.metadata
        labels = {key: text for key, text in meta.labels.items() if key == OWNER_GSS}
        return Pod(
            metadata=ObjectMeta(
                name=noted_name(note),
                namespace=meta.namespace,
                uid="unknown",
                labels=labels,
                annotations=meta.annotations,
            )
        )


def with_note(pod: Pod, before: ConfigMap | None = None) -> ConfigMap:
    """Return the note of a pod: a new one, or ``before`` as it is to be."""
    note = before or ConfigMap(
        metadata=ObjectMeta(
            name=note_name(pod.metadata.name),
            namespace=pod.metadata.namespace,
            labels={
                WORKLOAD_RECORD: _VALUE,
                OWNER_GSS: pod.metadata.labels.get(OWNER_GSS, ""),
            },
            annotations={NETWORK_TYPE: pod.metadata.annotations.get(NETWORK_TYPE, "")},
        )
    )
    return replace(note, data={_KEY: msgspec.json.encode(_lasting(pod)).decode()})


def is_outdated(note: ConfigMap | None, pod: Pod) -> bool:
    """Whether a pod's note is missing, or of a time when it had another uid or network."""
    return note is None or _network(noted_pod(note)) != _network(pod)


def _network(pod: Pod) -> tuple[str, ...]:
    known = pod.metadata.annotations
    keys = (NETWORK_TYPE, NETWORK_CONF, NETWORK_STATUS)
    return (pod.metadata.uid, *(known.get(key, "") for key in keys))


def _lasting(pod: Pod) -> Pod:
    """Return what of a pod does not change with every report of its kubelet."""
    meta = pod.metadata
    return Pod(
        metadata=ObjectMeta(
            name=meta.name,
            namespace=meta.namespace,
            uid=meta.uid,
            labels=meta.labels,
            annotations=meta.annotations,
            owner_references=meta.owner_references,
        ),
        spec=pod.spec,
    )
