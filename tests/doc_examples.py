"""The code in the documentation, by the name in the comment before it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_EXAMPLE = re.compile(r"<!-- test: (\w+) -->\n```python\n(.*?)```", re.DOTALL)


def example(page: str, name: str) -> str:
    """Return the code of one example of a page under ``docs/``."""
    text = (ROOT / "docs" / page).read_text()
    examples: dict[str, str] = dict(_EXAMPLE.findall(text))
    return examples[name]
