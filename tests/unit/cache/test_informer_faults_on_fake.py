"""Informers on the fake server, on a clock that the test moves: every fault, no waiting."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from okg.api.core import ConfigMap, ObjectReference
from okg.api.meta import ObjectMeta
from okg.cache.client import CachedClient
from okg.cache.informers import Informers, Selection
from okg.client.decoding import Undecodable
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest
from okg.context import Context
from okg.errors import CacheNotSynced, TimedOut
from okg.testing.apiserver import FakeApiServer, LoseAnswer, Refuse
from okg.testing.clock import FakeClock
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup


def _map(name: str, **labels: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", labels=labels))


def _spoil(server: FakeApiServer, name: str, change: bytes) -> None:
    """Store what does not fit the type, as a newer writer might."""
    answer = server.send(
        HttpRequest(
            method="PATCH",
            path=f"/api/v1/namespaces/default/configmaps/{name}",
            headers={"content-type": "application/merge-patch+json"},
            body=change,
        )
    )
    assert answer.status == 200


class Bench:
    """An informer of ConfigMaps on a fake server."""

    def __init__(
        self, server: FakeApiServer, clock: FakeClock, selection: Selection | None = None
    ) -> None:
        self.clock = clock
        self.api = ApiClient(server)
        self.odd: list[Undecodable] = []
        self.heard: list[tuple[str, str]] = []
        self.informers = Informers(
            self.api,
            selections={ConfigMap: selection or Selection()},
            read_timeout=5.0,
            on_undecodable=self.odd.append,
        )
        self.informer = self.informers.informer(ConfigMap)
        self.informer.add_handler(self._hear)

    @property
    def names(self) -> set[str]:
        return {obj.metadata.name for obj in self.informer.store.list()}

    def _hear(self, old: ConfigMap | None, new: ConfigMap | None, *, initial: bool) -> None:
        obj = new or old
        assert obj is not None
        what = "gone" if new is None else "initial" if initial else "there"
        self.heard.append((obj.metadata.name, what))

    @contextmanager
    def running(self) -> Generator[None]:
        group = ThreadGroup(Context(clock=self.clock))
        group.start("informers", self.informers.run)
        try:
            yield
        finally:
            group.stop()
            group.join()

    def eventually_sees(self, *names: str) -> None:
        """Let time pass until exactly these are in the store."""
        eventually(lambda: self._later() == set(names))

    def _later(self) -> set[str]:
        self.clock.advance(1.0)
        return self.names


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> FakeApiServer:
    return FakeApiServer(clock=clock)


def test_the_first_list_is_told_as_such_and_changes_are_not(
    server: FakeApiServer, clock: FakeClock
) -> None:
    server.put(_map("a"))
    bench = Bench(server, clock)
    with bench.running():
        bench.eventually_sees("a")
        server.put(_map("b"))
        bench.eventually_sees("a", "b")

    assert bench.heard == [("a", "initial"), ("b", "there")]


def test_a_cut_watch_goes_on_from_where_it_was(server: FakeApiServer, clock: FakeClock) -> None:
    bench = Bench(server, clock)
    with bench.running():
        server.put(_map("a"))
        bench.eventually_sees("a")
        server.cut_watches()
        server.put(_map("b"))
        bench.eventually_sees("a", "b")

    assert server.requests.count(verb="list", resource="configmaps") == 1


def test_a_server_that_is_down_is_asked_seldom_and_all_is_caught_up(
    server: FakeApiServer, clock: FakeClock
) -> None:
    bench = Bench(server, clock)
    doomed = server.put(_map("doomed"))
    with bench.running():
        bench.eventually_sees("doomed")
        server.down()
        before = len(server.requests.calls)
        eventually(lambda: bench.informer.last_error is not None)
        server.remove(doomed)
        server.put(_map("new"))
        server.up()
        bench.eventually_sees("new")

    assert len(server.requests.calls) - before <= 3
    assert ("doomed", "gone") in bench.heard


def test_expired_history_leads_to_a_list_and_missed_deletions_are_told(
    server: FakeApiServer, clock: FakeClock
) -> None:
    bench = Bench(server, clock)
    doomed = server.put(_map("doomed"))
    with bench.running():
        bench.eventually_sees("doomed")
        server.down()
        eventually(lambda: bench.informer.last_error is not None)
        server.remove(doomed)
        server.put(_map("new"))
        server.compact()
        server.up()
        bench.eventually_sees("new")

    assert bench.heard == [("doomed", "initial"), ("doomed", "gone"), ("new", "there")]
    assert server.requests.count(verb="list", resource="configmaps") == 2


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_refused_lists_are_tried_again(
    server: FakeApiServer, clock: FakeClock, status: int
) -> None:
    server.put(_map("a"))
    rule = server.faults.inject(
        Refuse(status=status, retry_after=3), verbs=["list"], resource="configmaps", times=3
    )
    bench = Bench(server, clock)
    with bench.running():
        bench.eventually_sees("a")

    assert rule.hits == 3


def test_an_object_that_does_not_fit_is_left_out_and_named(
    server: FakeApiServer, clock: FakeClock
) -> None:
    bad = server.put(_map("bad"))
    _spoil(server, "bad", b'{"data":{"key":5}}')
    server.put(_map("good"))
    bench = Bench(server, clock)
    with bench.running():
        bench.eventually_sees("good")
        server.put(_map("worse"))
        _spoil(server, "worse", b'{"data":7}')
        server.put(_map("better"))
        bench.eventually_sees("good", "worse", "better")  # the value read before stays

    assert [odd.reference.name for odd in bench.odd] == ["bad", "worse"]
    assert bench.odd[0].reference == ObjectReference(
        api_version="v1",
        kind="ConfigMap",
        namespace="default",
        name="bad",
        uid=bad.metadata.uid,
        resource_version=bench.odd[0].reference.resource_version,
    )
    assert str(bench.odd[0].error) == (
        "cannot decode ConfigMap default/bad: Expected `str`, got `int` - at `$.data[...]`"
    )


def test_an_object_that_leaves_the_selection_is_gone(
    server: FakeApiServer, clock: FakeClock
) -> None:
    bench = Bench(server, clock, Selection(labels="game=yes"))
    mine = server.put(_map("mine", game="yes"))
    server.put(_map("other", game="no"))
    with bench.running():
        bench.eventually_sees("mine")
        server.merge(mine, {"metadata": {"labels": {"game": "no"}}})
        bench.eventually_sees()

    assert bench.heard == [("mine", "initial"), ("mine", "gone")]


def test_waiting_for_a_kind_that_is_not_served_ends_with_its_name_and_the_remedy(
    server: FakeApiServer, clock: FakeClock
) -> None:
    server.unregister(ConfigMap.resource_type)
    bench = Bench(server, clock)
    with bench.running():
        eventually(lambda: bench.informer.last_error is not None)
        waiter = Context(clock=bench.clock)

        with pytest.raises(CacheNotSynced, match=r"no list of configmaps.*install its Custom"):
            bench.informers.wait_for_sync(waiter, timeout=0.0)


def test_reads_see_ones_own_writes_before_the_watch_does(
    server: FakeApiServer, clock: FakeClock
) -> None:
    bench = Bench(server, clock)
    client = CachedClient(bench.api, bench.informers)
    with bench.running():
        eventually(lambda: bench.informer.synced)
        server.silence_watches()

        created = client.create(_map("a"))
        seen = client.get(ConfigMap, "default", "a")
        client.delete(created)

        assert seen == created
        assert client.get(ConfigMap, "default", "a") is None


def test_a_half_open_watch_is_given_up_after_the_read_timeout(
    server: FakeApiServer, clock: FakeClock
) -> None:
    bench = Bench(server, clock)
    with bench.running():
        eventually(lambda: server.open_watches == 1)
        server.silence_watches()
        server.put(_map("unheard"))
        bench.eventually_sees("unheard")


def test_a_lost_answer_to_a_create_is_an_error_and_the_object_is_there(
    server: FakeApiServer, clock: FakeClock
) -> None:
    server.faults.inject(LoseAnswer(), verbs=["create"], resource="configmaps", times=1)
    bench = Bench(server, clock)
    client = CachedClient(bench.api, bench.informers)
    with bench.running():
        with pytest.raises(TimedOut, match="POST"):
            client.create(_map("a"))
        bench.eventually_sees("a")
