"""Conditions are written to pods, and nothing else is."""

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.client.rest import ApiClient
from okg.controllers.probing.conditions import ConditionWriter, to_patch
from okg.errors import LeadershipLost, ServerError
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.faults import Refuse
from okg.workload.native.probing.outbox import PodRef, Write
from unit.workload.native.probing.probed_pods import a_probed_pod, a_result

IDLE = "game.kruise.io/idle"


def stored(server: FakeApiServer, *conditions: PodCondition) -> Pod:
    return server.put(a_probed_pod(conditions=conditions))


def write(server: FakeApiServer, pod: Pod, **conditions: PodCondition | None) -> bool:
    writer = ConditionWriter(ApiClient(server), lambda: True)
    named = {f"game.kruise.io/{name}": condition for name, condition in conditions.items()}
    return writer.write(Write(PodRef.of(pod), named))


def read(server: FakeApiServer) -> Pod:
    found = server.get(Pod, "games", "xxx-0")
    assert found is not None
    return found


def test_a_condition_is_added_beside_the_others() -> None:
    server = FakeApiServer()
    pod = stored(server)

    assert write(server, pod, idle=a_result("True", "up"))

    assert read(server).status == replace(
        pod.status, conditions=(a_result("True", "up"), *pod.status.conditions)
    )


def test_a_message_that_goes_is_taken_away() -> None:
    server = FakeApiServer()
    pod = stored(server, a_result("True", "up"))

    write(server, pod, idle=a_result("False"))

    assert read(server).status.condition(IDLE) == a_result("False")


def test_a_condition_is_removed() -> None:
    server = FakeApiServer()
    pod = stored(server, a_result("True"), a_result("True", quality="full"))

    write(server, pod, idle=None, full=a_result("False", quality="full"))

    assert read(server).status.condition(IDLE) is None
    assert read(server).status.condition("game.kruise.io/full") is not None


def test_what_others_have_written_meanwhile_stays() -> None:
    server = FakeApiServer()
    pod = stored(server)
    ready = PodCondition(type="Ready", status="True")
    changed = replace(pod.status, conditions=(*pod.status.conditions, ready), phase="Failed")
    server.put(replace(pod, status=changed))

    write(server, pod, idle=a_result("True"))

    assert read(server).status.condition("Ready") == ready
    assert read(server).status.phase == "Failed"


def test_another_pod_of_the_name_is_not_written() -> None:
    server = FakeApiServer()
    pod = stored(server)
    server.remove(pod)
    server.put(a_probed_pod(uid="another"))

    assert not write(server, pod, idle=a_result("True"))
    assert read(server).status.condition(IDLE) is None


def test_a_pod_that_is_gone_is_no_error() -> None:
    assert not write(FakeApiServer(), a_probed_pod(), idle=a_result("True"))


def test_a_server_in_trouble_is_one() -> None:
    server = FakeApiServer()
    pod = stored(server)
    server.faults.inject(Refuse(status=500))

    with pytest.raises(ServerError):
        write(server, pod, idle=a_result("True"))


def test_nothing_is_written_by_who_does_not_lead() -> None:
    server = FakeApiServer()
    pod = stored(server)
    writer = ConditionWriter(ApiClient(server), lambda: False)

    with pytest.raises(LeadershipLost):
        writer.write(Write(PodRef.of(pod), {IDLE: a_result("True")}))

    assert read(server).status.condition(IDLE) is None


def test_a_write_names_every_field_and_the_pod() -> None:
    body = to_patch(Write(PodRef("games", "xxx-0", "one"), {IDLE: a_result("False")}))

    assert msgspec.json.decode(body) == {
        "metadata": {"uid": "one"},
        "status": {
            "conditions": [
                {
                    "type": IDLE,
                    "status": "False",
                    "message": "",
                    "lastProbeTime": "2026-01-01T12:00:00Z",
                    "lastTransitionTime": "2026-01-01T12:00:00Z",
                }
            ]
        },
    }
