from collections.abc import Iterator

import pytest

from okg.errors import ApiError, Conflict, ConnectFailed, Forbidden, ServerError, TimedOut
from okg.runtime.first_requests import insist


class Script:
    """Raises one error after the other, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self._errors: Iterator[Exception] = iter(errors)
        self.pauses = list[float]()

    def ask(self) -> str:
        error = next(self._errors, None)
        if error is not None:
            raise error
        return "answer"


def test_what_may_pass_is_waited_for_longer_each_time() -> None:
    script = Script(
        ServerError(503, "", "busy"), TimedOut("slow"), Conflict(409, "Conflict", "changed")
    )

    assert insist(script.ask, sleep=script.pauses.append) == "answer"
    assert script.pauses == [1, 2, 4]


def test_after_five_attempts_the_last_error_is_raised_as_it_is() -> None:
    script = Script(*(ServerError(500, "", f"no {number}") for number in range(9)))

    with pytest.raises(ServerError, match="no 4"):
        insist(script.ask, sleep=script.pauses.append)

    assert script.pauses == [1, 2, 4, 8]


@pytest.mark.parametrize("error", [Forbidden(403, "", "no"), ConnectFailed("refused")])
def test_what_will_not_pass_is_not_tried_again(error: ApiError | ConnectFailed) -> None:
    script = Script(error)

    with pytest.raises(type(error)):
        insist(script.ask, sleep=script.pauses.append)

    assert script.pauses == []
