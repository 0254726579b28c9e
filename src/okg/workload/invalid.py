"""InvalidField: a value of the user's that cannot be acted on."""

from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

from okg.errors import OkgError

_P = ParamSpec("_P")
_T = TypeVar("_T")

MOST_TOLD = 20
"""Problems that one message names: a list can hold a million of them."""

_QUOTED = 40


class InvalidField(OkgError):
    """A field of somebody's object makes no sense; the message says what to write instead.

    Attributes:
        field: path of the field, e.g. ``spec.reserveGameServerIds[2]``.
        problem: what is wrong with it.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def attempt(read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | InvalidField:
    """Return what a reader returns, or raises: to go on after the first problem."""
    try:
        return read(*args, **kwargs)
    except InvalidField as problem:
        # A copy, because the raised one keeps its frames alive.
        return InvalidField(problem.field, problem.problem)


def raise_first(problems: Iterable[InvalidField]) -> None:
    """Raise the first problem, if there is one.

    Raises:
        InvalidField: a copy of it, because what is raised again and again grows its traceback.
    """
    for problem in problems:
        raise InvalidField(problem.field, problem.problem)


def join_problems(problems: Sequence[InvalidField]) -> str:
    """Return the problems as one text, empty for none."""
    told = [str(problem) for problem in problems[:MOST_TOLD]]
    more = len(problems) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])


def shown(text: str) -> str:
    """Return as much of a wrong value as a message repeats."""
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
