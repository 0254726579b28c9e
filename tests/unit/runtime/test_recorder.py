"""Events on their way to the server."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from okg.api.core import Event, ObjectReference, Pod
from okg.api.meta import ObjectMeta
from okg.context import Context
from okg.errors import (
    ConnectFailed,
    Forbidden,
    Invalid,
    NotFound,
    OkgError,
    StatusCause,
)
from okg.runtime.recorder import QUEUE_LIMIT, Recorder
from okg.threads import ThreadGroup

POD = Pod(metadata=ObjectMeta(namespace="games", name="lobby-0", uid="uid-1"))


class StepClock:
    """Waiting takes the time it says and no real time; waiting for ever ends the test."""

    def __init__(self) -> None:
        self.time = 0.0
        self.on_idle: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        if timeout is None:
            self.on_idle()
        else:
            self.time += timeout


class StoredEvents:
    """Keeps events as a server does, and fails as told."""

    def __init__(self, clock: StepClock) -> None:
        self.events: dict[str, Event] = {}
        self.failures: list[OkgError] = []
        self.tries = 0
        self.seconds_a_request = 0.0
        self._clock = clock

    def create(self, obj: Event) -> Event:
        self._request()
        self.events[obj.metadata.name] = obj
        return obj

    def patch(
        self, before: Event, after: Event, *, subresource: str = "", lock: bool = True
    ) -> Event:
        self._request()
        assert not lock
        stored = self.events.get(before.metadata.name)
        if stored is None:
            raise NotFound(404, "NotFound", "no such event")
        assert (before.count, before.message, before.last_timestamp) == (0, "", None)
        changed = replace(
            stored, count=after.count, message=after.message, last_timestamp=after.last_timestamp
        )
        self.events[before.metadata.name] = changed
        return changed

    def _request(self) -> None:
        self.tries += 1
        self._clock.time += self.seconds_a_request
        if self.failures:
            raise self.failures.pop(0)


def report(recorder: Recorder, reasons: Iterable[str]) -> None:
    for reason in reasons:
        recorder.normal(POD, reason, "x")


class Stage:
    """A recorder whose context ends as soon as it has nothing to do."""

    def __init__(self) -> None:
        self.clock = StepClock()
        self.server = StoredEvents(self.clock)
        self.registry = CollectorRegistry()
        self.recorder = Recorder(
            self.server, "gameserver-controller", registry=self.registry, clock=self.clock
        )

    def drain(self) -> None:
        ctx = Context(clock=self.clock)
        self.clock.on_idle = ctx.cancel
        self.recorder.run(ctx)

    def events(self) -> list[tuple[str, int]]:
        return [(event.message, event.count) for event in self.server.events.values()]

    def dropped(self, reason: str) -> float | None:
        return self.registry.get_sample_value("okg_events_dropped_total", {"reason": reason})


def test_an_event_is_written_with_its_object_type_and_source() -> None:
    stage = Stage()

    stage.recorder.warning(POD, "Broken", "it broke")
    stage.drain()

    (event,) = stage.server.events.values()
    assert event.involved_object == ObjectReference(
        api_version="v1", kind="Pod", namespace="games", name="lobby-0", uid="uid-1"
    )
    assert (event.type, event.reason, event.message) == ("Warning", "Broken", "it broke")
    assert event.source.component == "gameserver-controller"


def test_a_reference_will_do_for_an_object() -> None:
    stage = Stage()

    stage.recorder.normal(ObjectReference(kind="Pod", namespace="games", name="gone"), "Was", "x")
    stage.drain()

    (event,) = stage.server.events.values()
    assert (event.type, event.involved_object.name) == ("Normal", "gone")


def test_a_named_recorder_reports_as_another_component() -> None:
    stage = Stage()

    stage.recorder.named("kruise-game-webhook").normal(POD, "Seen", "x")
    stage.drain()

    (event,) = stage.server.events.values()
    assert event.source.component == "kruise-game-webhook"


def test_the_same_event_is_counted_by_a_patch() -> None:
    stage = Stage()

    stage.recorder.normal(POD, "Seen", "x")
    stage.recorder.normal(POD, "Seen", "x")
    stage.drain()

    assert stage.events() == [("x", 2)]


def test_an_event_that_expired_on_the_server_is_created_anew() -> None:
    stage = Stage()
    stage.recorder.normal(POD, "Seen", "x")
    stage.drain()
    stage.server.events.clear()

    stage.recorder.normal(POD, "Seen", "x")
    stage.drain()

    assert stage.events() == [("x", 2)]


def test_an_outage_is_waited_out() -> None:
    stage = Stage()
    stage.server.failures = [ConnectFailed("refused"), ConnectFailed("refused")]

    stage.recorder.normal(POD, "Seen", "x")
    stage.drain()

    assert stage.events() == [("x", 1)]
    assert stage.clock.time == 3.0


def test_after_nine_tries_an_event_is_given_up() -> None:
    stage = Stage()
    stage.server.failures = [ConnectFailed("refused") for _ in range(9)]

    stage.recorder.normal(POD, "Seen", "lost")
    stage.recorder.normal(POD, "Seen", "kept")
    stage.drain()

    assert stage.events() == [("kept", 1)]
    assert stage.dropped("refused") == 1.0


def test_a_refused_event_is_logged_and_not_tried_again() -> None:
    stage = Stage()
    stage.server.failures = [Invalid(422, "Invalid", "no good")]

    with capture_logs() as logs:
        stage.recorder.normal(POD, "Seen", "x")
        stage.drain()

    assert stage.server.tries == 1
    assert logs == [
        {
            "event": "event not written",
            "log_level": "warning",
            "reason": "Seen",
            "kind": "Pod",
            "namespace": "games",
            "name": "lobby-0",
            "error": "422 Invalid: no good",
        }
    ]


def test_events_in_a_namespace_that_goes_away_are_dropped_quietly() -> None:
    stage = Stage()
    cause = StatusCause(reason="NamespaceTerminating")
    stage.server.failures = [Forbidden(403, "Forbidden", "terminating", causes=(cause,))]

    with capture_logs() as logs:
        stage.recorder.normal(POD, "Seen", "x")
        stage.drain()

    assert [line["log_level"] for line in logs] == ["debug"]


def test_a_full_queue_drops_and_counts() -> None:
    stage = Stage()

    report(stage.recorder, [f"Seen{i}" for i in range(QUEUE_LIMIT + 3)])

    assert stage.dropped("queue_full") == 3.0


def test_spam_is_dropped_and_counted() -> None:
    stage = Stage()

    report(stage.recorder, ["Seen"] * 27)
    stage.drain()

    assert stage.events() == [("x", 25)]
    assert stage.dropped("spam") == 2.0


def test_a_stop_still_writes_what_was_reported_before() -> None:
    stage = Stage()
    ctx = Context(clock=stage.clock)
    stage.recorder.normal(POD, "Seen", "x")
    ctx.cancel()

    stage.recorder.run(ctx)

    assert stage.events() == [("x", 1)]


def test_a_stop_does_not_wait_for_a_slow_server() -> None:
    stage = Stage()
    stage.server.seconds_a_request = 1.0
    ctx = Context(clock=stage.clock)
    report(stage.recorder, ["One", "Two", "Three", "Four", "Five"])
    ctx.cancel()

    stage.recorder.run(ctx)

    assert len(stage.events()) == 2
    assert stage.dropped("stopped") == 3.0


def test_a_stop_does_not_wait_for_a_server_that_is_away() -> None:
    stage = Stage()
    stage.server.failures = [ConnectFailed("refused") for _ in range(5)]
    ctx = Context(clock=stage.clock)
    stage.recorder.normal(POD, "Seen", "x")
    ctx.cancel()

    stage.recorder.run(ctx)

    assert stage.server.tries == 1


def test_reports_from_many_threads_wake_the_writer() -> None:
    server = StoredEvents(StepClock())
    recorder = Recorder(server, "test")
    ctx = Context()
    writer = ThreadGroup(ctx)
    reporters = ThreadGroup(Context())
    writer.start("recorder-0", recorder.run)

    reporters.start("reporter-0", lambda _: report(recorder, ["One", "Two", "Three"]))
    reporters.start("reporter-1", lambda _: report(recorder, ["Four", "Five", "Six"]))
    reporters.join()
    ctx.cancel()
    writer.join()

    reasons = {event.reason for event in server.events.values()}
    assert reasons == {"One", "Two", "Three", "Four", "Five", "Six"}
