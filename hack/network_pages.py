"""The parts of the documentation that say what the code of each network type says."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from page_parts import code, filled, table

from okg.cloudprovider.catalog import NetworkType, build_catalog
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Parameter
from okg.cloudprovider.provider import installed_providers
from okg.cmd.network_report import default_of

_TYPES_HEAD = (
    "network type",
    "alias",
    "reached through",
    "address kept by",
    "cut off by `networkDisabled`",
    "`AllowNotReadyContainers`",
    "pool of ports",
)
_PARAMETERS_HEAD = ("parameter", "write", "default", "needed", "changes", "meaning")


def render_pages(docs: Path) -> Mapping[Path, str]:
    """Return the pages with their parts as the code has them, by file.

    Raises:
        SystemExit: a network type has no page, or a page no network type.
    """
    types = {it.name: it for it in build_catalog(installed_providers()).types.values()}
    folder = docs / "networks"
    missing = types.keys() ^ {path.stem for path in folder.glob("*.md")}
    if missing:
        raise SystemExit(f"generate: {', '.join(sorted(missing))}: no page, or no network type")
    overview = docs / "networks.md"
    return {overview: filled(overview, {"types": _types(types.values())})} | {
        folder / f"{it.name}.md": filled(folder / f"{it.name}.md", _parts(it))
        for it in types.values()
    }


def _parts(it: NetworkType) -> Mapping[str, str]:
    return {"features": _features(it), "parameters": _parameters(it)}


def _types(types: Iterable[NetworkType]) -> str:
    return table(_TYPES_HEAD, [_row(it) for it in types])


def _row(it: NetworkType) -> tuple[str, ...]:
    link = f"[{it.name}](networks/{it.name}.md)"
    waits = "yes" if ALLOW_NOT_READY.name in {one.name for one in it.parameters or ()} else ""
    does = it.features
    return link, it.alias, does.reach, does.keeps, does.cut_off, waits, ", ".join(it.pools)


def _features(it: NetworkType) -> str:
    does = it.features
    rows = [
        ("provider", it.provider),
        ("alias", it.alias or "none"),
        ("reached through", does.reach),
        ("makes", ", ".join(does.makes) or "nothing itself"),
        ("address kept by", does.keeps or "nothing"),
        ("cut off by `networkDisabled`", does.cut_off or "not"),
        ("pool of ports", ", ".join(it.pools) or "none"),
    ]
    return table(("", ""), rows)


def _parameters(it: NetworkType) -> str:
    told = table(_PARAMETERS_HEAD, [_told(one) for one in it.parameters or ()])
    others = it.parameters is not None and it.parameters.takes_others
    return f"{told}\nEntries of other names are passed on.\n" if others else told


def _told(parameter: Parameter[object]) -> tuple[str, ...]:
    return (
        code(parameter.name),
        parameter.grammar.description,
        code(default_of(parameter)),
        "yes" if parameter.required else "",
        "yes" if parameter.changeable else "",
        parameter.meaning,
    )
