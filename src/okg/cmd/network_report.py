"""Network types as people read them, and as programs do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec

from okg.cloudprovider.catalog import Catalog, NetworkType
from okg.cloudprovider.features import Features
from okg.cloudprovider.parameters import Parameter
from okg.cmd.table import table


class _Parameter(msgspec.Struct, rename="camel"):
    name: str
    required: bool
    default: str
    changeable: bool
    grammar: str
    meaning: str


class _Type(msgspec.Struct, rename="camel"):
    name: str
    alias: str
    provider: str
    obstacle: str
    features: Features
    pools: Sequence[str]
    parameters: Sequence[_Parameter] | None
    takes_others: bool


class _Report(msgspec.Struct, rename="camel"):
    types: Sequence[_Type]
    unknown: Mapping[str, str]


_HEAD = ("TYPE", "PROVIDER", "ALIAS", "REACHED THROUGH", "KEPT BY", "CUT OFF", "NEEDS")
_PARAMETER_HEAD = ("PARAMETER", "DEFAULT", "NEEDED", "CHANGES", "WRITE", "MEANING")


def as_document(catalog: Catalog) -> str:
    """Return all there is to say as a JSON document."""
    report = _Report([_type(it) for it in catalog.types.values()], catalog.unknown)
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def as_table(catalog: Catalog) -> str:
    """Return one line a network type."""
    return _text([*table([_HEAD, *map(_row, catalog.types.values())]), *_notes(catalog)])


def as_pages(catalog: Catalog) -> str:
    """Return everything about each network type."""
    pages = (_text(_page(it)) for it in catalog.types.values())
    return "\n".join(pages) + _text(_notes(catalog))


def default_of(parameter: Parameter[object]) -> str:
    """Return the default of a parameter as a user would write it; empty for none."""
    default = parameter.grammar.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", default)))
    return str(default) if isinstance(default, str | int) else ""


def _row(it: NetworkType) -> tuple[str, ...]:
    needed = ",".join(one.name for one in _parameters(it) if one.required)
    does = it.features
    cut_off = "yes" if does.cut_off else "no"
    cells = (it.provider, it.alias, does.reach, does.keeps, cut_off, needed)
    return it.name, *(cell or "-" for cell in cells)


def _parameters(it: NetworkType) -> Sequence[Parameter[object]]:
    return () if it.parameters is None else tuple(it.parameters)


def _page(it: NetworkType) -> Iterator[str]:
    of = f" of {it.provider}" if it.provider else ""
    yield f"{it.name}{of}" + (f", a kind of {it.alias}" if it.alias else "")
    if it.obstacle:
        yield f"  cannot be used: {it.obstacle}"
    yield from (f"  {line}" for line in table([*_features(it)]))
    if it.parameters is None:
        yield "  says nothing of its parameters"
        return
    yield ""
    yield from (f"  {line}" for line in table([_PARAMETER_HEAD, *map(_told, it.parameters)]))
    if it.parameters.takes_others:
        yield "  Entries of other names are passed on."


def _features(it: NetworkType) -> Iterator[tuple[str, str]]:
    features = it.features
    yield "reached through", features.reach or "-"
    yield "makes", ", ".join(features.makes) or "nothing itself"
    yield "address kept by", features.keeps or "nothing"
    yield "cut off by", features.cut_off or "nothing"
    yield "pool of ports", ", ".join(it.pools) or "none"


def _told(parameter: Parameter[object]) -> tuple[str, ...]:
    said = _described(parameter)
    words = "yes" if said.required else "no", "yes" if said.changeable else "no"
    return said.name, said.default or "-", *words, said.grammar, said.meaning


def _notes(catalog: Catalog) -> Iterator[str]:
    blocked = {it.provider: it.obstacle for it in catalog.types.values() if it.obstacle}
    yield from (f"note: {why}" for why in blocked.values())
    yield from (f"note: nothing is known of {who}: {why}" for who, why in catalog.unknown.items())


def _type(it: NetworkType) -> _Type:
    declared = None if it.parameters is None else [_described(one) for one in it.parameters]
    return _Type(
        name=it.name,
        alias=it.alias,
        provider=it.provider,
        obstacle=it.obstacle,
        features=it.features,
        pools=it.pools,
        parameters=declared,
        takes_others=it.parameters is not None and it.parameters.takes_others,
    )


def _described(parameter: Parameter[object]) -> _Parameter:
    return _Parameter(
        name=parameter.name,
        required=parameter.required,
        default=default_of(parameter),
        changeable=parameter.changeable,
        grammar=parameter.grammar.description,
        meaning=parameter.meaning,
    )


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
