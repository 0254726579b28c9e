"""The PodProbeMarker by which OpenKruise probes the pods of a set.

It has to be known to OpenKruise before the first pod is made: on serverless nodes probes are put
into a pod when it is admitted.
"""

from enum import StrEnum

from msgspec.structs import replace

from okg.api.game import GameServerSet, ServiceQuality
from okg.api.kruise import ContainerProbe, PodContainerProbe, PodProbeMarker, PodProbeMarkerSpec
from okg.api.meta import LabelSelector, ObjectMeta
from okg.workload.hashing import hash_of
from okg.workload.names import OWNER_GSS, PROBES_HASH, QUALITY_PREFIX
from okg.workload.ownership import controlled_by, is_of_another
from okg.workload.scaling import spec_of

_INITIAL_DELAY, _TIMEOUT, _PERIOD = 10, 5, 3
_SUCCESS_THRESHOLD, _FAILURE_THRESHOLD = 1, 3
"""What zero stands for, as in OpenKruiseGame; not the defaults of Kubernetes' own probes."""


class Markers(StrEnum):
    """What becomes of PodProbeMarkers: OpenKruise probes, somebody else does, or there are none."""

    USED = "used"
    UNUSED = "unused"
    ABSENT = "absent"


class MarkerStep(StrEnum):
    """What is to be done about a set's PodProbeMarker; WAIT is for OpenKruise to act."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    WAIT = "wait"


def decide_marker_step(
    gss: GameServerSet, marker: PodProbeMarker | None, *, used: bool = True
) -> MarkerStep:
    """Return the next step; NONE means that the set's pods may be made and changed.

    Args:
        gss: the set. An empty list of service qualities is as good as none.
        marker: the PodProbeMarker of the set's name.
        used: whether OpenKruise is to probe; if not, two would write the same conditions.
    """
    if not used or not spec_of(gss).service_qualities:
        return MarkerStep.DELETE if marker and _is_ours(marker, gss) else MarkerStep.NONE
    if marker is None:
        return MarkerStep.CREATE
    if _is_going(marker, gss):
        return MarkerStep.WAIT
    if marker.metadata.annotations.get(PROBES_HASH) != probes_hash(gss):
        return MarkerStep.UPDATE
    acknowledged = marker.metadata.generation == marker.status.observed_generation
    return MarkerStep.NONE if acknowledged else MarkerStep.WAIT


def build_probe_marker(gss: GameServerSet) -> PodProbeMarker:
    """Return the PodProbeMarker of a set that has none."""
    meta = gss.metadata
    blank = PodProbeMarker(
        metadata=ObjectMeta(
            name=meta.name, namespace=meta.namespace, owner_references=(controlled_by(gss),)
        ),
        spec=PodProbeMarkerSpec(selector=LabelSelector(match_labels={OWNER_GSS: meta.name})),
    )
    return update_probe_marker(blank, gss)


def update_probe_marker(marker: PodProbeMarker, gss: GameServerSet) -> PodProbeMarker:
    """Return the PodProbeMarker with the set's probes; nothing else of it is ours to change."""
    meta = marker.metadata
    annotations = {**meta.annotations, PROBES_HASH: probes_hash(gss)}
    probes = tuple(_probe(quality) for quality in spec_of(gss).service_qualities or ())
    return replace(
        marker,
        metadata=replace(meta, annotations=annotations),
        spec=replace(marker.spec, probes=probes),
    )


def probes_hash(gss: GameServerSet) -> str:
    """Return the hash of the service qualities as the user wrote them, actions included."""
    return hash_of(spec_of(gss).service_qualities)


def container_probe(quality: ServiceQuality) -> ContainerProbe:
    """Return how a container is probed for a quality, with numbers where the user gave none."""
    return ContainerProbe(
        exec=quality.exec,
        http_get=quality.http_get,
        tcp_socket=quality.tcp_socket,
        grpc=quality.grpc,
        initial_delay_seconds=quality.initial_delay_seconds or _INITIAL_DELAY,
        timeout_seconds=quality.timeout_seconds or _TIMEOUT,
        period_seconds=quality.period_seconds or _PERIOD,
        success_threshold=quality.success_threshold or _SUCCESS_THRESHOLD,
        failure_threshold=quality.failure_threshold or _FAILURE_THRESHOLD,
        termination_grace_period_seconds=quality.termination_grace_period_seconds,
    )


def _is_ours(marker: PodProbeMarker, gss: GameServerSet) -> bool:
    """Whether the marker is one of these here and stays unless it is deleted."""
    return PROBES_HASH in marker.metadata.annotations and not _is_going(marker, gss)


def _is_going(marker: PodProbeMarker, gss: GameServerSet) -> bool:
    """Whether the marker is removed, or will be together with an earlier set of this name."""
    return marker.metadata.deletion_timestamp is not None or is_of_another(marker, gss)


def _probe(quality: ServiceQuality) -> PodContainerProbe:
    return PodContainerProbe(
        name=quality.name,
        container_name=quality.container_name,
        pod_condition_type=QUALITY_PREFIX + quality.name,
        probe=container_probe(quality),
    )
