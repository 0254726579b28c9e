"""What is wrong with the networks of GameServerSets, as far as their manifests tell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from okg.api.game import NetworkConfParam
from okg.client.patch import Json
from okg.cloudprovider.catalog import Catalog
from okg.cloudprovider.checks import meaningless, meant
from okg.workload.network_rules import strangers


class Verdict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is said of one set.

    Attributes:
        namespace: of the set; may be empty.
        name: of the set; may be empty.
        network_type: which it asks for; empty if it asks for none.
        problems: what keeps its servers from having a network.
        warnings: what is without effect.
    """

    namespace: str
    name: str
    network_type: str = ""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    value: str = ""


class _Network(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A network as kubectl takes it: what it does not know is a mistake."""

    network_type: str = ""
    network_conf: tuple[_Entry, ...] | None = None


class _Meta(msgspec.Struct):
    name: str = ""
    namespace: str = ""


class _Container(msgspec.Struct):
    name: str = ""


class _PodSpec(msgspec.Struct):
    containers: tuple[_Container, ...] = ()


class _Template(msgspec.Struct):
    spec: _PodSpec | None = None


class _Spec(msgspec.Struct, rename="camel"):
    network: _Network | None = None
    game_server_template: _Template | None = None


class _Set(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    spec: _Spec = msgspec.field(default_factory=_Spec)


class _Report(msgspec.Struct):
    sets: Sequence[Verdict]


def check(manifest: Mapping[str, Json], catalog: Catalog) -> Verdict:
    """Return what is to be said of a set."""
    try:
        gss = msgspec.convert(manifest, _Set)
    except msgspec.ValidationError as error:
        return Verdict(
            namespace=_text(manifest, "metadata", "namespace"),
            name=_text(manifest, "metadata", "name"),
            network_type=_text(manifest, "spec", "network", "networkType"),
            problems=(_unreadable(error),),
        )
    meta, network = gss.metadata, gss.spec.network
    plain = Verdict(namespace=meta.namespace, name=meta.name)
    if network is None:
        return plain
    return msgspec.structs.replace(
        plain,
        network_type=network.network_type,
        problems=tuple(_problems(network, catalog)),
        warnings=tuple(_warnings(network, catalog, gss.spec.game_server_template)),
    )


def no_such_type(name: str, catalog: Catalog) -> str:
    """Return what is said when nothing is called so."""
    hint = meant(name, catalog.types) or "."
    return f"there is no network type {name}{hint} There are {', '.join(catalog.types)}"


def as_document(verdicts: Sequence[Verdict]) -> str:
    """Return verdicts as a JSON document."""
    return msgspec.json.format(msgspec.json.encode(_Report(verdicts)), indent=2).decode() + "\n"


def as_text(verdicts: Iterable[Verdict]) -> str:
    """Return verdicts as text."""
    return "".join(f"{line}\n" for verdict in verdicts for line in _lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    name = "/".join(part for part in (verdict.namespace, verdict.name) if part) or "without a name"
    summary = "mistakes" if verdict.problems else "in order"
    yield f"GameServerSet {name}: {verdict.network_type or 'no network'}: {summary}"
    yield from (f"  problem: {problem}" for problem in verdict.problems)
    yield from (f"  warning: {warning}" for warning in verdict.warnings)


def _problems(network: _Network, catalog: Catalog) -> Iterator[str]:
    if not network.network_type:
        yield f"networkType is missing; write one of {', '.join(catalog.types)}"
        return
    found = catalog.types.get(network.network_type)
    if found is None:
        yield no_such_type(network.network_type, catalog)
        yield from (f"nothing is known of {who}: {why}" for who, why in catalog.unknown.items())
        return
    if found.obstacle:
        yield f"{found.name} cannot be used: {found.obstacle}"
    if found.parameters is not None:
        yield from found.parameters.problems(_entries(network))


def _warnings(network: _Network, catalog: Catalog, template: _Template | None) -> Iterator[str]:
    found = catalog.types.get(network.network_type)
    if found is None or found.parameters is None:
        return
    entries = _entries(network)
    yield from meaningless(found.parameters, entries, found.name)
    if template is not None and template.spec is not None:
        names = {container.name for container in template.spec.containers}
        yield from strangers(found.parameters.containers(entries), names)


def _entries(network: _Network) -> Sequence[NetworkConfParam]:
    given = network.network_conf or ()
    return [NetworkConfParam(name=entry.name, value=entry.value) for entry in given]


def _unreadable(error: msgspec.ValidationError) -> str:
    hint = "; numbers, true and false need quotes" if "Expected `str`" in str(error) else ""
    return f"{error}{hint}"


def _text(manifest: Mapping[str, Json], *path: str) -> str:
    """Return a text within a manifest that cannot be read as a whole; empty if there is none."""
    found: Json = manifest
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
