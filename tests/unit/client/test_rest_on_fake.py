"""Typed verbs on the fake server."""

import pytest
from msgspec.structs import replace

from okg.api.game import GameServer, GameServerSet, GameServerSetSpec, GameServerStatus
from okg.api.meta import ObjectMeta
from okg.client.rest import ApiClient
from okg.errors import Conflict
from okg.testing.apiserver import FakeApiServer


@pytest.mark.parametrize("lock", [True, False])
def test_the_status_of_a_re_created_object_is_never_written(*, lock: bool) -> None:
    server = FakeApiServer()
    api = ApiClient(server)
    old = api.create(GameServer(metadata=ObjectMeta(name="a", namespace="default")))
    api.delete(old)
    new = api.create(GameServer(metadata=ObjectMeta(name="a", namespace="default")))
    stale = replace(old, status=GameServerStatus(current_state="Ready"))

    with pytest.raises(Conflict):
        api.patch(old, stale, subresource="status", lock=lock)

    assert server.get(GameServer, "default", "a") == new


def test_a_list_that_is_shorter_by_now_is_a_lost_race() -> None:
    server = FakeApiServer()
    api = ApiClient(server)
    spec = GameServerSetSpec(replicas=3, reserve_game_server_ids=(5, 6, 7))
    read = api.create(GameServerSet(metadata=ObjectMeta(name="a", namespace="default"), spec=spec))
    api.patch(read, replace(read, spec=replace(spec, reserve_game_server_ids=())))

    with pytest.raises(Conflict):
        api.patch(read, replace(read, spec=replace(spec, reserve_game_server_ids=(5, 6))))


def test_an_unlocked_status_write_does_not_mind_a_change_of_the_spec() -> None:
    server = FakeApiServer()
    api = ApiClient(server)
    read = api.create(GameServer(metadata=ObjectMeta(name="a", namespace="default")))
    api.patch(read, replace(read, spec=replace(read.spec, ops_state="Allocated")))

    status = GameServerStatus(current_state="Ready")
    stored = api.patch(read, replace(read, status=status), subresource="status", lock=False)

    assert stored.spec.ops_state == "Allocated"
    assert stored.status.current_state == "Ready"


def test_a_change_that_is_no_change_asks_nothing() -> None:
    server = FakeApiServer()
    api = ApiClient(server)
    read = api.create(GameServer(metadata=ObjectMeta(name="a", namespace="default")))
    server.requests.clear()

    assert api.patch(read, replace(read)) is read
    assert not server.requests.calls
