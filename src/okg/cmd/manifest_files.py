"""Manifests as people keep them: YAML or JSON, several documents in a file, lists, folders."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

import yaml

from okg.client.patch import Json
from okg.errors import ConfigError

STDIN = "-"
_SUFFIXES = {".yaml", ".yml", ".json"}


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
        documents = cast("list[Json]", list(yaml.safe_load_all(text)))
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML: {' '.join(str(error).split())}") from error
    for document in documents:
        if document is not None:
            yield from _expanded(document, source)


def _expanded(document: Json, source: str) -> Iterator[Mapping[str, Json]]:
    if not isinstance(document, Mapping) or "kind" not in document:
        raise ConfigError(f"{source}: a document is no Kubernetes object: it has no kind")
    items = document.get("items")
    if document["kind"] == "List" and isinstance(items, list):
        for item in items:
            yield from _expanded(item, source)
    else:
        yield document
