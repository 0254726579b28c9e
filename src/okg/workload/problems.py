"""Problems: what in a set cannot be acted on, and what is still done about the rest."""

from collections.abc import Callable

import msgspec

from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.invalid import InvalidField
from okg.workload.scaling import check_size, read_explicit, read_workload_reservations, spec_of
from okg.workload.template import check_template


class Problems(msgspec.Struct, frozen=True):
    """What a user has to change.

    Attributes:
        size: keeps the set from being scaled.
        template: keeps its pods from being made anew.
    """

    size: tuple[InvalidField, ...] = ()
    template: tuple[InvalidField, ...] = ()

    @property
    def all(self) -> tuple[InvalidField, ...]:
        """Everything that has to be changed."""
        return self.size + self.template


def find_problems(gss: GameServerSet, workload: AdvancedStatefulSet | None) -> Problems:
    """Return what is wrong with a set; its workload too, where somebody edited it by hand."""
    size = [lambda: check_size(gss), lambda: read_explicit(gss)]
    if workload is not None:
        size.append(lambda: read_workload_reservations(workload))
    return Problems(
        size=tuple(problem for check in size for problem in _problem(check)),
        template=_problem(lambda: check_template(spec_of(gss).game_server_template)),
    )


def _problem(check: Callable[[], object]) -> tuple[InvalidField, ...]:
    try:
        check()
    except InvalidField as problem:
        return (problem,)
    return ()
