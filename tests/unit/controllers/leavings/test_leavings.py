"""What sets leave behind, and when it is given back."""

from collections.abc import Mapping
from datetime import timedelta

from okg.api.core import ConfigMap
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.client.client import Client
from okg.client.rest import ApiClient
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from okg.controllers.leavings import LeavingsReconciler, watches
from okg.runtime.reconcile import Request, Result
from okg.runtime.watch import AnyWatch, Watch
from okg.testing.apiserver import FakeApiServer
from unit.controllers.memory import MemoryClient

CTX = Context()
LOBBY = Request("ns", "lobby")
SET = GameServerSet(metadata=ObjectMeta(name="lobby", namespace="ns"))


class _Plugin:
    """A network type that was asked to give back."""

    leaves: Mapping[type[Object], str] = {ConfigMap: "of-set"}

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.waits = False

    def on_set_gone(self, ctx: Context, client: Client, namespace: str, set_name: str) -> None:
        del ctx, client
        self.asked.append(f"{namespace}/{set_name}")
        if self.waits:
            raise PluginError(PluginErrorType.RETRY, "something else has to go first")


def _look(cached: MemoryClient, stored: FakeApiServer, *plugins: _Plugin) -> Result | None:
    return LeavingsReconciler(cached, ApiClient(stored), plugins).reconcile(CTX, LOBBY)


def _requests(watch: AnyWatch, old: object, new: object) -> list[Request]:
    assert isinstance(watch, Watch)
    return [] if watch.when and not watch.when(old, new) else list(watch.handler(old, new))


def test_a_set_that_is_there_keeps_what_it_has() -> None:
    plugin = _Plugin()

    assert _look(MemoryClient(SET), FakeApiServer(), plugin) is None
    assert plugin.asked == []


def test_a_set_that_the_cache_does_not_show_yet_keeps_what_it_has() -> None:
    plugin, server = _Plugin(), FakeApiServer()
    server.put(SET)

    _look(MemoryClient(), server, plugin)

    assert plugin.asked == []


def test_what_a_set_had_is_given_back_when_it_is_gone() -> None:
    plugin, other = _Plugin(), _Plugin()

    assert _look(MemoryClient(), FakeApiServer(), plugin, other) is None
    assert plugin.asked == other.asked == ["ns/lobby"]


def test_what_has_to_wait_is_tried_again_and_keeps_no_other_plugin_waiting() -> None:
    plugin, other = _Plugin(), _Plugin()
    plugin.waits = True

    result = _look(MemoryClient(), FakeApiServer(), plugin, other)

    assert result == Result(requeue_after=timedelta(seconds=30))
    assert other.asked == ["ns/lobby"]


def test_a_set_that_goes_and_what_is_left_of_one_start_a_look() -> None:
    sets, left = watches([_Plugin()])
    obj = ConfigMap(metadata=ObjectMeta(name="a", namespace="ns", labels={"of-set": "lobby"}))

    assert _requests(sets, SET, None) == [LOBBY]
    assert _requests(sets, None, SET) == []
    assert _requests(left, None, obj) == [LOBBY]
    assert _requests(left, None, ConfigMap(metadata=ObjectMeta(name="b"))) == []
