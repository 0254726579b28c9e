"""Programs of a machine that has no others."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Install: TypeAlias = Callable[[str, str], Path]
"""Takes a name and a shell script; returns where the program is."""
