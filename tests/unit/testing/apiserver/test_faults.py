from collections.abc import Mapping

import pytest

from okg.api.core import ConfigMap
from okg.api.meta import ObjectMeta
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpStream
from okg.errors import Conflict, ConnectFailed, StreamBroken, TimedOut, TooManyRequests
from okg.testing.apiserver import (
    CutWatch,
    Delay,
    FakeApiServer,
    LoseAnswer,
    Refuse,
    SilenceWatch,
    Unreachable,
)
from unit.leaping_clock import LeapingClock


def config_map(name: str, data: Mapping[str, str] | None = None) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data or {})


def open_watch(server: FakeApiServer, timeout: float | None = None) -> HttpStream:
    path = ConfigMap.resource_type.path("default")
    query = {"watch": "true", "timeoutSeconds": "30"}
    return server.stream(HttpRequest(method="GET", path=path, query=query, timeout=timeout))


def test_a_refusal_carries_its_status_and_when_to_come_back(
    server: FakeApiServer, client: ApiClient
) -> None:
    server.faults.inject(Refuse(status=429, reason="TooManyRequests", retry_after=7))

    with pytest.raises(TooManyRequests) as caught:
        client.get(ConfigMap, "default", "a")

    assert caught.value.retry_after == 7.0


def test_a_refused_write_does_not_happen(server: FakeApiServer, client: ApiClient) -> None:
    server.faults.inject(Refuse(status=409, reason="Conflict"), verbs=["create"])

    with pytest.raises(Conflict):
        client.create(config_map("a"))

    assert server.objects(ConfigMap) == []


def test_a_rule_is_used_up_after_so_many_requests(server: FakeApiServer, client: ApiClient) -> None:
    rule = server.faults.inject(Unreachable(), times=2)

    with pytest.raises(ConnectFailed):
        client.list(ConfigMap)
    with pytest.raises(ConnectFailed):
        client.list(ConfigMap)

    assert client.list(ConfigMap) == []
    assert rule.hits == 2


def test_a_rule_is_for_the_requests_it_names(server: FakeApiServer, client: ApiClient) -> None:
    server.put(config_map("a"))
    server.put(config_map("b"))
    server.faults.inject(Unreachable(), verbs=["get"], resource="configmaps", name="a")

    assert client.get(ConfigMap, "default", "b") is not None
    assert client.list(ConfigMap) != []
    with pytest.raises(ConnectFailed):
        client.get(ConfigMap, "default", "a")


def test_a_rule_can_be_for_a_part_of_the_path(server: FakeApiServer, client: ApiClient) -> None:
    server.faults.inject(Unreachable(), path="/namespaces/broken/")

    assert client.get(ConfigMap, "default", "a") is None
    with pytest.raises(ConnectFailed):
        client.get(ConfigMap, "broken", "a")


def test_rules_can_be_taken_back(server: FakeApiServer, client: ApiClient) -> None:
    one = server.faults.inject(Unreachable(), verbs=["get"])
    server.faults.inject(Unreachable(), verbs=["list"])

    server.faults.remove(one)
    assert client.get(ConfigMap, "default", "a") is None
    server.faults.clear()
    assert client.list(ConfigMap) == []


def test_an_answer_can_be_lost_after_the_write_has_happened(
    server: FakeApiServer, client: ApiClient
) -> None:
    server.faults.inject(LoseAnswer(), verbs=["create"])

    with pytest.raises(TimedOut):
        client.create(config_map("a"))

    assert server.get(ConfigMap, "default", "a") is not None


def test_a_delayed_request_takes_its_time(
    server: FakeApiServer, client: ApiClient, clock: LeapingClock
) -> None:
    server.faults.inject(Delay(2.5))

    client.get(ConfigMap, "default", "a")

    assert clock.monotonic() == 2.5


def test_a_watch_can_be_cut_after_some_events(server: FakeApiServer) -> None:
    server.put(config_map("a"))
    server.put(config_map("b"))
    server.faults.inject(CutWatch(after=1), verbs=["watch"])
    lines = iter(open_watch(server))

    assert b'"name":"a"' in next(lines)
    with pytest.raises(StreamBroken):
        next(lines)


def test_a_silent_watch_is_found_out_by_the_readers_own_timeout(
    server: FakeApiServer, clock: LeapingClock
) -> None:
    server.put(config_map("a"))
    server.put(config_map("b"))
    server.faults.inject(SilenceWatch(after=1), verbs=["watch"])
    lines = iter(open_watch(server, timeout=90.0))

    assert b'"name":"a"' in next(lines)
    with pytest.raises(TimedOut):
        next(lines)

    assert clock.monotonic() == 90.0


def test_all_open_watches_can_be_cut(server: FakeApiServer) -> None:
    streams = [open_watch(server), open_watch(server)]

    assert server.cut_watches() == 2

    with pytest.raises(StreamBroken):
        next(iter(streams[0]))
    with pytest.raises(StreamBroken):
        next(iter(streams[1]))
    assert server.open_watches == 0


def test_all_open_watches_can_fall_silent(server: FakeApiServer) -> None:
    stream = open_watch(server, timeout=5.0)
    server.silence_watches()
    server.put(config_map("a"))

    with pytest.raises(TimedOut):
        next(iter(stream))


def test_a_server_that_is_down_refuses_connections_and_breaks_watches(
    server: FakeApiServer, client: ApiClient
) -> None:
    stream = open_watch(server)

    server.down()

    with pytest.raises(StreamBroken):
        next(iter(stream))
    with pytest.raises(ConnectFailed):
        client.get(ConfigMap, "default", "a")
    with pytest.raises(ConnectFailed):
        open_watch(server)


def test_a_server_that_is_up_again_has_kept_everything(
    server: FakeApiServer, client: ApiClient
) -> None:
    client.create(config_map("a", {"k": "v"}))

    server.down()
    server.up()

    found = client.get(ConfigMap, "default", "a")
    assert found is not None
    assert found.data == {"k": "v"}
