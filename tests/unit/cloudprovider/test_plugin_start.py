"""Starting the plugins of a manager."""

import pytest
from structlog.testing import capture_logs

from okg.client.client import Client
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.start import PluginStart
from okg.context import Context
from okg.testing.clock import FakeClock
from okg.testing.standing_clock import Idle, StandingClock
from okg.threads import ThreadGroup
from unit.controllers.memory import MemoryClient
from unit.webhooks.plugins import ScriptedPlugin


class Failing(ScriptedPlugin):
    """A plugin that starts when it was asked often enough."""

    failures = 10**9

    def start(self, ctx: Context, client: Client) -> None:
        super().start(ctx, client)
        if len(self.calls) <= self.failures:
            raise ValueError("no such cloud")


def test_all_plugins_are_started_once() -> None:
    plugins = [ScriptedPlugin("A"), ScriptedPlugin("B")]
    start = PluginStart(Registry(plugins), MemoryClient())
    before = start.is_done()

    start.run(Context())

    assert not before
    assert start.is_done()
    assert [plugin.calls for plugin in plugins] == [["start"], ["start"]]


def test_a_plugin_that_does_not_start_keeps_no_other_from_starting() -> None:
    second = ScriptedPlugin("B")
    start = PluginStart(Registry([Failing("A"), second]), MemoryClient())

    with capture_logs() as logs, pytest.raises(Idle):
        start.run(Context(clock=StandingClock()))

    assert second.calls == ["start"]
    assert start.is_done()
    assert start.note() == "A did not start: no such cloud"
    assert [(line["event"], line.get("plugin")) for line in logs] == [
        ("initializing cloud provider manager", None),
        ("a network plugin did not start", "A"),
    ]


def test_a_plugin_that_did_not_start_is_started_again_and_no_other() -> None:
    plugin, other, clock, ctx = Failing("A"), ScriptedPlugin("B"), FakeClock(), Context()
    plugin.failures = 2
    start = PluginStart(Registry([plugin, other]), MemoryClient())
    group = ThreadGroup(Context(ctx.log, clock=clock))

    group.start("plugins", start.run)
    clock.until_waiting(1)
    clock.advance(1.0)
    clock.until_waiting(1)
    clock.advance(2.0)
    group.join()

    assert (plugin.calls, other.calls) == (["start"] * 3, ["start"])
    assert start.note() == ""


def test_a_start_that_fails_ends_with_the_process() -> None:
    clock = FakeClock()
    ctx = Context(clock=clock)
    start = PluginStart(Registry([Failing("A")]), MemoryClient())
    group = ThreadGroup(ctx)

    group.start("plugins", start.run)
    clock.until_waiting(1)
    ctx.cancel()
    group.join()

    assert start.note() == "A did not start: no such cloud"


def test_a_start_of_all_is_told_in_the_words_that_people_look_for() -> None:
    start = PluginStart(Registry([ScriptedPlugin("A")]), MemoryClient())

    with capture_logs() as logs:
        start.run(Context())

    assert [(line["event"], line["game.kruise.io.event"]) for line in logs] == [
        ("initializing cloud provider manager", "cloud_provider_manager.init_start"),
        (
            "cloud provider manager initialized successfully",
            "cloud_provider_manager.init_completed",
        ),
    ]
