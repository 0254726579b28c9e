"""Manifests as people keep them: YAML or JSON, several documents in a file, lists, folders."""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import yaml

from okg.api.game import GameServerSet
from okg.client.patch import Json
from okg.errors import ConfigError

STDIN = "-"
_SUFFIXES = {".yaml", ".yml", ".json"}
_DEEPEST_LIST = 10
"""Lists within lists; kubectl writes none."""


class _Loader(yaml.SafeLoader):
    """Reads YAML as kubectl does: ``10:30``, ``2001-01-01`` and ``=`` are texts."""


_TAG = "tag:yaml.org,2002:"
_NOT_READ = {f"{_TAG}timestamp", f"{_TAG}value"}
_FORMS = {
    f"{_TAG}int": re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$"),
    f"{_TAG}float": re.compile(
        r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$"
        r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
    ),
}
"""Numbers without the base of 60 that YAML 1.1 has."""

_Loader.yaml_implicit_resolvers = {
    first: [(tag, _FORMS.get(tag, form)) for tag, form in resolvers if tag not in _NOT_READ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_manifests(names: Iterable[str]) -> Iterator[Mapping[str, Json]]:
    """Yield the objects of files and folders; ``-`` is the standard input.

    Raises:
        ConfigError: a file cannot be read, or does not hold objects.
    """
    for name in names:
        if name == STDIN:
            yield from _objects(sys.stdin.read(), "standard input")
        else:
            for file in _files(Path(name)):
                yield from _objects(_text(file), str(file))


def read_sets(names: Iterable[str]) -> Sequence[Mapping[str, Json]]:
    """Return the GameServerSets of files and folders; other objects are passed over.

    Raises:
        ConfigError: as above, or there is none.
    """
    sets = [manifest for manifest in read_manifests(names) if _is_set(manifest)]
    if not sets:
        raise ConfigError("there is no GameServerSet in what -f names")
    return sets


def add_filename(parser: argparse.ArgumentParser) -> None:
    """Let a command take files and folders of manifests, as kubectl does."""
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        required=True,
        metavar="FILE",
        help="manifest or folder of manifests; - for standard input; may be repeated",
    )


def _is_set(manifest: Mapping[str, Json]) -> bool:
    resource = GameServerSet.resource_type
    found = manifest.get("apiVersion"), manifest.get("kind")
    return found == (resource.api_version, resource.kind)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error


def _objects(text: str, source: str) -> Iterator[Mapping[str, Json]]:
    try:
        documents = cast("list[Json]", list(yaml.load_all(text, _Loader)))
    except RecursionError as error:
        raise ConfigError(f"{source} nests too deeply to be read") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{source} is not YAML: {' '.join(str(error).split())}") from error
    for document in documents:
        if document is not None:
            yield from _expanded(document, source)


def _expanded(document: Json, source: str, depth: int = 0) -> Iterator[Mapping[str, Json]]:
    """Yield an object, or those of a list; an alias of YAML may name the list that it is in."""
    if not isinstance(document, Mapping) or "kind" not in document:
        raise ConfigError(f"{source}: a document is no Kubernetes object: it has no kind")
    if depth > _DEEPEST_LIST:
        raise ConfigError(f"{source} nests too deeply to be read")
    kind, items = str(document["kind"]), document.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield document
        return
    known: Mapping[str, Json] = {}
    if kind != "List":
        known = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List")}
    for item in items:
        whole = {**known, **item} if isinstance(item, Mapping) else item
        yield from _expanded(whole, source, depth + 1)
