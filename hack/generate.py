"""Writes the CustomResourceDefinitions from the types in okg.api."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from okg.api.crd import game_server_crd, game_server_set_crd
from okg.api.game import GROUP, GameServer, GameServerSet
from okg.api.resource import Object
from okg.api.schema import Schema

BASES = Path(__file__).parent.parent / "config" / "crd" / "bases"
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


def render_all() -> Mapping[str, str]:
    """Return the content of each file by its name."""
    return {
        file_name(GameServerSet): render(game_server_set_crd()),
        file_name(GameServer): render(game_server_crd()),
    }


def is_current(path: Path, content: str) -> bool:
    """Whether a file is there and holds exactly this."""
    return path.is_file() and path.read_text() == content


def check(folder: Path) -> int:
    """Name the files that are not as they would be written; return the exit code."""
    outdated = [n for n, text in render_all().items() if not is_current(folder / n, text)]
    for name in outdated:
        print(f"generate: {folder / name} is not current; run hack/generate", file=sys.stderr)
    return 1 if outdated else 0


def write(folder: Path) -> int:
    """Write the files; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_all().items():
        (folder / name).write_text(text)
    return 0


def main() -> int:
    """Return the exit code: 1 if ``--check`` found a difference."""
    parser = argparse.ArgumentParser(prog="hack/generate", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=BASES, help="default: config/crd/bases"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not current"
    )
    options = parser.parse_args()
    return check(options.folder) if options.check else write(options.folder)


if __name__ == "__main__":
    sys.exit(main())
