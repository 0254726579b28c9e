"""Service qualities on OpenKruise; the test plays the daemon that probes containers."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from integration.arena import Arena, in_place, names
from okg.api.core import Pod, PodCondition
from okg.api.game import GameServer
from okg.api.kruise import AdvancedStatefulSet, PodProbeMarker
from okg.errors import Conflict
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

IDLE: dict[str, object] = {
    "name": "idle",
    "containerName": "game",
    "permanent": False,
    "exec": {"command": ["sh", "-c", "test ! -e /tmp/players"]},
}


def _quality(*actions: Mapping[str, object], **fields: object) -> dict[str, object]:
    return {**IDLE, **fields, "serviceQualityAction": [*actions]}


def _play(arena: Arena, namespace: str, *qualities: dict[str, object], replicas: int = 1) -> None:
    """Create set ``a`` with these qualities and wait until its servers are Ready."""
    arena.create_set(
        namespace,
        "a",
        replicas=replicas,
        serviceQualities=[*qualities],
        updateStrategy=in_place(),
    )
    eventually(lambda: arena.ready(namespace) == names("a", range(replicas)), within=60)


def _probe(arena: Arena, namespace: str, status: str, message: str = "", id_: int = 0) -> None:
    """Report a result of quality ``idle`` as OpenKruise does."""
    eventually(lambda: _report(arena, namespace, id_, status, message), within=20)


def _report(arena: Arena, namespace: str, id_: int, status: str, message: str) -> bool:
    pod = arena.pods(namespace)[f"a-{id_}"]
    now = datetime.now(UTC).replace(microsecond=0)
    seen = PodCondition(
        type="game.kruise.io/idle",
        status=status,
        message=message,
        last_probe_time=now,
        last_transition_time=now,
    )
    others = tuple(c for c in pod.status.conditions if c.type != seen.type)
    after = replace(pod, status=replace(pod.status, conditions=(*others, seen)))
    try:
        arena.admin.patch(pod, after, subresource="status")
    except Conflict:
        return False
    return True


def _server(arena: Arena, namespace: str, id_: int = 0) -> GameServer:
    return arena.servers(namespace)[f"a-{id_}"]


def _label(arena: Arena, namespace: str, key: str, id_: int = 0) -> str:
    return arena.pods(namespace)[f"a-{id_}"].metadata.labels.get(f"game.kruise.io/{key}", "")


def _marker(arena: Arena, namespace: str) -> PodProbeMarker | None:
    return arena.admin.get(PodProbeMarker, namespace, "a")


def _known_marker(arena: Arena, namespace: str) -> PodProbeMarker | None:
    """Return the marker if OpenKruise has taken note of it."""
    marker = _marker(arena, namespace)
    if marker is None or marker.status.observed_generation != marker.metadata.generation:
        return None
    return marker


def test_openkruise_is_told_of_the_probes_before_there_is_a_pod(
    arena: Arena, namespace: str
) -> None:
    _play(arena, namespace, _quality({"state": True, "opsState": "WaitToBeDeleted"}))

    marker = _known_marker(arena, namespace)
    workload = arena.admin.get(AdvancedStatefulSet, namespace, "a")

    assert marker is not None
    assert workload is not None
    assert int(marker.metadata.resource_version) < int(workload.metadata.resource_version)
    assert [owner.kind for owner in marker.metadata.owner_references] == ["GameServerSet"]
    [probe] = marker.spec.probes
    assert (probe.name, probe.container_name) == ("idle", "game")
    assert probe.pod_condition_type == "game.kruise.io/idle"
    assert probe.probe.period_seconds == 3
    assert [event.message for event in arena.events(namespace, "CreatePpm")] == [
        "create PodProbeMarker"
    ]


def test_a_result_marks_the_server_and_the_next_one_takes_the_mark_back(
    arena: Arena, namespace: str
) -> None:
    idle = {"state": True, "opsState": "WaitToBeDeleted", "deletionPriority": 10}
    busy = {"state": False, "opsState": "Allocated", "deletionPriority": 0}
    _play(arena, namespace, _quality(idle, busy), replicas=2)

    _probe(arena, namespace, "True", id_=1)
    eventually(lambda: _label(arena, namespace, "gs-opsState", 1) == "WaitToBeDeleted", within=30)
    marked = _server(arena, namespace, 1)
    _probe(arena, namespace, "False", id_=1)
    eventually(lambda: _label(arena, namespace, "gs-opsState", 1) == "Allocated", within=30)

    assert marked.spec.deletion_priority == 10
    assert _label(arena, namespace, "gs-delete-priority", 1) == "0"
    assert _label(arena, namespace, "gs-opsState", 0) == "None"


def test_a_result_is_told_in_the_status_and_as_a_label(arena: Arena, namespace: str) -> None:
    action = {
        "state": True,
        "updatePriority": "{{.Result}}",
        "labels": {"players": "{{.Result}}"},
        "annotations": {"note": "players: {{.Result}}"},
    }
    _play(arena, namespace, _quality(action))

    _probe(arena, namespace, "True", "42|\n")
    eventually(lambda: _label(arena, namespace, "gs-update-priority") == "42", within=30)

    server = eventually(lambda: _heard(arena, namespace, "42"), within=30)
    assert server is not None
    assert server.spec.update_priority == 42
    assert server.metadata.labels["players"] == "42"
    assert server.metadata.annotations["note"] == "players: 42"
    assert server.status.update_priority == "42"
    [condition] = server.status.service_qualities_conditions
    assert (condition.name, condition.status) == ("idle", "True")
    assert condition.last_probe_time is not None
    assert condition.last_action_transition_time is not None


def _heard(arena: Arena, namespace: str, result: str) -> GameServer | None:
    server = _server(arena, namespace)
    heard = [condition.result for condition in server.status.service_qualities_conditions]
    return server if heard == [result] else None


def test_one_probe_with_several_results_drives_several_states(arena: Arena, namespace: str) -> None:
    actions = [
        {"state": True, "result": result, "opsState": state}
        for result, state in (("0", "WaitToBeDeleted"), ("1", "Allocated"), ("9", "Maintaining"))
    ]
    _play(arena, namespace, _quality(*actions))

    _probe(arena, namespace, "True", "1")
    eventually(lambda: _label(arena, namespace, "gs-opsState") == "Allocated", within=30)
    _probe(arena, namespace, "True", "9")
    eventually(lambda: _label(arena, namespace, "gs-opsState") == "Maintaining", within=30)
    _probe(arena, namespace, "True", "0")

    eventually(lambda: _label(arena, namespace, "gs-opsState") == "WaitToBeDeleted", within=30)


def test_a_permanent_quality_acts_once(arena: Arena, namespace: str) -> None:
    quality = _quality(
        {"state": True, "opsState": "Allocated"}, {"state": False, "opsState": "None"},
        permanent=True,
    )  # fmt: skip
    _play(arena, namespace, quality)

    _probe(arena, namespace, "True", "a")
    eventually(lambda: _label(arena, namespace, "gs-opsState") == "Allocated", within=30)
    _probe(arena, namespace, "False", "b")

    eventually(lambda: _heard(arena, namespace, "b"), within=30)
    assert _server(arena, namespace).spec.ops_state == "Allocated"


def test_what_a_user_sets_by_hand_stays_until_the_result_changes(
    arena: Arena, namespace: str
) -> None:
    _play(arena, namespace, _quality({"state": True, "opsState": "WaitToBeDeleted"}))
    _probe(arena, namespace, "True", "a")
    eventually(lambda: _heard(arena, namespace, "a"), within=30)

    arena.edit_server(namespace, "a-0", {"spec": {"opsState": "Maintaining"}})
    eventually(lambda: _label(arena, namespace, "gs-opsState") == "Maintaining", within=30)
    _probe(arena, namespace, "True", "b")

    eventually(lambda: _label(arena, namespace, "gs-opsState") == "WaitToBeDeleted", within=30)


def test_an_action_changes_the_image_in_place(arena: Arena, namespace: str) -> None:
    action = {"state": True, "containers": [{"name": "game", "image": "game:{{.Result}}"}]}
    _play(arena, namespace, _quality(action))
    before = arena.pods(namespace)["a-0"]

    _probe(arena, namespace, "True", "2")

    after = eventually(lambda: _runs(arena, namespace, "game:2"), within=30)
    assert after is not None
    assert after.metadata.uid == before.metadata.uid
    assert [c.image for c in _server(arena, namespace).spec.containers] == ["game:2"]


def _runs(arena: Arena, namespace: str, image: str) -> Pod | None:
    pod = arena.pods(namespace)["a-0"]
    return pod if image in {status.image for status in pod.status.container_statuses} else None


def test_a_result_that_cannot_be_a_label_freezes_nothing(arena: Arena, namespace: str) -> None:
    action = {"state": True, "opsState": "Allocated", "labels": {"said": "{{.Result}}"}}
    _play(arena, namespace, _quality(action))

    _probe(arena, namespace, "True", "two words")

    eventually(lambda: _label(arena, namespace, "gs-opsState") == "Allocated", within=30)
    [event] = eventually(lambda: arena.events(namespace, "InvalidLabelValue"), within=20)
    assert '"two words"' in event.message
    assert "said" not in _server(arena, namespace).metadata.labels


def test_edited_probes_reach_openkruise_and_qualities_taken_out_go(
    arena: Arena, namespace: str
) -> None:
    _play(arena, namespace, _quality())

    arena.edit_set(namespace, "a", {"serviceQualities": [_quality(periodSeconds=9)]})
    eventually(lambda: _period(arena, namespace) == 9, within=30)
    arena.edit_set(namespace, "a", {"serviceQualities": [], "replicas": 2})

    eventually(lambda: _marker(arena, namespace) is None, within=30)
    eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
    assert [event.message for event in arena.events(namespace, "UpdatePpm")] == [
        "update PodProbeMarker"
    ]


def _period(arena: Arena, namespace: str) -> int:
    marker = _known_marker(arena, namespace)
    return marker.spec.probes[0].probe.period_seconds if marker else 0


def test_an_edited_action_alone_holds_nothing_up(arena: Arena, namespace: str) -> None:
    _play(arena, namespace, _quality())

    edited = _quality({"state": True, "opsState": "Allocated"})
    arena.edit_set(namespace, "a", {"serviceQualities": [edited], "replicas": 2})

    eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)


def test_probes_that_openkruise_refuses_are_told_and_can_be_corrected(
    arena: Arena, namespace: str
) -> None:
    without_scheme = _quality(exec=None, httpGet={"path": "/", "port": 80})
    arena.create_set(namespace, "a", replicas=1, serviceQualities=[without_scheme])

    [event] = eventually(lambda: arena.events(namespace, "InvalidSpec"), within=30)
    arena.edit_set(namespace, "a", {"serviceQualities": [_quality()]})

    eventually(lambda: arena.ready(namespace) == names("a", range(1)), within=60)
    assert event.message.startswith("spec.serviceQualities: refused: ")
    assert "vpodprobemarker.kb.io" in event.message
