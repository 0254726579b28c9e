"""Catalog: every network type of the installed providers, whether or not it can be used here."""

from collections.abc import Mapping, Sequence

import msgspec

from okg.cloudprovider.features import Features, features_of
from okg.cloudprovider.options import SHIPPED, Section
from okg.cloudprovider.parameters import Parameters, parameters_of
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import pools_of
from okg.cloudprovider.provider import Offer, Site, Vendor, offer

_NOWHERE = Site("")
"""The plugins are only looked at."""


class NetworkType(msgspec.Struct, frozen=True, kw_only=True):
    """One network type.

    Attributes:
        name: what ``networkType`` says.
        alias: of the same kind of network across clouds; may be empty.
        provider: whose it is; empty for a plugin that is installed without one.
        obstacle: why it cannot be used here; empty if it can.
        parameters: what it can be told; None if it does not say.
        features: what it does.
        pools: the pools of ports that it draws from.
    """

    name: str
    alias: str
    provider: str
    obstacle: str
    parameters: Parameters | None
    features: Features
    pools: tuple[str, ...]


class Catalog(msgspec.Struct, frozen=True):
    """What there is.

    Attributes:
        types: by name, in order.
        unknown: why the network types of some providers cannot even be named, by provider.
    """

    types: Mapping[str, NetworkType]
    unknown: Mapping[str, str]


def build_catalog(
    providers: Sequence[Vendor],
    options: Mapping[str, Section] | None = None,
    plugins: Sequence[NetworkPlugin] = (),
) -> Catalog:
    """Return the network types of some providers, and of plugins that have none.

    Args:
        providers: in question.
        options: which of them are enabled; None if that is not known, so that all count as usable.
        plugins: installed without a provider.
    """
    found = [_type(plugin, "", "") for plugin in plugins]
    unknown: dict[str, str] = {}
    for provider in providers:
        offered = _offer(provider, (options or {}).get(provider.section, {}))
        obstacle = "" if options is None else _obstacle(provider, offered)
        if options is None or obstacle:
            # Those of the manifests tell which types there would be.
            offered = _offer(provider, {**SHIPPED.get(provider.section, {}), "enable": True})
        found.extend(_type(plugin, provider.name, obstacle) for plugin in offered.plugins)
        if offered.failures:
            unknown[provider.name] = obstacle or offered.failures[provider.name]
    return Catalog({it.name: it for it in sorted(found, key=lambda it: it.name)}, unknown)


def _obstacle(provider: Vendor, offered: Offer) -> str:
    if offered.failures:
        return f"the options of {provider.name} are invalid: {offered.failures[provider.name]}"
    if offered.plugins:
        return ""
    return f"{provider.name} is not enabled: write enable = true under [{provider.section}]"


def _offer(provider: Vendor, section: Section) -> Offer:
    return offer([provider], {provider.section: section}, _NOWHERE)


def _type(plugin: NetworkPlugin, provider: str, obstacle: str) -> NetworkType:
    return NetworkType(
        name=plugin.name,
        alias=plugin.alias,
        provider=provider,
        obstacle=obstacle,
        parameters=parameters_of(plugin),
        features=features_of(plugin),
        pools=tuple(pool.name for pool in pools_of([plugin])),
    )
