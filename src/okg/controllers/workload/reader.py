"""Reader: reads that must not come from a cache."""

from typing import Protocol

from okg.api.resource import O


class Reader(Protocol):
    """Reads objects as the server has them at this moment."""

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return an object or None."""
        ...
