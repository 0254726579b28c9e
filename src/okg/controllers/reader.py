"""Reader: reads that must not come from a cache."""

from collections.abc import Sequence
from typing import Protocol

from okg.api.resource import O


class Reader(Protocol):
    """Reads objects as the server has them at this moment."""

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return an object or None."""
        ...

    def list(self, kind: type[O], *, namespace: str = "", labels: str = "") -> Sequence[O]:
        """Return the objects of a namespace that a label selector finds."""
        ...
