"""Waiting for what a real server does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.05


def eventually(probe: Callable[[], T], *, within: float = 10.0, every: float = _POLL_SECONDS) -> T:
    """Return the first truthy answer of ``probe``.

    Args:
        probe: asked again and again; what it raises is raised.
        within: seconds to go on asking.
        every: seconds between two questions; more for a question that costs the server much.

    Raises:
        AssertionError: there was none in time; tells the last answer.
    """
    end = time.monotonic() + within
    while not (answer := probe()):
        if time.monotonic() >= end:
            raise AssertionError(f"not in {within:g} s; the last answer was {answer!r}")
        time.sleep(every)
    return answer
