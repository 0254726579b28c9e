"""What starts a look at a pod's network."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap
from okg.api.game import GameServerSet
from okg.controllers.network import watches
from okg.controllers.network.watches import network_concerned
from okg.runtime.reconcile import Request
from okg.runtime.watch import Watch
from okg.workload.native.network_note import with_note
from unit.fleet import NOW, a_pod

NETWORK = {"game.kruise.io/network-type": "HostPort"}


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


def test_the_note_of_a_network_starts_a_look_at_its_pod() -> None:
    _, notes = watches()

    assert isinstance(notes, Watch)
    assert list(notes.handler(None, with_note(a_pod()))) == [Request("games", "xxx-0")]
    assert list(notes.handler(None, ConfigMap())) == []
    assert GameServerSet not in {watch.resource for watch in watches()}
