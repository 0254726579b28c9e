"""Contexts end together and wake whoever waits."""

import threading
from datetime import UTC, datetime

import pytest

from okg.context import Context
from okg.errors import Cancelled


class StoppedClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        assert timeout is not None
        self.seconds += timeout


def test_a_child_ends_with_its_parent_but_not_the_other_way_round() -> None:
    parent = Context()
    first, second = parent.child(), parent.child()

    first.cancel()
    alive = (parent.done, second.done)
    parent.cancel()

    assert alive == (False, False)
    assert second.done


def test_a_child_of_an_ended_context_is_born_ended() -> None:
    parent = Context()
    parent.cancel()

    assert parent.child().done


def test_sleep_tells_whether_it_was_a_full_one() -> None:
    ctx = Context(clock=StoppedClock())

    slept = ctx.sleep(5.0)
    ctx.cancel()

    assert slept
    assert not ctx.sleep(5.0)


def test_a_deadline_cuts_a_sleep_short_and_is_inherited() -> None:
    clock = StoppedClock()
    with Context(clock=clock).deadline(3.0) as limited:
        inner = limited.child()

        slept = inner.sleep(60.0)

        assert not slept
        assert clock.seconds == 103.0
        assert inner.done
        assert inner.remaining() == 0.0


def test_check_raises_once_the_context_is_done() -> None:
    ctx = Context()
    ctx.check()
    ctx.cancel()

    with pytest.raises(Cancelled):
        ctx.check()


def test_cancellation_wakes_a_sleeper_and_calls_back() -> None:
    ctx = Context()
    woken = threading.Event()
    called: list[str] = []
    ctx.on_cancel(lambda: called.append("yes"))
    forget = ctx.on_cancel(lambda: called.append("forgotten"))
    forget()

    def sleep() -> None:
        ctx.sleep(60.0)
        woken.set()

    sleeper = threading.Thread(target=sleep)
    sleeper.start()

    ctx.cancel()
    sleeper.join()

    assert woken.is_set()
    assert called == ["yes"]


def test_a_callback_on_an_ended_context_is_called_at_once() -> None:
    ctx = Context()
    ctx.cancel()
    called: list[str] = []

    ctx.on_cancel(lambda: called.append("yes"))

    assert called == ["yes"]
