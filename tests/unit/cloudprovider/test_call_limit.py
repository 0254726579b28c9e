"""Calls that may hang."""

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from okg.cloudprovider.call_limit import CallLimit
from okg.context import Context
from okg.errors import Cancelled
from okg.testing.clock import FakeClock
from okg.threads import ThreadGroup


@contextmanager
def _hanging(calls: CallLimit) -> Generator[None]:
    """Take one place with a call that was given up and still hangs."""
    hold, entered, ended = threading.Event(), threading.Event(), threading.Event()

    def hang(_ctx: Context) -> None:
        entered.set()
        hold.wait(30)
        ended.set()

    ctx = Context()
    group = ThreadGroup(Context())
    group.start("caller", lambda _: calls.call(ctx, hang))
    entered.wait(10)
    ctx.cancel()
    group.join()
    try:
        yield
    finally:
        hold.set()
        ended.wait(10)


def test_a_call_returns_what_its_function_returns() -> None:
    assert CallLimit("test", 1).call(Context(), lambda _: 7) == 7


def test_a_call_raises_what_its_function_raises() -> None:
    def fail(_ctx: Context) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        CallLimit("test", 1).call(Context(), fail)


def test_a_call_runs_in_a_thread_of_its_own_that_says_whose_it_is() -> None:
    name = CallLimit("plugin-a", 1).call(Context(), lambda _: threading.current_thread().name)

    assert name == "okg-plugin-a-1"


def test_whoever_waits_for_a_call_is_let_go_when_its_context_ends() -> None:
    calls = CallLimit("test", 1)
    ctx = Context()
    hold = threading.Event()

    def hang(_ctx: Context) -> None:
        ctx.cancel()
        hold.wait(30)

    with pytest.raises(Cancelled):
        calls.call(ctx, hang)
    hold.set()
    calls.join()


def test_whoever_waits_for_a_call_is_let_go_when_time_is_over() -> None:
    calls, clock = CallLimit("test", 1), FakeClock()
    hold = threading.Event()

    def hang(_ctx: Context) -> None:
        clock.advance(9)
        hold.wait(30)

    with Context(clock=clock).deadline(8) as limited, pytest.raises(Cancelled):
        calls.call(limited, hang)
    hold.set()
    calls.join()


def test_the_call_itself_sees_that_nobody_waits_any_more() -> None:
    calls = CallLimit("test", 1)
    ctx = Context()
    seen: list[bool] = []

    def look(inner: Context) -> None:
        ctx.cancel()
        inner.wait()
        seen.append(inner.done)

    with suppress(Cancelled):
        calls.call(ctx, look)
    calls.join()

    assert seen == [True]


def test_a_call_that_was_given_up_keeps_its_place_until_it_returns() -> None:
    calls = CallLimit("test", 2)

    with _hanging(calls):
        assert calls.call(Context(), lambda _: 1) == 1
        with _hanging(calls), Context().deadline(0.01) as limited, pytest.raises(Cancelled):
            calls.call(limited, lambda _: 2)
        assert calls.call(Context(), lambda _: 3) == 3


def test_a_caller_without_a_place_is_let_go_when_its_context_ends() -> None:
    calls, clock = CallLimit("test", 1), FakeClock()
    ctx = Context(clock=clock)
    group = ThreadGroup(Context())

    with _hanging(calls):
        group.start("second", lambda _: calls.call(ctx, lambda _: 2))
        clock.until_waiting(1)
        ctx.cancel()
        assert group.join(10) == []


def test_a_caller_without_a_place_gets_the_one_that_becomes_free() -> None:
    calls, clock = CallLimit("test", 1), FakeClock()
    results: list[int] = []
    group = ThreadGroup(Context())

    with _hanging(calls):
        group.start(
            "second", lambda _: results.append(calls.call(Context(clock=clock), lambda _: 2))
        )
        clock.until_waiting(1)
    assert group.join(10) == []

    assert results == [2]


def test_whoever_begins_a_call_does_not_wait_for_a_place() -> None:
    calls = CallLimit("test", 1)

    with _hanging(calls):
        begun = [calls.begin(partial(int, number)) for number in range(3)]
        states = [future.running() or future.done() for future in begun]
    calls.join()

    assert states == [False, False, False]
    assert [future.result(10) for future in begun] == [0, 1, 2]


def test_what_is_given_up_before_it_has_a_place_is_never_begun() -> None:
    calls = CallLimit("test", 1)
    called: list[int] = []

    with (
        _hanging(calls),
        Context().deadline(0.01) as limited,
        suppress(Cancelled),
    ):
        calls.call(limited, lambda _: called.append(1))
    calls.join()

    assert called == []
