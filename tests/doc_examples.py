"""Code and manifests in the documentation."""

import re
from pathlib import Path
from typing import cast

import yaml

from okg.client.patch import Json

ROOT = Path(__file__).resolve().parents[1]

NETWORKS = sorted(path.stem for path in (ROOT / "docs" / "networks").glob("*.md"))
"""The network types that have a page."""

PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
"""Everything that is written to be read, by its path in the tree."""

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_EXAMPLE = re.compile(r"<!-- test: (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)


def example(page: str, name: str) -> str:
    """Return the code of one example of a page under ``docs/``, by the name before it."""
    text = (ROOT / "docs" / page).read_text()
    examples: dict[str, str] = dict(_EXAMPLE.findall(text))
    return examples[name]


def block(page: str, language: str) -> str:
    """Return the first block of a language of a page under ``docs/``."""
    text = (ROOT / "docs" / page).read_text()
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"{page} has no {language}"
    return found[1]


def network_manifest(network_type: str) -> dict[str, Json]:
    """Return the set that the page of a network type shows."""
    return cast("dict[str, Json]", yaml.safe_load(block(f"networks/{network_type}.md", "yaml")))


def broken_links(page: str) -> list[str]:
    """Return the links of a page, within this tree, that lead nowhere."""
    path = ROOT / page
    links = [link for link in _LINK.findall(path.read_text()) if "://" not in link]
    return [link for link in links if not _leads_somewhere(path, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    file, _, heading = link.partition("#")
    target = (page.parent / file) if file else page
    return target.exists() and (not heading or heading in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """Return what GitHub makes of the headings of a page."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(page.read_text())
    }
