"""What a set may say of its network.

The wording of OpenKruiseGame is part of each message, because people search for it.
"""

from collections.abc import Collection, Iterator

from okg.api.game import GameServerSet
from okg.workload.invalid import InvalidField, shown

NETWORK_TYPE = "spec.network.networkType"


def network_problems(gss: GameServerSet, plugins: Collection[str]) -> Iterator[InvalidField]:
    """Yield what is wrong with the network, given the names of the enabled plugins."""
    network = gss.spec.network if gss.spec else None
    if network is None or network.network_type in plugins:
        return
    names = " ".join(sorted(plugins))
    if network.network_type:
        found = shown(network.network_type)
        problem = f'"{found}" is unknown: network type must be one of [{names}]'
    else:
        problem = f"network type is required; write one of [{names}]"
    yield InvalidField(NETWORK_TYPE, problem)


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
