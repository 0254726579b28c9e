"""Writes what is derived: definitions, pages on networks and flags, dashboards from panels."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from dashboards import render_dashboards
from flag_page import render_flags
from network_pages import render_pages

from okg.api.crd import game_server_crd, game_server_set_crd
from okg.api.game import GROUP, GameServer, GameServerSet
from okg.api.resource import Object
from okg.api.schema import Schema

ROOT = Path(__file__).parent.parent
BASES = ROOT / "config" / "crd" / "bases"
DOCS = ROOT / "docs"
DASHBOARDS = ROOT / "config" / "grafana"
HEADER = "# Made by hack/generate from the types in src/okg/api; change those.\n"


class Dumper(yaml.SafeDumper):
    """Writes values that occur twice twice: anchors are no help to a reader."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - decides for all data
        """Return True."""
        return True


def render(crd: Schema) -> str:
    """Return a definition as YAML, in the order it was built."""
    return HEADER + yaml.dump(crd, Dumper=Dumper, sort_keys=False, width=100)


def file_name(kind: type[Object]) -> str:
    """Return the customary name, ``group_plural.yaml``."""
    return f"{GROUP}_{kind.resource_type.plural}.yaml"


def render_definitions(folder: Path) -> Mapping[Path, str]:
    """Return the content of each definition by its file."""
    return {
        folder / file_name(GameServerSet): render(game_server_set_crd()),
        folder / file_name(GameServer): render(game_server_crd()),
    }


def is_current(path: Path, content: str) -> bool:
    """Whether a file is there and holds exactly this."""
    return path.is_file() and path.read_text() == content


def check(files: Mapping[Path, str]) -> int:
    """Name the files that are not as they would be written; return the exit code."""
    outdated = [path for path, text in files.items() if not is_current(path, text)]
    for path in outdated:
        print(f"generate: {path} is not current; run hack/generate", file=sys.stderr)
    return 1 if outdated else 0


def write(files: Mapping[Path, str]) -> int:
    """Write the files; return the exit code."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


def main() -> int:
    """Return the exit code: 1 if ``--check`` found a difference."""
    parser = argparse.ArgumentParser(prog="hack/generate", description=__doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="where definitions go, alone; by default everything goes to its place in the tree",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not current"
    )
    options = parser.parse_args()
    files = dict(render_definitions(options.folder or BASES))
    if options.folder is None:
        files |= {**render_pages(DOCS), **render_flags(DOCS), **render_dashboards(DASHBOARDS)}
    return check(files) if options.check else write(files)


if __name__ == "__main__":
    sys.exit(main())
