"""The table of flags in the documentation, as ``okg manager --help`` has them."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, suppress
from io import StringIO
from pathlib import Path

from page_parts import code, filled, table

from okg.cmd.options import parse

_HEAD = ("flag", "value", "default", "meaning")
_FLAG = re.compile(r"^  --([a-z-]+),? .*?(\S+)(?:\n {10,}(.*))?$", re.MULTILINE)
_DEFAULT = re.compile(r" ?\(default:? (.*)\)$")


def render_flags(docs: Path) -> Mapping[Path, str]:
    """Return the page about flags with the table as the parser has it."""
    page = docs / "flags.md"
    return {page: filled(page, {"flags": table(_HEAD, _rows(_help()))})}


def _help() -> str:
    os.environ["COLUMNS"] = "1000"  # a line for each meaning
    with redirect_stderr(StringIO()) as said, suppress(SystemExit):
        parse(["--help"])
    return said.getvalue()


def _rows(text: str) -> Sequence[Sequence[str]]:
    return [_row(*found) for found in _FLAG.findall(text)]


def _row(name: str, value: str, meaning: str) -> Sequence[str]:
    found = _DEFAULT.search(meaning)
    words = value.strip("[]{}").replace(",", ", ")
    default = found[1] if found else {"BOOL": "false"}.get(words, "")
    return code(f"--{name}"), words, default, _DEFAULT.sub("", meaning)
