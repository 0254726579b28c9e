"""Events: what the server demands of them."""

from collections.abc import Iterator

from okg.errors import StatusCause
from okg.testing.apiserver.refusals import bad_value, missing_value
from okg.testing.apiserver.trees import Tree, text

_TYPES = frozenset({"Normal", "Warning"})
_REQUIRED = ("eventTime", "reportingController", "reportingInstance", "action", "reason")


def core_event_causes(event: Tree) -> Iterator[StatusCause]:
    """Yield what is wrong with an event of core/v1."""
    yield from _namespace_causes(event, "involvedObject")


def event_causes(event: Tree) -> Iterator[StatusCause]:
    """Yield what is wrong with an event of events.k8s.io/v1."""
    for field in _REQUIRED:
        if not text(event, field):
            yield missing_value(field)
    if text(event, "type") not in _TYPES:
        yield bad_value("type", "is neither Normal nor Warning")
    yield from _namespace_causes(event, "regarding")


def _namespace_causes(event: Tree, reference: str) -> Iterator[StatusCause]:
    namespace = text(event, "metadata", "namespace")
    about = text(event, reference, "namespace")
    if about != namespace and (about or namespace != "default"):
        yield bad_value("involvedObject.namespace", f"{about!r} is not the event's namespace")
