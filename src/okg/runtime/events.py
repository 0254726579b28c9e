"""EventRecorder: how a reconciler tells people what it did."""

from typing import Protocol

from okg.api.core import ObjectReference
from okg.api.resource import Object


class EventRecorder(Protocol):
    """Writes Kubernetes Events. Never blocks and never raises: an event is not worth a failure."""

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        """Report something that is going well."""
        ...

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        """Report something that somebody should look at."""
        ...
