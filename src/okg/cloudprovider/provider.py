"""Provider: a vendor's network types, made from its options.

Installed distributions offer providers by an entry point; those of this one are no exception:

    class MyCloud(Provider[MyOptions]):
        def plugins(self, options: MyOptions) -> Iterable[NetworkPlugin]:
            yield FixedIp(options)


    provider = MyCloud("MyCloud", section="mycloud", options=MyOptions)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

import msgspec

from okg.cloudprovider.options import InvalidOptions, Section, decode
from okg.cloudprovider.plugin import NetworkPlugin
from okg.telemetry.logging import get_logger

GROUP = "okg.cloudprovider"
"""Entry points of this group name a provider."""


class Site(msgspec.Struct, frozen=True):
    """Where the manager runs.

    Attributes:
        namespace: of its own objects.
    """

    namespace: str


class ProviderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's section of the options; a subclass says what else is in it.

    Attributes:
        enable: whether there are its network types at all.
        manager_namespace: where the manager has its own objects; not the file's to say.
    """

    enable: bool = False
    manager_namespace: str = ""

    def problems(self) -> Iterable[str]:
        """Return what makes no sense, each with its key and what it has to be."""
        return ()


O_contra = TypeVar("O_contra", bound=ProviderOptions, contravariant=True)


class Vendor(ABC):
    """A provider, whatever its options are.

    Attributes:
        name: what users call it.
        section: its part of the options, in lower case.
    """

    name: str
    section: str

    @abstractmethod
    def offered(self, section: Section, site: Site) -> Sequence[NetworkPlugin]:
        """Return the network types that a section enables.

        Raises:
            InvalidOptions: it makes no sense; says what, by section and key.
        """


class Provider(Vendor, Generic[O_contra]):
    """A vendor.

    Args:
        name: what users call it.
        section: its part of the options, in lower case.
        options: what the section is read as; its members likewise, for keys are read in any case.

    Raises:
        ValueError: section or members are not in lower case, so that nothing could be told to them.
    """

    def __init__(self, name: str, *, section: str, options: type[O_contra]) -> None:
        keys = [section, *(field.encode_name for field in msgspec.structs.fields(options))]
        if upper := [key for key in keys if key != key.lower()]:
            raise ValueError(f"provider {name}: write {', '.join(upper)} in lower case")
        self.name = name
        self.section = section
        self._options = options

    @abstractmethod
    def plugins(self, options: O_contra) -> Iterable[NetworkPlugin]:
        """Make the network types; called once, with options that make sense and enable them."""

    def offered(self, section: Section, site: Site) -> Sequence[NetworkPlugin]:
        """Return the network types that a section enables.

        Raises:
            InvalidOptions: it makes no sense; says what, by section and key.
        """
        if not decode(section, ProviderOptions, self.section).enable:
            return ()
        told = {**section, "manager_namespace": site.namespace}
        options = decode(told, self._options, self.section)
        problems = tuple(options.problems())
        if problems:
            raise InvalidOptions(f"[{self.section}]: {'; '.join(problems)}")
        return tuple(self.plugins(options))


class Offer(msgspec.Struct, frozen=True):
    """What there is.

    Attributes:
        plugins: the network types of all providers that are enabled.
        failures: why others have none, by the provider's name.
        counts: how many network types each has that is enabled, likewise.
    """

    plugins: Sequence[NetworkPlugin]
    failures: Mapping[str, str]
    counts: Mapping[str, int]


def offer(providers: Sequence[Vendor], options: Mapping[str, Section], site: Site) -> Offer:
    """Return the network types of those providers that the options enable."""
    log = get_logger("cloudprovider")
    plugins: list[NetworkPlugin] = []
    failures: dict[str, str] = {}
    counts: dict[str, int] = {}
    for provider in providers:
        try:
            own = list(provider.offered(options.get(provider.section, {}), site))
        except InvalidOptions as error:
            failures[provider.name] = str(error)
        except Exception as error:
            # Somebody else's code: it keeps no other vendor from working.
            log.exception("a provider failed", provider=provider.name)
            failures[provider.name] = f"[{provider.section}]: {type(error).__name__}: {error}"
        else:
            plugins += own
            counts |= {provider.name: len(own)} if own else {}
    return Offer(plugins, failures, counts)


def installed_providers(group: str = GROUP) -> Sequence[Vendor]:
    """Return the providers of all installed distributions; one that fails to load is left out."""
    loaded = (_load(point) for point in sorted(entry_points(group=group)))
    return [provider for provider in loaded if provider is not None]


def _load(point: EntryPoint) -> Vendor | None:
    log = get_logger("cloudprovider").bind(provider=point.name)
    try:
        found: object = point.load()
    except Exception:
        log.exception("a provider was left out")
        return None
    if isinstance(found, Vendor):
        return found
    log.error("a provider was left out: it is none", found=repr(found))
    return None
