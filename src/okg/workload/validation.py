"""Validation: whether a set may be stored, and what to tell whoever stores it.

A mistake that is stored already is told but not refused: an object that somebody has can always be
edited, whatever rules were added since.
"""

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from okg.api.game import GameServerSet
from okg.workload.action_rules import action_cautions
from okg.workload.invalid import MOST_TOLD, InvalidField, attempt, join_problems
from okg.workload.network_rules import (
    Networks,
    network_cautions,
    network_change_problems,
    network_problems,
)
from okg.workload.ordinals import repeated_ordinal
from okg.workload.probe_rules import probe_cautions
from okg.workload.problems import find_problems
from okg.workload.scaling import RESERVE_FIELD
from okg.workload.template import read_metadata
from okg.workload.template_rules import label_cautions
from okg.workload.update_rules import excess_problems, strategy_cautions

_INDEX = re.compile(r"\[[0-9]+\]")


class Verdict(msgspec.Struct, frozen=True):
    """What admission answers.

    Attributes:
        refusal: why the set is not stored, empty if it is.
        warnings: what the user should know either way.
    """

    refusal: str = ""
    warnings: tuple[str, ...] = ()


def validate_set(
    new: GameServerSet, old: GameServerSet | None, networks: Networks | None
) -> Verdict:
    """Return whether a set may be stored.

    Args:
        new: the set as it shall be.
        old: the set as it is, None when it is created.
        networks: which there are; None where only the manager knows.
    """
    stored = Counter(_anywhere(problem) for problem in (_problems(old, networks) if old else ()))
    fresh, tolerated = list[InvalidField](), list[InvalidField]()
    for problem in _problems(new, networks):
        mistake = _anywhere(problem)
        (tolerated if stored[mistake] > 0 else fresh).append(problem)
        stored[mistake] -= 1
    if new.metadata.deletion_timestamp is not None:
        return Verdict(warnings=_warnings(*fresh, *tolerated))
    if old is not None:
        fresh.extend(network_change_problems(new, old))
    return Verdict(
        refusal=join_problems(fresh), warnings=_warnings(*tolerated, *_cautions(new, networks))
    )


def _anywhere(problem: InvalidField) -> str:
    """Return a problem without its places in lists, which move when other items come and go."""
    return _INDEX.sub("[]", str(problem))


def _warnings(*problems: InvalidField) -> tuple[str, ...]:
    return tuple(str(problem) for problem in problems[:MOST_TOLD])


def _problems(gss: GameServerSet, networks: Networks | None) -> Iterator[InvalidField]:
    yield from network_problems(gss, networks)
    if gss.spec is not None:
        yield from find_problems(gss, None).all
        yield from excess_problems(gss.spec)


def _cautions(gss: GameServerSet, networks: Networks | None) -> Iterator[InvalidField]:
    if gss.spec is None:
        return
    yield from network_cautions(gss, networks)
    yield from strategy_cautions(gss.spec)
    again = repeated_ordinal(gss.spec.reserve_game_server_ids, RESERVE_FIELD)
    if again is not None:
        yield again
    yield from probe_cautions(gss.spec.service_qualities)
    yield from action_cautions(gss.spec.service_qualities or ())
    metadata = attempt(read_metadata, gss.spec.game_server_template)
    if not isinstance(metadata, InvalidField):
        yield from label_cautions(metadata.labels, gss.metadata.name)
