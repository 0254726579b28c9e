"""What starts a look at a pod's network."""

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap, Node, Pod
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.networking import Ingress
from okg.api.resource import Object
from okg.api.service import Service, ServiceSpec
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.controllers.network import watches
from okg.controllers.network.watches import network_concerned, pods_with_networks
from okg.runtime.reconcile import Request
from okg.runtime.watch import Watch
from okg.workload.native.network_note import with_note
from unit.controllers.memory import MemoryClient
from unit.fleet import NOW, a_pod

NETWORK = {"game.kruise.io/network-type": "HostPort"}


def _service(
    name: str,
    selector: Mapping[str, str] | None = None,
    *,
    owners: tuple[OwnerReference, ...] = (),
    namespace: str = "games",
) -> Service:
    meta = ObjectMeta(name=name, namespace=namespace, owner_references=owners)
    return Service(metadata=meta, spec=ServiceSpec(selector=selector or {}))


@pytest.mark.parametrize("annotations", [{}, NETWORK])
def test_every_pod_that_comes_or_goes_is_looked_at(annotations: Mapping[str, str]) -> None:
    pod = a_pod(annotations=annotations)
    terminating = a_pod(annotations=annotations, terminating=True)

    assert network_concerned(None, pod)
    assert network_concerned(pod, terminating)
    assert network_concerned(terminating, None)


def test_what_a_plugin_looks_at_starts_a_look_and_no_other_report_does() -> None:
    pod = a_pod(annotations=NETWORK)

    assert network_concerned(pod, a_pod(annotations=NETWORK, labels={"a": "b"}))
    assert network_concerned(pod, a_pod(annotations=NETWORK, ready="False"))
    assert network_concerned(pod, replace(pod, status=replace(pod.status, pod_ip="10.0.0.1")))
    assert not network_concerned(pod, replace(pod, status=replace(pod.status, start_time=NOW)))


def test_a_pod_without_a_network_is_left_alone_while_it_lives() -> None:
    pod = a_pod()

    assert not network_concerned(pod, a_pod(labels={"a": "b"}))
    assert not network_concerned(pod, a_pod(ready="False"))


def test_a_network_that_is_asked_for_or_given_up_starts_a_look() -> None:
    assert network_concerned(a_pod(), a_pod(annotations=NETWORK))
    assert network_concerned(a_pod(annotations=NETWORK), a_pod())


KINDS = (Ingress, LedgerRecord, Node, Pod, Service)


def test_pods_notes_and_what_networks_are_made_of_are_watched() -> None:
    watched = [watch.resource for watch in watches(MemoryClient(), KINDS)]

    assert watched == [Pod, ConfigMap, Ingress, Service]


def test_the_note_of_a_network_starts_a_look_at_its_pod() -> None:
    _, notes = watches(MemoryClient(), [])

    assert isinstance(notes, Watch)
    assert list(notes.handler(None, with_note(a_pod()))) == [Request("games", "xxx-0")]
    assert list(notes.handler(None, ConfigMap())) == []


OF_POD = (OwnerReference(api_version="v1", kind="Pod", name="xxx-0", uid="u", controller=True),)
OF_SET = (OwnerReference(api_version="v1", kind="X", name="xxx-0", uid="u", controller=True),)
SHARED = {"service.k8s.alibaba/loadbalancer-id": "lb-1"}


@pytest.mark.parametrize(
    ("obj", "names"),
    [
        (_service("xxx-0-dx", owners=OF_POD), ["xxx-0"]),
        (_service("xxx-0-dx", {"statefulset.kubernetes.io/pod-name": "xxx-0"}), ["xxx-0"]),
        (_service("xxx-0"), ["xxx-0"]),
        (Ingress(metadata=ObjectMeta(name="xxx-0", namespace="games")), ["xxx-0"]),
        (_service("lb-1", SHARED), ["xxx-0", "xxx-1"]),
        (_service("shop", {"app": "shop"}), []),
        (_service("shop", owners=OF_SET), []),
        (_service("xxx-2"), []),
        (_service("xxx-0", namespace="shops"), []),
    ],
)
def test_what_a_network_is_made_of_starts_a_look_at_its_pods(
    obj: Object, names: Sequence[str]
) -> None:
    client = MemoryClient(
        a_pod(annotations=NETWORK, labels=SHARED),
        a_pod("xxx-1", annotations=NETWORK, labels=SHARED),
        a_pod("xxx-2"),
    )

    assert list(pods_with_networks(client)(obj)) == [Request("games", name) for name in names]
