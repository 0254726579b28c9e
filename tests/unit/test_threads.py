"""Threads end with their owner."""

import threading

import pytest

from okg.context import Context
from okg.errors import Cancelled
from okg.threads import ThreadGroup


def test_the_first_failure_ends_the_others_and_is_raised() -> None:
    group = ThreadGroup(Context())
    ended: list[str] = []

    def wait(ctx: Context) -> None:
        ctx.wait()
        ended.append("waiter")

    def fail(_ctx: Context) -> None:
        raise ValueError("broken")

    group.start("waiter", wait)
    group.start("failing", fail)

    with pytest.raises(ValueError, match="broken"):
        group.join()
    assert ended == ["waiter"]


def test_cancellation_is_not_a_failure() -> None:
    group = ThreadGroup(Context())

    def work(ctx: Context) -> None:
        ctx.wait()
        raise Cancelled

    group.start("worker", work)
    group.stop()

    assert group.join() == []


def test_join_names_who_is_still_running_when_the_time_is_over() -> None:
    group = ThreadGroup(Context())
    release = threading.Event()
    group.start("stubborn", lambda _ctx: release.wait())

    late = group.join(timeout=0.01)
    release.set()

    assert late == ["okg-stubborn"]
    assert group.join() == []
