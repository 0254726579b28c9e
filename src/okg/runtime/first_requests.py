"""First requests: what a process must know or write before it can start.

Later on everything is tried again by its controller; at the start a short trouble of the API server
would end the process.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying
from tenacity.retry import retry_if_exception_type
from tenacity.stop import stop_after_attempt
from tenacity.wait import wait_exponential

from okg.errors import Conflict, ServerError, StreamBroken, TimedOut, TooManyRequests
from okg.telemetry.logging import get_logger

_T = TypeVar("_T")

ATTEMPTS = 5
"""With pauses of 1, 2, 4 and 8 seconds: as long as an API server takes to start."""

_PASSING = (Conflict, ServerError, StreamBroken, TimedOut, TooManyRequests)
"""What may be over soon. A refused connection is more often a wrong address."""


def insist(request: Callable[[], _T], *, sleep: Callable[[float], None] = time.sleep) -> _T:
    """Return what a request returns, which is tried again a few times.

    Raises:
        ApiError: the last one, or the first that will not pass.
        TransportError: likewise.
    """
    attempts = Retrying(
        sleep=sleep,
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(),
        retry=retry_if_exception_type(_PASSING),
        before_sleep=_log,
        reraise=True,
    )
    return attempts(request)


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    get_logger("setup").warning(
        "the API server is not ready; trying again",
        attempt=state.attempt_number,
        seconds=state.upcoming_sleep,
        error=str(error),
    )
