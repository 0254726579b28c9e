"""What becomes of mistakes that nobody refused: told on the set, and no server is lost."""

import pytest

from integration.arena import Arena, in_place, names, template
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration


def _condition(arena: Arena, namespace: str) -> str:
    """Return what the Ready condition of set ``a`` says, if it is about a mistake."""
    status = arena.get_set(namespace, "a").status
    conditions = status.conditions if status else ()
    found = [c.message for c in conditions if (c.type, c.reason) == ("Ready", "InvalidSpec")]
    return found[0] if found else ""


def _events(arena: Arena, namespace: str) -> list[str]:
    return [event.message for event in arena.events(namespace, "InvalidSpec")]


def test_reserved_ids_that_cannot_be_read_stop_scaling_and_nothing_else(
    arena: Arena, namespace: str
) -> None:
    arena.create_set(namespace, "a", replicas=2, updateStrategy=in_place())
    eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)

    arena.edit_set(namespace, "a", {"replicas": 1, "reserveGameServerIds": ["9-2"]})

    message = 'spec.reserveGameServerIds[0]: "9-2" ends before it starts; write "2-9"'
    eventually(lambda: _condition(arena, namespace) == message, within=30)
    eventually(lambda: _events(arena, namespace) == [message], within=30)
    assert arena.ready(namespace) == names("a", range(2))

    arena.edit_set(namespace, "a", {"reserveGameServerIds": ["2-9"]})

    eventually(lambda: set(arena.pods(namespace)) == names("a", [0]), within=60)
    eventually(lambda: _condition(arena, namespace) == "", within=30)


def test_a_quality_of_a_container_that_is_missing_is_told_and_the_servers_run(
    arena: Arena, namespace: str
) -> None:
    quality = {
        "name": "idle",
        "containerName": "lobby",
        "permanent": True,
        "exec": {"command": ["true"]},
    }
    arena.create_set(namespace, "a", replicas=1, serviceQualities=[quality])

    message = (
        'spec.serviceQualities[0].containerName: "lobby" is no container of '
        "spec.gameServerTemplate; write the name of one"
    )
    eventually(lambda: arena.ready(namespace) == {"a-0"}, within=60)
    eventually(lambda: _condition(arena, namespace) == message, within=30)
    eventually(lambda: _events(arena, namespace) == [message], within=30)


def test_a_change_that_openkruise_refuses_is_told_in_its_words(
    arena: Arena, namespace: str
) -> None:
    in_place_only = {"rollingUpdate": {"podUpdatePolicy": "InPlaceOnly"}}
    arena.create_set(namespace, "a", replicas=1, updateStrategy=in_place_only)
    eventually(lambda: arena.ready(namespace) == {"a-0"}, within=60)
    grown = template()
    grown["spec"] = {"containers": [{"name": "game", "image": "game:1"}], "hostNetwork": True}

    arena.edit_set(namespace, "a", {"gameServerTemplate": grown})

    told = eventually(lambda: _condition(arena, namespace), within=30)
    assert told.startswith("the workload: ")
    assert "invalid template modified with InPlaceOnly strategy" in told
    assert arena.ready(namespace) == {"a-0"}


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"updateStrategy": {"type": "Recreate"}}, "updateStrategy"),
        ({"updateStrategy": {"rollingUpdate": {"podUpdatePolicy": "x"}}}, "podUpdatePolicy"),
        ({"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "x"}}, "whenDeleted"),
        ({"serviceName": "not a host"}, "serviceName"),
    ],
)
def test_what_openkruise_would_refuse_is_not_even_tried(
    arena: Arena, namespace: str, spec: dict[str, object], word: str
) -> None:
    arena.create_set(namespace, "a", replicas=1, **spec)

    told = eventually(lambda: _condition(arena, namespace), within=30)
    assert told.startswith("spec.")
    assert word in told
    assert arena.pods(namespace) == {}
