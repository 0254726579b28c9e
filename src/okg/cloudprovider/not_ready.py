"""AllowNotReadyContainers: connections that outlive an update in place.

While some containers of a server are updated it is not Ready, and its Service would drop it. With
this parameter the Service is told to keep it, before the update begins: a lifecycle hook of the
workload waits for a label of the pod, which is given back when the Service is prepared.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet, NetworkConfParam
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.grammar import ids
from okg.cloudprovider.owners import set_of
from okg.cloudprovider.parameters import Conf, Parameter
from okg.workload.names import LIFECYCLE_STATE, NOT_READY_BLOCKER
from okg.workload.template import read_images

ALLOW_NOT_READY = Parameter(
    name="AllowNotReadyContainers",
    grammar=ids("names of containers"),
    meaning="containers whose update in place does not cut the server off",
    names_containers=True,
)
_PREPARING = "PreparingUpdate"


class Prepared(msgspec.Struct, frozen=True):
    """What comes of it.

    Attributes:
        pod: with its label.
        service: as it should be; the very same object if it is.
    """

    pod: Pod
    service: Service


def prepare(pod: Pod, service: Service, gss: GameServerSet, peers: Sequence[Pod] = ()) -> Prepared:
    """Decide whether a Service reaches a pod that is not Ready.

    Args:
        pod: whose connections matter.
        service: that leads to it.
        gss: the set.
        peers: all pods of the set, if they share the Service.
    """
    if pod.metadata.labels.get(LIFECYCLE_STATE) == _PREPARING:
        if not service.spec.publish_not_ready_addresses and _is_to_change(pod, gss):
            return Prepared(pod, _publishing(service, on=True))
        return Prepared(_blocked(pod, "false"), service)
    blocked = _blocked(pod, "true")
    if service.spec.publish_not_ready_addresses and _is_over(pod, gss, peers):
        return Prepared(blocked, _publishing(service, on=False))
    return Prepared(blocked, service)


def keep_connected(client: Client, conf: Conf, pod: Pod, service: Service) -> Prepared:
    """Let a pod's own Service reach it though it is not Ready, if that is asked for.

    The workload waits for it also if no container is named, and if no traffic comes through.
    """
    gss = set_of(client, pod) if conf.given(ALLOW_NOT_READY) else None
    if gss is None:
        return Prepared(pod, service)
    prepared = prepare(pod, service, gss)
    return Prepared(prepared.pod, client.patch(service, prepared.service))


def is_ready(pod: Pod) -> bool:
    """Whether a pod is Ready."""
    condition = pod.status.condition("Ready")
    return condition is not None and condition.status == "True"


def _is_to_change(pod: Pod, gss: GameServerSet) -> bool:
    """Whether one of the named containers runs another image than the set says."""
    if gss.spec is None:
        return False
    images = read_images(gss.spec.game_server_template)
    named = _names(gss.spec.network.network_conf or () if gss.spec.network else ())
    running = {status.name: status.image for status in pod.status.container_statuses}
    return any(running.get(name) != image for name, image in images.items() if name in named)


def _is_over(pod: Pod, gss: GameServerSet, peers: Sequence[Pod]) -> bool:
    if not peers:
        return is_ready(pod)
    status = gss.status
    is_updated = status is not None and status.updated_replicas == status.replicas
    return is_updated and all(map(is_ready, peers))


def _names(entries: Iterable[NetworkConfParam]) -> frozenset[str]:
    texts = [entry.value for entry in entries if entry.name == ALLOW_NOT_READY.name]
    return frozenset(ALLOW_NOT_READY.grammar.read(texts).value) if texts else frozenset()


def _publishing(service: Service, *, on: bool) -> Service:
    return replace(service, spec=replace(service.spec, publish_not_ready_addresses=on))


def _blocked(pod: Pod, value: str) -> Pod:
    if pod.metadata.labels.get(NOT_READY_BLOCKER) == value:
        return pod
    labels: Mapping[str, str] = {**pod.metadata.labels, NOT_READY_BLOCKER: value}
    return replace(pod, metadata=replace(pod.metadata, labels=labels))
