from datetime import timedelta

from okg.controllers.gameserverset.write_pace import WritePace
from okg.runtime.reconcile import Request

A, B = Request("games", "a"), Request("games", "b")


def test_the_second_write_of_a_set_waits_for_the_rest_of_the_gap() -> None:
    pace = WritePace(timedelta(seconds=2))

    pace.wrote(A, 10.0)

    assert pace.rest(A, 10.5) == timedelta(seconds=1.5)
    assert pace.rest(A, 12.0) is None


def test_sets_do_not_wait_for_each_other_or_for_one_of_their_name_that_is_gone() -> None:
    pace = WritePace()

    pace.wrote(A, 10.0)
    other = pace.rest(B, 10.0)
    pace.forget(A)

    assert other is None
    assert pace.rest(A, 10.0) is None
