"""Provider: a vendor's network types, made from its options.

Installed distributions offer providers by an entry point; those of this one are no exception.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import cast

import msgspec

from okg.cloudprovider.options import InvalidOptions, Section
from okg.cloudprovider.plugin import NetworkPlugin
from okg.telemetry.logging import get_logger

GROUP = "okg.cloud_providers"
"""Entry points of this group name a Provider."""


class Site(msgspec.Struct, frozen=True):
    """Where the manager runs.

    Attributes:
        namespace: of its own objects.
    """

    namespace: str


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor.

    Attributes:
        name: what users call it.
        section: its part of the options, in lower case.
        networks: makes its network types; raises InvalidOptions.
    """

    name: str
    section: str
    networks: Callable[[Section, Site], Sequence[NetworkPlugin]]


class Offer(msgspec.Struct, frozen=True):
    """What there is.

    Attributes:
        plugins: the network types of all providers that are enabled.
        failures: why others have none, by the provider's name.
    """

    plugins: Sequence[NetworkPlugin]
    failures: Mapping[str, str]


def offer(providers: Sequence[Provider], options: Mapping[str, Section], site: Site) -> Offer:
    """Return the network types of those providers that the options enable."""
    plugins: list[NetworkPlugin] = []
    failures: dict[str, str] = {}
    for provider in providers:
        section = options.get(provider.section)
        if not isinstance(section, Mapping) or section.get("enable") is not True:
            continue
        try:
            plugins.extend(provider.networks(section, site))
        except InvalidOptions as error:
            failures[provider.name] = str(error)
    return Offer(plugins, failures)


def installed_providers(group: str = GROUP) -> Sequence[Provider]:
    """Return the providers of all installed distributions; one that fails to load is left out."""
    loaded = (_load(point) for point in sorted(entry_points(group=group)))
    return [provider for provider in loaded if provider is not None]


def _load(point: EntryPoint) -> Provider | None:
    log = get_logger("cloudprovider")
    try:
        return cast("Provider", point.load())
    except Exception:
        log.exception("a provider was left out", provider=point.name)
        return None
