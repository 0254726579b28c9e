"""Pods with networks, and what is asked of them."""

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod, PodStatus
from okg.api.game import NetworkStatus
from okg.cloudprovider.pod_network import read_pod_network
from unit.cloudprovider.golden import POD, conf_of


def a_pod(*lines: str, **labels: str) -> Pod:
    """Return a pod that runs, with a configuration of its network."""
    text = msgspec.json.encode(conf_of(*lines)).decode()
    meta = replace(
        POD.metadata,
        annotations={"game.kruise.io/network-conf": text},
        labels={**POD.metadata.labels, **labels},
    )
    return replace(POD, metadata=meta, status=PodStatus(pod_ip="10.0.0.1"))


def changed(pod: Pod, *lines: str) -> Pod:
    """Return the pod with another configuration and all that was told of it."""
    annotations = {**pod.metadata.annotations, **a_pod(*lines).metadata.annotations}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def disabled(pod: Pod, value: str) -> Pod:
    """Return the pod with what switches its network off, or on."""
    labels = {**pod.metadata.labels, "game.kruise.io/network-disabled": value}
    return replace(pod, metadata=replace(pod.metadata, labels=labels))


def status_of(pod: Pod) -> NetworkStatus:
    """Return what the pod says of its network."""
    status = read_pod_network(pod).status
    assert status is not None
    return status
