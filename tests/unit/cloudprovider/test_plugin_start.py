"""Starting the plugins of a manager."""

from structlog.testing import capture_logs

from okg.client.client import Client
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.start import PluginStart
from okg.context import Context
from unit.controllers.memory import MemoryClient
from unit.webhooks.plugins import ScriptedPlugin


class Failing(ScriptedPlugin):
    def start(self, _ctx: Context, _client: Client) -> None:
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

    with capture_logs() as logs:
        start.run(Context())

    assert second.calls == ["start"]
    assert start.is_done()
    assert [(line["event"], line.get("plugin")) for line in logs] == [
        ("initializing cloud provider manager", None),
        ("a network plugin did not start", "A"),
    ]


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
