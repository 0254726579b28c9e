"""Which Event is written for what happened."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from okg.api.core import Event, EventSource, ObjectReference
from okg.api.meta import ObjectMeta
from okg.runtime.event_correlator import REMEMBERED, EventCorrelator, Occurrence

AT = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
LOBBY = ObjectReference(
    api_version="game.kruise.io/v1alpha1",
    kind="GameServerSet",
    namespace="games",
    name="lobby",
    uid="uid-1",
    resource_version="7",
)


def _occurrence(
    message: str = "scale from 1 to 2",
    *,
    about: ObjectReference = LOBBY,
    at: datetime = AT,
    component: str = "gameserverset-controller",
) -> Occurrence:
    return Occurrence(
        about=about,
        type="Normal",
        reason="Scale",
        message=message,
        source=EventSource(component=component),
        at=at,
    )


def _written(correlator: EventCorrelator, occurrence: Occurrence, now: float = 0.0) -> Event:
    event = correlator.observe(occurrence, now)
    assert event is not None
    return event


def test_the_first_time_makes_a_whole_event() -> None:
    event = EventCorrelator().observe(_occurrence(), 0.0)

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert event == Event(
        metadata=ObjectMeta(name="lobby.1886caf2450d6320", namespace="games"),
        involved_object=LOBBY,
        reason="Scale",
        message="scale from 1 to 2",
        type="Normal",
        count=1,
        source=EventSource(component="gameserverset-controller"),
        first_timestamp=at,
        last_timestamp=at,
        reporting_component="gameserverset-controller",
    )


def test_the_same_again_is_counted_on_the_same_event() -> None:
    correlator = EventCorrelator()
    first = _written(correlator, _occurrence())

    later = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    second = _written(correlator, _occurrence(at=later))

    assert second.metadata == first.metadata
    assert second.count == 2
    assert second.first_timestamp == first.first_timestamp
    assert second.last_timestamp == later


def test_another_version_of_the_object_is_the_same_object() -> None:
    correlator = EventCorrelator()
    _written(correlator, _occurrence())

    newer = ObjectReference(
        api_version="game.kruise.io/v1alpha1",
        kind="GameServerSet",
        namespace="games",
        name="lobby",
        uid="uid-1",
        resource_version="8",
    )

    assert _written(correlator, _occurrence(about=newer)).count == 2


def test_another_object_of_the_name_gets_an_event_of_its_own() -> None:
    correlator = EventCorrelator()
    first = _written(correlator, _occurrence())

    second = _written(correlator, _occurrence(about=ObjectReference(name="lobby", uid="uid-2")))

    assert second.count == 1
    assert second.metadata.name != first.metadata.name


def test_another_source_gets_an_event_of_its_own() -> None:
    correlator = EventCorrelator()
    _written(correlator, _occurrence())

    assert _written(correlator, _occurrence(component="other")).count == 1


def test_an_object_without_namespace_is_reported_in_default() -> None:
    node = ObjectReference(api_version="v1", kind="Node", name="node-1")

    event = _written(EventCorrelator(), _occurrence(about=node))

    assert event.metadata.namespace == "default"


def test_the_tenth_message_of_a_kind_is_combined_and_then_counted() -> None:
    correlator = EventCorrelator()
    nine = [_written(correlator, _occurrence(f"message {i}")) for i in range(9)]

    tenth = _written(correlator, _occurrence("message 9"))
    eleventh = _written(correlator, _occurrence("message 10"))

    assert [event.message for event in nine][-1] == "message 8"
    assert tenth.message == "(combined from similar events): message 9"
    assert tenth.count == 1
    assert eleventh.message == "(combined from similar events): message 10"
    assert eleventh.count == 2
    assert eleventh.metadata == tenth.metadata


def test_a_message_seen_before_the_combining_keeps_its_own_event() -> None:
    correlator = EventCorrelator()
    early = [_written(correlator, _occurrence(f"message {i}")) for i in range(10)]

    again = _written(correlator, _occurrence("message 0"))

    assert again.metadata == early[0].metadata
    assert again.count == 2


def test_combining_ends_after_ten_quiet_minutes() -> None:
    correlator = EventCorrelator()
    [_written(correlator, _occurrence(f"message {i}")) for i in range(10)]

    still = _written(correlator, _occurrence("message 10"), 600.0)
    afresh = _written(correlator, _occurrence("message 11"), 1200.1)

    assert still.message == "(combined from similar events): message 10"
    assert afresh.message == "message 11"


def test_after_25_events_a_source_may_report_once_in_five_minutes() -> None:
    correlator = EventCorrelator()
    burst = [correlator.observe(_occurrence(), 0.0) for _ in range(25)]

    at_once = correlator.observe(_occurrence(), 0.0)
    early = correlator.observe(_occurrence(), 299.0)
    due = correlator.observe(_occurrence(), 300.0)
    next_one = correlator.observe(_occurrence(), 301.0)

    assert None not in burst
    assert at_once is None
    assert early is None
    assert due is not None
    assert due.count == 28
    assert next_one is None


def test_spam_about_one_object_does_not_silence_another() -> None:
    correlator = EventCorrelator()
    [correlator.observe(_occurrence(), 0.0) for _ in range(30)]

    other = correlator.observe(_occurrence(about=ObjectReference(name="arena")), 0.0)

    assert other is not None


def test_long_messages_are_cut_at_1024_bytes_between_characters() -> None:
    event = _written(EventCorrelator(), _occurrence("ü" * 600))

    assert event.message == "ü" * 510 + "..."


def test_half_a_surrogate_pair_does_no_harm() -> None:
    event = _written(EventCorrelator(), _occurrence("bad \ud800 name"))

    assert event.message == "bad ? name"


def test_a_long_object_name_leaves_room_for_the_suffix() -> None:
    about = ObjectReference(kind="Pod", namespace="games", name="a" * 253)

    event = _written(EventCorrelator(), _occurrence(about=about))

    assert len(event.metadata.name) == 253
    assert event.metadata.name.endswith("a.1886caf2450d6320")


def test_what_is_remembered_is_bounded() -> None:
    correlator = EventCorrelator()
    _written(correlator, _occurrence())

    others = [ObjectReference(name=f"pod-{i}") for i in range(REMEMBERED)]
    [correlator.observe(_occurrence(about=about), 0.0) for about in others]

    assert _written(correlator, _occurrence()).count == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 15), st.floats(0.0, 400.0)), max_size=80
    )
)
def test_every_count_is_preceded_by_one_less(steps: list[tuple[str, int, float]]) -> None:
    correlator = EventCorrelator()
    now = 0.0
    counts: dict[str, int] = {}
    skipped = 0
    for name, message, pause in steps:
        now += pause
        about = ObjectReference(name=name)
        event = correlator.observe(_occurrence(f"message {message}", about=about), now)
        if event is None:
            skipped += 1
            continue
        before = counts.get(event.metadata.name, 0)
        assert before < event.count <= before + 1 + skipped
        counts[event.metadata.name] = event.count
