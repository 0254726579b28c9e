"""Which conditions are written next."""

import pytest

from okg.api.core import PodCondition
from okg.workload.native.probing.outbox import Outbox, PodRef, Write

ONE, TWO = PodRef("games", "xxx-0", "one"), PodRef("games", "xxx-1", "two")


def a_condition(message: str = "") -> PodCondition:
    return PodCondition(type="idle", status="True", message=message)


def taken(outbox: Outbox, now: float) -> Write:
    write = outbox.take(now)
    assert isinstance(write, Write)
    return write


def put(outbox: Outbox, pod: PodRef, type_: str, now: float, *, urgent: bool = True) -> None:
    outbox.put(pod, type_, a_condition(f"{type_} {now:g}"), now, urgent=urgent)


def test_what_changes_within_a_fifth_of_a_second_is_one_write() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0)
    put(outbox, ONE, "full", 0.1)
    put(outbox, ONE, "idle", 0.15)

    assert outbox.take(0.1) == pytest.approx(0.1)
    assert taken(outbox, 0.2) == Write(
        ONE, {"idle": a_condition("idle 0.15"), "full": a_condition("full 0.1")}
    )
    assert outbox.take(9) is None
    assert len(outbox) == 0


def test_what_changes_during_a_write_is_written_after_it() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0)
    write = taken(outbox, 1)
    put(outbox, ONE, "idle", 1.1)

    assert outbox.take(5) is None
    outbox.done(write, 5)
    assert taken(outbox, 5).conditions == {"idle": a_condition("idle 1.1")}


def test_states_go_before_messages() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0, urgent=False)
    put(outbox, TWO, "idle", 1)

    assert taken(outbox, 2).pod is TWO
    assert taken(outbox, 2).pod is ONE


def test_a_state_takes_the_message_of_its_pod_along() -> None:
    outbox = Outbox()
    put(outbox, TWO, "idle", 0, urgent=False)
    put(outbox, ONE, "full", 0, urgent=False)
    put(outbox, ONE, "idle", 1)

    assert set(taken(outbox, 2).conditions) == {"idle", "full"}


def test_a_message_that_changes_all_the_time_is_written_every_ten_seconds() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0, urgent=False)
    outbox.done(taken(outbox, 0.2), 0.3)

    put(outbox, ONE, "idle", 3, urgent=False)
    put(outbox, ONE, "idle", 6, urgent=False)

    assert outbox.take(6) == pytest.approx(4.2)
    assert taken(outbox, 10.2).conditions == {"idle": a_condition("idle 6")}


def test_a_first_message_after_a_state_does_not_wait() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0)
    outbox.done(taken(outbox, 0.2), 0.3)

    put(outbox, ONE, "idle", 3, urgent=False)

    assert taken(outbox, 3.2).pod is ONE


def test_a_state_does_not_wait_for_the_message_before_it() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0, urgent=False)
    outbox.done(taken(outbox, 0.2), 0.3)
    put(outbox, ONE, "idle", 1, urgent=False)

    put(outbox, ONE, "idle", 2)

    assert taken(outbox, 2.2).conditions == {"idle": a_condition("idle 2")}


def test_a_failed_write_is_made_again_later_and_later() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0)

    outbox.again(taken(outbox, 1), 1)
    assert outbox.take(1) == pytest.approx(1)
    outbox.again(taken(outbox, 2), 2)
    assert outbox.take(2) == pytest.approx(2)
    outbox.done(taken(outbox, 4), 4)
    put(outbox, ONE, "idle", 5)

    assert outbox.take(5) == pytest.approx(0.2)


def test_something_newer_takes_the_place_of_what_failed_and_waits_as_long() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0)
    put(outbox, ONE, "full", 0)
    write = taken(outbox, 1)
    put(outbox, ONE, "idle", 1.5)

    outbox.again(write, 2)
    put(outbox, ONE, "more", 2.1)

    assert outbox.take(2.5) == pytest.approx(0.5)
    assert taken(outbox, 3).conditions == {
        "idle": a_condition("idle 1.5"),
        "full": a_condition("full 0"),
        "more": a_condition("more 2.1"),
    }


def test_writes_come_at_a_bounded_rate() -> None:
    outbox = Outbox(rate=10, burst=2)
    pods = [PodRef("games", f"xxx-{number}", str(number)) for number in range(3)]
    for pod in pods:
        put(outbox, pod, "idle", 0)

    assert [taken(outbox, 1).pod, taken(outbox, 1).pod] == pods[:2]
    assert outbox.take(1) == pytest.approx(0.1)
    assert taken(outbox, 1.1).pod == pods[2]


def test_nothing_is_written_of_a_pod_that_is_gone() -> None:
    outbox = Outbox()
    put(outbox, ONE, "idle", 0)
    put(outbox, TWO, "idle", 0)
    write = taken(outbox, 1)

    outbox.forget(write.pod)
    outbox.forget(TWO)
    outbox.again(write, 2)
    outbox.done(write, 2)

    assert outbox.take(50) is None
