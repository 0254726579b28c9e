"""Spans as the rest of the code sees them, with OpenTelemetry and without any tracer."""

import threading
from collections.abc import Callable
from contextvars import copy_context

import pytest
from opentelemetry.trace import SpanKind, get_current_span

from okg.telemetry.span_ids import add_span_ids
from okg.telemetry.trace_parent import TraceParent
from okg.telemetry.tracing import NO_SPAN, NO_TRACER, Span, current_span
from unit.recorded_spans import RecordedSpans, events_of, is_child, status_of

LOBBY = {"k8s.namespace.name": "games"}


def test_without_a_tracer_everything_is_taken_and_nothing_kept() -> None:
    with NO_TRACER.root("reconcile", LOBBY) as span, span.child("step", {"a": 1}) as step:
        step.set({"a": 2})
        step.event("happened", {"b": 3})
        step.link(TraceParent("1" * 32, "2" * 16, sampled=True), "because")
        step.fail("no", ValueError())
        step.succeed()

        assert (span, step, current_span()) == (NO_SPAN, NO_SPAN, NO_SPAN)
        assert step.parent is None


def test_a_root_is_a_server_span_of_its_own_trace_and_the_current_one_meanwhile() -> None:
    spans = RecordedSpans()

    with spans.tracer.root("first", LOBBY) as first:
        assert current_span() is first
        with spans.tracer.root("second", {}):
            pass
    with spans.tracer.root("third", {}):
        pass

    assert current_span() is NO_SPAN
    assert [span.parent for span in spans.all] == [None, None, None]
    assert len({span.context.trace_id for span in spans.all}) == 3
    assert {span.kind for span in spans.all} == {SpanKind.SERVER}
    assert spans.told("first") == LOBBY


def test_a_child_is_an_internal_span_below_it() -> None:
    spans = RecordedSpans()

    with spans.tracer.root("whole", {}) as whole, whole.child("part", LOBBY) as part:
        assert current_span() is part
        part.set({"k8s.node.name": "n"})

    assert is_child(spans.one("part"), spans.one("whole"))
    assert spans.one("part").kind is SpanKind.INTERNAL
    assert spans.told("part") == {"k8s.namespace.name": "games", "k8s.node.name": "n"}


def test_spans_of_opentelemetrys_own_would_be_below_ours() -> None:
    spans = RecordedSpans()

    with spans.tracer.root("whole", {}) as whole:
        assert whole.parent is not None
        assert f"{get_current_span().get_span_context().span_id:016x}" == whole.parent.span_id


def test_an_exception_that_leaves_a_span_is_its_failure() -> None:
    spans = RecordedSpans()

    with pytest.raises(KeyError), spans.tracer.root("whole", {}):
        raise KeyError("port")

    assert status_of(spans.one("whole")) == ("ERROR", "'port'")
    [event] = spans.one("whole").events
    assert event.name == "exception"
    assert event.attributes is not None
    assert event.attributes["exception.type"] == "KeyError"
    assert event.attributes["exception.message"] == "'port'"


def _first_good(span: Span) -> None:
    span.succeed()
    span.fail("too late")


def _first_bad(span: Span) -> None:
    span.fail("no port is free")
    span.succeed()
    span.fail("another")


def test_the_first_word_about_the_outcome_is_the_last() -> None:
    spans = RecordedSpans()

    with spans.tracer.root("good", {}) as span:
        _first_good(span)
    with spans.tracer.root("bad", {}) as span:
        _first_bad(span)
    with spans.tracer.root("open", {}):
        pass

    assert status_of(spans.one("good")) == ("OK", None)
    assert status_of(spans.one("bad")) == ("ERROR", "no port is free")
    assert status_of(spans.one("open")) == ("UNSET", None)


def test_events_and_links_say_what_led_to_what() -> None:
    spans = RecordedSpans()
    cause = TraceParent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled=True)

    with spans.tracer.root("whole", {}) as whole:
        whole.event("happened", {"count": 3})
        whole.link(cause, "triggered_by_reconcile")

    span = spans.one("whole")
    assert events_of(span) == ["happened"]
    assert dict(span.events[0].attributes or {}) == {"count": 3}
    [link] = span.links
    assert link.context.trace_id == int(cause.trace_id, 16)
    assert link.context.span_id == int(cause.span_id, 16)
    assert link.context.trace_flags.sampled
    assert dict(link.attributes or {}) == {"link.reason": "triggered_by_reconcile"}


def test_a_span_that_is_not_sampled_has_ids_and_says_so() -> None:
    spans = RecordedSpans(rate=0.0)

    with spans.tracer.root("whole", {}) as whole, whole.child("part") as part:
        known, below = whole.parent, part.parent

    assert spans.names == []
    assert known is not None
    assert below is not None
    assert str(known).endswith("-00")
    assert known.trace_id == below.trace_id


def test_a_record_within_a_span_has_its_ids() -> None:
    spans = RecordedSpans()

    with spans.tracer.root("whole", {}) as whole:
        record = add_span_ids(None, "info", {"event": "x"})

    assert whole.parent is not None
    assert record == {
        "event": "x",
        "trace_id": whole.parent.trace_id,
        "span_id": whole.parent.span_id,
    }
    assert add_span_ids(None, "info", {"event": "x"}) == {"event": "x"}


def test_a_thread_has_no_span_unless_it_was_given_the_context() -> None:
    spans = RecordedSpans()
    seen: list[Span] = []

    def look() -> None:
        seen.append(current_span())

    with spans.tracer.root("whole", {}) as whole:
        ours = copy_context()
        _run_in_a_thread(look)
        _run_in_a_thread(lambda: ours.run(look))

    assert seen == [NO_SPAN, whole]


def _run_in_a_thread(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
