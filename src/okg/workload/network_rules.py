"""What a set may say of its network.

The wording of OpenKruiseGame is part of each message, because people search for it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from okg.api.game import GameServerSet, Network, NetworkConfParam
from okg.workload.invalid import InvalidField, attempt, shown
from okg.workload.template import read_container_names

NETWORK_TYPE = "spec.network.networkType"
NETWORK_CONF = "spec.network.networkConf"


class Findings(msgspec.Struct, frozen=True):
    """What is found in the parameters of a network.

    Attributes:
        fatal: there is no network because of these.
        doubtful: malformed, and passed over where they are stored already.
        idle: mean nothing.
        containers: whom they are about, with the parameters that say so.
    """

    fatal: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    containers: tuple[tuple[str, str], ...] = ()


Check: TypeAlias = Callable[[Sequence[NetworkConfParam]], Findings]
"""Looks at the parameters of one network type."""


class Networks(msgspec.Struct, frozen=True):
    """Which networks there are.

    Attributes:
        checks: by network type; of all that can be used.
        missing: why others cannot, by network type.
    """

    checks: Mapping[str, Check] = {}
    missing: Mapping[str, str] = {}


def network_problems(gss: GameServerSet, networks: Networks | None) -> Iterator[InvalidField]:
    """Yield what must not be stored; nothing if it is not known which networks there are."""
    network = gss.spec.network if gss.spec else None
    if network is None:
        return
    yield from _type_problems(network, networks)
    found = _findings(network, networks)
    yield from _about_conf((*found.fatal, *found.doubtful))


def network_obstacles(gss: GameServerSet, networks: Networks | None) -> Iterator[InvalidField]:
    """Yield why a stored set has no network."""
    network = gss.spec.network if gss.spec else None
    if network is not None:
        yield from _type_problems(network, networks)
        yield from _about_conf(_findings(network, networks).fatal)


def network_cautions(gss: GameServerSet, networks: Networks | None) -> Iterator[InvalidField]:
    """Yield what is stored and means nothing."""
    if gss.spec is None or gss.spec.network is None:
        return
    found = _findings(gss.spec.network, networks)
    yield from _about_conf(found.idle)
    names = attempt(read_container_names, gss.spec.game_server_template)
    if not isinstance(names, InvalidField):
        yield from _about_conf(strangers(found.containers, names))


def strangers(named: Iterable[tuple[str, str]], names: Collection[str]) -> Iterator[str]:
    """Yield which containers a template does not have.

    Args:
        named: those that parameters are about, with the parameters.
        names: those that there are.
    """
    for parameter, name in named:
        if name not in names:
            there = ", ".join(sorted(names)) or "none"
            yield (f'{parameter}: the template has no container "{shown(name)}"; there are {there}')


def network_change_problems(new: GameServerSet, old: GameServerSet) -> Iterator[InvalidField]:
    """Yield what is wrong with a change of the network."""
    before = old.spec.network if old.spec else None
    after = new.spec.network if new.spec else None
    if before is None or after is None or before.network_type in {"", after.network_type}:
        return
    yield InvalidField(
        NETWORK_TYPE,
        f'change network type is not allowed; write "{shown(before.network_type)}" as before, or '
        "remove the network in one update and add the other in the next",
    )


def _type_problems(network: Network, networks: Networks | None) -> Iterator[InvalidField]:
    asked = network.network_type
    if networks is None or asked in networks.checks:
        return
    names = " ".join(sorted(networks.checks))
    if asked in networks.missing:
        problem = (
            f'"{asked}" cannot be used, because {networks.missing[asked]}; until that is put right'
            f" network type must be one of [{names}]"
        )
    elif asked:
        problem = f'"{shown(asked)}" is unknown: network type must be one of [{names}]'
    else:
        problem = f"network type is required; write one of [{names}]"
    yield InvalidField(NETWORK_TYPE, problem)


def _findings(network: Network, networks: Networks | None) -> Findings:
    check = networks.checks.get(network.network_type) if networks else None
    return check(network.network_conf or ()) if check else Findings()


def _about_conf(texts: Iterable[str]) -> Iterator[InvalidField]:
    return (InvalidField(NETWORK_CONF, text) for text in texts)


def no_findings(_: Sequence[NetworkConfParam]) -> Findings:
    """Find nothing: a Check of networks that do not say what they can be told."""
    return Findings()
