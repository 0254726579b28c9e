import pytest

from okg.testing.eventually import eventually


def test_the_first_truthy_answer_is_returned() -> None:
    answers = iter([0, None, "", "third", "fourth"])

    assert eventually(lambda: next(answers)) == "third"


def test_what_never_comes_is_reported_with_the_last_answer() -> None:
    with pytest.raises(AssertionError, match=r"not in 0 s; the last answer was \[\]"):
        eventually(list[object], within=0)


def test_an_error_is_not_taken_for_a_no() -> None:
    answers: dict[str, bool] = {}

    with pytest.raises(KeyError):
        eventually(lambda: answers["missing"])
