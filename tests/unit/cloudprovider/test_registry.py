"""Finding the installed network plugins."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.registry import Registry, installed_plugins
from okg.errors import ConfigError
from unit.webhooks.plugins import ScriptedPlugin


def test_a_plugin_is_found_by_exactly_its_name() -> None:
    plugin = ScriptedPlugin("B-Two")

    registry = Registry([plugin, ScriptedPlugin("A-One")])

    assert registry.names == ["A-One", "B-Two"]
    assert registry.find("B-Two") is plugin
    assert registry.find("b-two") is None
    assert registry.find("") is None


def test_two_plugins_of_one_name_are_a_mistake_of_whoever_installed_them() -> None:
    with pytest.raises(ConfigError, match="two network plugins are called Same: uninstall one"):
        Registry([ScriptedPlugin("Same"), ScriptedPlugin("Same")])


def test_the_failure_of_a_plugin_reads_as_its_message_and_tells_its_type() -> None:
    error = PluginError(PluginErrorType.PARAMETER, "no port is free")

    assert str(error) == "no port is free"
    assert error.type == "parameterError"


def _install(folder: Path, entry_points: str) -> None:
    information = folder / "some_plugins-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: some-plugins\nVersion: 1\n")
    (information / "entry_points.txt").write_text(entry_points)


def test_plugins_are_found_by_their_entry_points_and_a_broken_one_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(
        tmp_path,
        "[okg.test_plugins]\ngood = unit.webhooks.plugins:Ready\nbroken = unit.no_such:Plugin\n",
    )
    monkeypatch.syspath_prepend(tmp_path)

    with capture_logs() as logs:
        found = installed_plugins("okg.test_plugins")

    assert [plugin.name for plugin in found] == ["Test-Ready"]
    assert [(line["event"], line["plugin"]) for line in logs] == [
        ("a network plugin was left out", "broken")
    ]
