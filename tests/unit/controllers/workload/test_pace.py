from datetime import timedelta

from okg.controllers.workload.pace import Pace
from okg.runtime.reconcile import Request

A, B = Request("games", "a"), Request("games", "b")


def test_the_next_time_waits_for_what_is_left_of_the_gap() -> None:
    pace = Pace(timedelta(seconds=2))
    pace.did(A, 10.0)

    assert pace.rest(A, 10.5) == timedelta(seconds=1.5)
    assert pace.rest(A, 12.0) is None
    assert pace.rest(B, 10.5) is None


def test_less_than_can_be_waited_for_is_nothing() -> None:
    pace = Pace(timedelta(seconds=0.5))
    pace.did(A, 36.269)

    assert pace.rest(A, 36.769 - 1e-9) is None


def test_a_set_that_is_gone_leaves_nothing_behind() -> None:
    pace = Pace(timedelta(seconds=2))
    pace.did(A, 10.0)
    pace.forget(A)
    pace.forget(B)

    assert pace.rest(A, 10.0) is None
