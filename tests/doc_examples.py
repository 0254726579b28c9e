"""Code and manifests in the documentation."""

import re
from pathlib import Path
from typing import cast

import yaml

from okg.client.patch import Json

ROOT = Path(__file__).resolve().parents[1]

NETWORKS = sorted(path.stem for path in (ROOT / "docs" / "networks").glob("*.md"))
"""The network types that have a page."""

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
