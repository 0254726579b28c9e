"""Spans: what was done, when and in the course of what. Without a tracer they cost next to nothing.

Who begins a piece of work opens a root with a Tracer; whoever works on it asks for the current span
and tells it more, or opens a child. The current span goes with the thread, as log records do; a
``contextvars.copy_context`` takes it into another.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol, TypeAlias

import msgspec

from okg.telemetry.trace_parent import TraceParent

Value: TypeAlias = str | bool | int | float | Sequence[str]
Attributes: TypeAlias = Mapping[str, Value]


class Span(Protocol):
    """A piece of work that is being done."""

    @property
    def parent(self) -> TraceParent | None:
        """How others refer to this span; None if nothing is traced."""
        ...

    def set(self, attributes: Attributes) -> None:
        """Say more about it; a later value takes the place of an earlier one."""
        ...

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        """Note that something happened at this moment."""
        ...

    def link(self, to: TraceParent, reason: str) -> None:
        """Note which span of another trace led to this one."""
        ...

    def succeed(self) -> None:
        """Say that it is done; the first word about success or failure is the last."""
        ...

    def fail(self, words: str, error: BaseException | None = None) -> None:
        """Say that it failed, and by which exception; likewise."""
        ...

    def child(
        self, name: str, attributes: Attributes | None = None
    ) -> AbstractContextManager["Span"]:
        """Open a span for a part of the work; it is the current one in the body.

        An exception that leaves the body is its failure.
        """
        ...


class Tracer(Protocol):
    """Opens spans that are no part of others."""

    def root(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """Open the first span of a trace; otherwise as ``Span.child``."""
        ...


class Opening(msgspec.Struct, frozen=True):
    """How a span begins."""

    name: str
    attributes: Attributes


class _NoSpan:
    parent: TraceParent | None = None

    def set(self, attributes: Attributes) -> None:
        pass

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        pass

    def link(self, to: TraceParent, reason: str) -> None:
        pass

    def succeed(self) -> None:
        pass

    def fail(self, words: str, error: BaseException | None = None) -> None:
        pass

    def child(
        self,
        name: str,  # noqa: ARG002 - the protocol's
        attributes: Attributes | None = None,  # noqa: ARG002 - likewise
    ) -> AbstractContextManager[Span]:
        return _NOTHING


class _NoTracer:
    def root(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:  # noqa: ARG002
        return _NOTHING


NO_SPAN: Span = _NoSpan()
"""Takes everything and keeps nothing."""

NO_TRACER: Tracer = _NoTracer()
"""Opens such spans."""

_NOTHING = nullcontext(NO_SPAN)

_CURRENT: ContextVar[Span] = ContextVar("okg_span", default=NO_SPAN)


def current_span() -> Span:
    """Return the span that this thread works on."""
    return _CURRENT.get()


@contextmanager
def as_current(span: Span) -> Generator[None]:
    """Make a span the current one in the body; for implementations of spans."""
    token = _CURRENT.set(span)
    try:
        yield
    finally:
        _CURRENT.reset(token)
