"""Parts of pages that are written by the code, between two comments that name them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_PART = re.compile(r"(<!-- from the code: (\w+) -->\n).*?(<!-- until here -->)", re.DOTALL)


def filled(page: Path, parts: Mapping[str, str]) -> str:
    """Return a page with its parts as they are given, by name."""
    return _PART.sub(lambda found: f"{found[1]}{parts[found[2]]}{found[3]}", page.read_text())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def code(text: str) -> str:
    """Return a text as code, or nothing."""
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
