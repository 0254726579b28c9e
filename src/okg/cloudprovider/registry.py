"""Registry: the network plugins of this process, by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from okg.cloudprovider.checks import check_of
from okg.cloudprovider.plugin import NetworkPlugin
from okg.errors import ConfigError
from okg.telemetry.logging import get_logger
from okg.workload.network_rules import Networks

GROUP = "okg.network_plugins"
"""Entry points of this group name a function, or a class, that returns a NetworkPlugin."""


class Registry:
    """Finds plugins by the name that sets and pods say.

    Args:
        plugins: all there are.
        missing: why others are not, by their names.

    Raises:
        ConfigError: two have one name.
    """

    def __init__(
        self, plugins: Iterable[NetworkPlugin] = (), missing: Mapping[str, str] | None = None
    ) -> None:
        self._plugins: dict[str, NetworkPlugin] = {}
        for plugin in plugins:
            if plugin.name in self._plugins:
                raise ConfigError(f"two network plugins are called {plugin.name}: uninstall one")
            self._plugins[plugin.name] = plugin
        self._missing = missing or {}

    @property
    def names(self) -> Sequence[str]:
        """The names of all plugins, sorted."""
        return sorted(self._plugins)

    @property
    def networks(self) -> Networks:
        """What sets may say of their networks."""
        checks = {name: check_of(plugin) for name, plugin in self._plugins.items()}
        return Networks(checks, self._missing)

    def __iter__(self) -> Iterator[NetworkPlugin]:
        """Return all plugins in order of name."""
        return iter([self._plugins[name] for name in self.names])

    def find(self, name: str) -> NetworkPlugin | None:
        """Return the plugin of exactly this name, or None."""
        return self._plugins.get(name)


def installed_plugins(group: str = GROUP) -> Sequence[NetworkPlugin]:
    """Return the plugins of all installed distributions; one that fails to load is left out."""
    loaded = (_load(point) for point in sorted(entry_points(group=group)))
    return [plugin for plugin in loaded if plugin is not None]


def _load(point: EntryPoint) -> NetworkPlugin | None:
    log = get_logger("cloudprovider")
    try:
        make = cast("Callable[[], NetworkPlugin]", point.load())
        return make()
    except Exception:
        log.exception("a network plugin was left out", plugin=point.name)
        return None
