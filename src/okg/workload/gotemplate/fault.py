"""Fault: what goes wrong inside, before it is known in which line."""

from collections.abc import Generator
from contextlib import contextmanager


class Fault(Exception):
    """A template cannot be read or executed.

    Attributes:
        problem: what is wrong.
        offset: where in the template, in characters; None if all of it is to blame.
    """

    def __init__(self, problem: str, offset: int | None = None) -> None:
        super().__init__(problem, offset)
        self.problem = problem
        self.offset = offset


@contextmanager
def located(offset: int) -> Generator[None]:
    """Give a place to faults that have none yet."""
    try:
        yield
    except Fault as fault:
        if fault.offset is None:
            fault.offset = offset
        raise
