from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition, PodStatus
from okg.api.game import GameServer, GameServerStatus
from okg.workload.settling import time_to_creation, time_to_status, time_to_sync
from unit.fleet import LONG_AGO, NOW, a_pod, a_server

JUST_NOW = NOW - timedelta(seconds=1)
REST = timedelta(seconds=2)
LONG_REST = timedelta(seconds=9)


@pytest.mark.parametrize(
    ("pod", "wait"),
    [
        (a_pod(phase="Pending", node="", created=JUST_NOW), REST),
        (a_pod(phase="Pending", node="node-1", created=JUST_NOW), None),
        (a_pod(phase="Pending", node="", created=LONG_AGO), None),
        (a_pod(phase="Pending", node="", created=NOW + timedelta(hours=1)), None),
        (a_pod(phase="Failed", node="", created=JUST_NOW), None),
    ],
)
def test_a_server_is_made_when_its_young_pod_has_a_node(pod: Pod, wait: timedelta | None) -> None:
    assert time_to_creation(pod, NOW) == wait


STATE = {"game.kruise.io/gs-state": "Creating"}
NETWORK = {"game.kruise.io/network-type": "Kubernetes-HostPort"}


@pytest.mark.parametrize(
    ("pod", "server", "wait"),
    [
        (a_pod(phase="Pending", created=JUST_NOW), a_server(), LONG_REST),
        (a_pod(ready="False", created=JUST_NOW), a_server(), LONG_REST),
        (a_pod(created=JUST_NOW), a_server(), None),
        (a_pod(phase="Pending", created=LONG_AGO), a_server(), None),
        (a_pod(phase="Pending", created=JUST_NOW, labels=STATE), a_server(), None),
        (a_pod(phase="Pending", created=JUST_NOW, terminating=True), a_server(), None),
        (a_pod(phase="Pending", created=JUST_NOW, annotations=NETWORK), a_server(), None),
        (
            a_pod(phase="Pending", created=JUST_NOW),
            a_server({"spec": {"opsState": "Allocated"}}),
            None,
        ),
    ],
)
def test_a_starting_pod_gets_its_first_labels_when_it_is_ready_or_late(
    pod: Pod, server: GameServer, wait: timedelta | None
) -> None:
    assert time_to_sync(pod, server, NOW) == wait


CREATING = GameServerStatus(current_state="Creating", last_transition_time=JUST_NOW)
PROGRESS = replace(CREATING, pod_status=PodStatus(phase="Pending"), last_transition_time=NOW)


@pytest.mark.parametrize(
    ("stored", "fresh", "wait"),
    [
        (CREATING, PROGRESS, REST),
        (replace(CREATING, last_transition_time=LONG_AGO), PROGRESS, None),
        (CREATING, replace(PROGRESS, current_state="Ready"), None),
        (CREATING, replace(PROGRESS, deletion_priority="1"), None),
        (GameServerStatus(), PROGRESS, None),
        (replace(CREATING, current_state="Ready"), replace(PROGRESS, current_state="Ready"), REST),
        (replace(CREATING, current_state="Ready"), replace(PROGRESS, current_state="Crash"), None),
    ],
)
def test_only_what_a_kubelet_reports_waits_to_be_told(
    stored: GameServerStatus, fresh: GameServerStatus, wait: timedelta | None
) -> None:
    assert time_to_status(stored, fresh, NOW) == wait


def led_out(since: datetime, **about: Any) -> Pod:
    """Return a pod whose gate is closed for an update in place."""
    pod = a_pod(ready="False", labels={"game.kruise.io/gs-state": "Ready"}, **about)
    gate = PodCondition(
        type="InPlaceUpdateReady",
        status="False",
        reason="StartInPlaceUpdate",
        last_transition_time=since,
    )
    return replace(pod, status=replace(pod.status, conditions=(*pod.status.conditions, gate)))


@pytest.mark.parametrize(
    ("pod", "wait"),
    [
        (led_out(JUST_NOW), REST),
        (led_out(LONG_AGO), None),
        (led_out(JUST_NOW, lifecycle="Updating"), None),
        (led_out(JUST_NOW, terminating=True), None),
    ],
)
def test_the_change_that_an_update_is_made_of_is_waited_for(
    pod: Pod, wait: timedelta | None
) -> None:
    assert time_to_sync(pod, a_server(), NOW) == wait
