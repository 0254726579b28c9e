"""The networks of ``okg manager``: what the providers offer, and what of it can be used here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from okg.api.game import GameServerSet
from okg.api.resource import Object
from okg.cache.informers import Selection
from okg.client.connection import in_cluster_namespace
from okg.client.rest import ApiClient
from okg.cloudprovider.catalog import build_catalog
from okg.cloudprovider.leaving import Leaving
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.needs import Observing, kinds_of
from okg.cloudprovider.options import SHIPPED, Section, read_options
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pool, pools_of
from okg.cloudprovider.provider import Offer, Site, installed_providers, offer
from okg.cloudprovider.registry import Registry, installed_plugins
from okg.cmd.discovery import why_not_listed
from okg.cmd.options import DEFAULT_PROVIDER_CONFIG, ManagerFlags
from okg.controllers import leavings, ports
from okg.controllers.ports import Inventory
from okg.runtime.manager import Manager
from okg.telemetry.logging import get_logger


class FoundNetworks(msgspec.Struct, frozen=True):
    """What there is.

    Attributes:
        plugins: those that can be used, and why others cannot.
        failures: why providers that are enabled offer nothing, by name.
    """

    plugins: Registry
    failures: Mapping[str, str]


def selections(flags: ManagerFlags) -> Mapping[type[Object], Selection]:
    """Return what the caches need of kinds that only networks use."""
    return {LedgerRecord: Selection(namespaces=(own_namespace(flags),))}


def own_namespace(flags: ManagerFlags) -> str:
    """Return where the manager keeps what it knows of ports; the same for all its processes.

    Managers of single namespaces know nothing of each other's Services, and so share no record.
    """
    return flags.namespace or in_cluster_namespace() or flags.webhook_service_namespace


def find_networks(api: ApiClient, flags: ManagerFlags) -> FoundNetworks:
    """Return the networks that installed distributions offer by the provider options.

    Raises:
        ConfigError: the options or the server cannot be read, or two networks have one name.
    """
    vendors, options = installed_providers(), _options(flags)
    offered = offer(vendors, options, Site(own_namespace(flags)))
    log = get_logger("setup")
    for name, problem in offered.failures.items():
        log.error("a network provider is disabled", provider=name, problem=problem)
    plugins = [*offered.plugins, *installed_plugins()]
    obstacles = _obstacles(api, flags, _kinds_of_all(plugins))
    missing = {plugin.name: why for plugin in plugins if (why := _obstacle(plugin, obstacles))}
    usable = [plugin for plugin in plugins if plugin.name not in missing]
    _tell(plugins, obstacles)
    _tell_registered(offered, usable)
    _tell_empty(usable)
    catalog = build_catalog(vendors, options)
    missing |= {it.name: it.obstacle for it in catalog.types.values() if it.obstacle}
    return FoundNetworks(Registry(usable, missing), offered.failures)


def add_networks(
    manager: Manager, flags: ManagerFlags, found: FoundNetworks, *, asked: bool
) -> None:
    """Let plugins learn what they want to know, and the leader keep the records of ports.

    Args:
        manager: before it runs.
        flags: of the process.
        found: the networks.
        asked: whether this process asks plugins.
    """
    plugins, pools = found.plugins, pools_of(found.plugins)
    if asked:
        for kind in _kinds_of_all(plugins) | {GameServerSet}:
            manager.cache(kind)
        for plugin in plugins:
            if isinstance(plugin, Observing):
                _tell_changes(manager, plugin.observes, plugin.observe)
    for pool in pools:
        _tell_changes(manager, pool.kinds, pool.observe)
    if flags.controllers:
        _add_controllers(manager, flags, plugins, pools)
    note = "; ".join(f"{name} is disabled: {why}" for name, why in found.failures.items())
    manager.add_ready_check("networks", lambda: True, lambda: note)


def _tell_changes(
    manager: Manager,
    kinds: Iterable[type[Object]],
    tell: Callable[[Object | None, Object | None], None],
) -> None:
    """Tell what is there before anything runs, and each change; some of it again."""

    def on_change(old: Object | None, new: Object | None, *, initial: bool) -> None:
        del initial
        tell(old, new)

    for kind in kinds:
        manager.hear(kind, on_change)


def _add_controllers(
    manager: Manager, flags: ManagerFlags, plugins: Registry, pools: Sequence[Pool]
) -> None:
    leaving = [plugin for plugin in plugins if isinstance(plugin, Leaving)]
    if leaving:
        manager.add(leavings.controller(manager, manager.api, leaving))
    if pools:
        seen = {kind: selection.labels for kind, selection in manager.options.selections.items()}
        inventory = Inventory(manager.api, flags.namespace, seen)
        manager.add(ports.controller(manager, inventory, pools))


def _options(flags: ManagerFlags) -> Mapping[str, Section]:
    if flags.provider_config:
        return read_options(Path(flags.provider_config))
    if DEFAULT_PROVIDER_CONFIG.exists():
        return read_options(DEFAULT_PROVIDER_CONFIG)
    return SHIPPED


def _kinds_of_all(plugins: Iterable[NetworkPlugin]) -> set[type[Object]]:
    return {kind for plugin in plugins for kind in kinds_of(plugin)}


def _obstacles(
    api: ApiClient, flags: ManagerFlags, kinds: Iterable[type[Object]]
) -> Mapping[type[Object], str]:
    """Return why kinds cannot be cached, of those that cannot."""
    places: Mapping[type[Object], str] = {LedgerRecord: own_namespace(flags)}
    found = {
        kind: why_not_listed(api, kind, places.get(kind, flags.namespace))
        for kind in sorted(kinds, key=lambda kind: kind.resource_type.plural)
    }
    return {kind: why for kind, why in found.items() if why}


def _obstacle(plugin: NetworkPlugin, obstacles: Mapping[type[Object], str]) -> str:
    kinds = kinds_of(plugin)
    return "; ".join(why for kind, why in obstacles.items() if kind in kinds)


def _tell(plugins: Sequence[NetworkPlugin], obstacles: Mapping[type[Object], str]) -> None:
    """Log what cannot be used; most clusters have but one cloud, so it is no warning."""
    for kind, why in obstacles.items():
        names = sorted(plugin.name for plugin in plugins if kind in kinds_of(plugin))
        get_logger("setup").info("networks cannot be used", networks=names, problem=why)


def _tell_empty(plugins: Iterable[NetworkPlugin]) -> None:
    """Log pools from which nobody can get a port; the Go manager takes such sections, too."""
    for pool in pools_of(plugins):
        if not pool.allowed.size:
            get_logger("setup").warning(
                "a pool has no ports: widen min_port to max_port, from 1 to 65535", pool=pool.name
            )


def _tell_registered(offered: Offer, plugins: Iterable[NetworkPlugin]) -> None:
    """Log what there is, in the words of upstream's records."""
    log = get_logger()
    for name, count in offered.counts.items():
        log.info(f"Cloud Provider [{name}] has been registered with {count} plugins")  # noqa: G004 - likewise
    for plugin in plugins:
        log.info(f"plugin [{plugin.name}] has been registered")  # noqa: G004 - likewise
