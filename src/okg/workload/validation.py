"""Validation: whether a set may be stored, and what to tell whoever stores it.

A mistake that is stored already is told but not refused: an object that somebody has can always be
edited, whatever rules were added since.
"""

from collections.abc import Collection, Iterator

import msgspec

from okg.api.game import GameServerSet
from okg.workload.invalid import InvalidField

NETWORK_TYPE_FIELD = "spec.network.networkType"


class Verdict(msgspec.Struct, frozen=True):
    """What admission answers.

    Attributes:
        refusal: why the set is not stored, empty if it is.
        warnings: what the user should know either way.
    """

    refusal: str = ""
    warnings: tuple[str, ...] = ()


def validate_set(
    new: GameServerSet, old: GameServerSet | None, plugins: Collection[str]
) -> Verdict:
    """Return whether a set may be stored.

    Args:
        new: the set as it shall be.
        old: the set as it is, None when it is created.
        plugins: names of the network plugins that are enabled.
    """
    errors = [*_network_errors(new, plugins), *_transition_errors(new, old)]
    stored = {str(error) for error in _network_errors(old, plugins)} if old else set[str]()
    fresh = [error for error in map(str, errors) if error not in stored]
    known = tuple(error for error in map(str, errors) if error in stored)
    if new.metadata.deletion_timestamp is not None:
        return Verdict(warnings=(*fresh, *known))
    return Verdict(refusal="; ".join(fresh), warnings=known)


def _network_errors(gss: GameServerSet, plugins: Collection[str]) -> Iterator[InvalidField]:
    network = gss.spec.network if gss.spec else None
    if network is None:
        return
    names = " ".join(sorted(plugins))
    if not network.network_type:
        yield InvalidField(NETWORK_TYPE_FIELD, f"network type is required; write one of [{names}]")
    elif network.network_type not in plugins:
        yield InvalidField(
            NETWORK_TYPE_FIELD,
            f'"{network.network_type}" is unknown: network type must be one of [{names}]',
        )


def _transition_errors(new: GameServerSet, old: GameServerSet | None) -> Iterator[InvalidField]:
    """Yield what is wrong with the change and not with the set."""
    before = old.spec.network if old and old.spec else None
    after = new.spec.network if new.spec else None
    if before is None or after is None or before.network_type in {"", after.network_type}:
        return
    yield InvalidField(
        NETWORK_TYPE_FIELD,
        f'change network type is not allowed; keep "{before.network_type}", or remove the '
        "network first",
    )
