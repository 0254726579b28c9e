"""Ids: which servers a set has, loses and gets back, and what is noted of that."""

import pytest

from integration.arena import Arena, names, template
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

BACKENDS = ("kruise", "native")

KEEPING = {"scaleStrategy": {"scaleDownStrategyType": "ReserveIds"}}


def _reserved(arena: Arena, namespace: str) -> tuple[list[int | str], str | None]:
    """The user's list and the record of it."""
    gss = arena.get_set(namespace, "a")
    assert gss.spec is not None
    noted = gss.metadata.annotations.get("game.kruise.io/reserve-ids")
    return list(gss.spec.reserve_game_server_ids), noted


def _has(arena: Arena, namespace: str, *ids: int) -> bool:
    """Whether pods and servers are exactly these."""
    wanted = names("a", ids)
    return set(arena.pods(namespace)) == wanted == set(arena.servers(namespace))


def test_ids_that_are_scaled_away_are_kept_free_if_the_set_says_so(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace, **KEEPING)
    arena.edit_set(namespace, "a", {"replicas": 5})
    eventually(lambda: _has(arena, namespace, *range(5)), within=60)

    arena.edit_set(namespace, "a", {"replicas": 3})
    eventually(lambda: _reserved(arena, namespace) == ([3, 4], "3,4"), within=60)
    arena.edit_set(namespace, "a", {"replicas": 4, "reserveGameServerIds": [3]})

    eventually(lambda: _has(arena, namespace, 0, 1, 2, 4), within=60)
    eventually(lambda: _reserved(arena, namespace) == ([3], "3"), within=20)


def test_ids_that_were_scaled_away_before_are_taken_into_the_list(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    arena.edit_server(namespace, "a-0", {"spec": {"deletionPriority": 7}})
    eventually(lambda: _label(arena, namespace, "a-0", "gs-delete-priority") == "7", within=20)
    arena.edit_set(namespace, "a", {"replicas": 2})
    eventually(lambda: _has(arena, namespace, 1, 2), within=60)

    arena.edit_set(namespace, "a", KEEPING)

    eventually(lambda: _reserved(arena, namespace) == ([0], "0"), within=20)


def _label(arena: Arena, namespace: str, name: str, key: str) -> str | None:
    return arena.pods(namespace)[name].metadata.labels.get(f"game.kruise.io/{key}")


def test_a_reserved_id_is_replaced_whatever_its_server_says(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "Maintaining"}})
    eventually(lambda: _label(arena, namespace, "a-1", "gs-opsState") == "Maintaining", within=20)

    arena.edit_set(namespace, "a", {"reserveGameServerIds": [1]})

    eventually(lambda: _has(arena, namespace, 0, 2, 3), within=60)
    eventually(lambda: _reserved(arena, namespace) == ([1], "1"), within=20)


def test_an_id_that_is_free_again_waits_for_the_next_scale_up(arena: Arena, namespace: str) -> None:
    arena.create_set(namespace, "a", replicas=2, reserveGameServerIds=["0-1"])
    eventually(lambda: _has(arena, namespace, 2, 3), within=60)

    arena.edit_set(namespace, "a", {"reserveGameServerIds": None})
    eventually(lambda: _reserved(arena, namespace)[1] in {None, ""}, within=20)
    assert _has(arena, namespace, 2, 3)
    arena.edit_set(namespace, "a", {"replicas": 3})

    eventually(lambda: _has(arena, namespace, 0, 2, 3), within=60)


def test_reserving_and_shrinking_at_once_takes_the_reserved_ones_first(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    arena.edit_set(namespace, "a", {"replicas": 5})
    eventually(lambda: _has(arena, namespace, *range(5)), within=60)

    arena.edit_set(namespace, "a", {"replicas": 3, "reserveGameServerIds": [0]})

    eventually(lambda: _has(arena, namespace, 1, 2, 3), within=60)


def test_kubectl_scale_works_on_a_set(arena: Arena, namespace: str) -> None:
    arena.play(namespace)

    assert arena.kubectl(namespace, "scale", "gss/a", "--replicas=1") == 0

    eventually(lambda: _has(arena, namespace, 0), within=60)
    messages = [event.message for event in arena.events(namespace, "Scale")]
    assert messages == ["scale from 3 to 1"]


def test_several_killed_servers_shrink_the_set_by_as_many(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    arena.edit_set(namespace, "a", {"replicas": 6})
    eventually(lambda: _has(arena, namespace, *range(6)), within=60)

    for id_ in (0, 2, 4):
        arena.edit_server(namespace, f"a-{id_}", {"spec": {"opsState": "Kill"}})

    eventually(lambda: _has(arena, namespace, 1, 3, 5), within=60)
    spec = arena.get_set(namespace, "a").spec
    assert spec is not None
    assert (spec.replicas, spec.reserve_game_server_ids) == (3, ())


def test_a_server_that_outlives_its_pod_goes_when_its_id_is_scaled_away_and_not_before(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace, gameServerTemplate=template(reclaimPolicy="Delete"))
    before = arena.servers(namespace)

    arena.edit_set(namespace, "a", {"replicas": 1})
    eventually(lambda: _has(arena, namespace, 0), within=60)
    arena.edit_set(namespace, "a", {"replicas": 2})
    eventually(lambda: _has(arena, namespace, 0, 1), within=60)

    after = arena.servers(namespace)
    assert after["a-0"].metadata.uid == before["a-0"].metadata.uid
    assert after["a-1"].metadata.uid != before["a-1"].metadata.uid


def test_a_set_that_is_deleted_in_the_foreground_is_left_to_the_garbage_collector(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)

    arena.admin.delete(arena.get_set(namespace, "a"), propagation="Foreground")

    eventually(lambda: not arena.pods(namespace) and not arena.servers(namespace), within=90)
    path = f"/apis/game.kruise.io/v1alpha1/namespaces/{namespace}/gameserversets"
    eventually(lambda: arena.rest.get(path)["items"] == [], within=60)
