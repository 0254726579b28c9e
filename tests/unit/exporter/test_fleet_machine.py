"""Counts kept by the change equal those of a walk over all that is there."""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from okg.api.game import GameServer
from okg.exporter.fleet import Fleet
from unit.exporter.roster import CREATED, a_server, a_set

NAMES = st.sampled_from(["a-0", "a-1", "b-0"])
OWNERS = st.sampled_from(["a", "b", ""])
STATES = st.sampled_from(["", "Creating", "Ready"])
NETWORKS = st.sampled_from(["", "NotReady", "Ready"])
OPS_STATES = st.sampled_from(["None", "Allocated"])


class FleetMachine(RuleBasedStateMachine):
    """Servers and sets come, change and go in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = Fleet()
        self.servers: dict[str, GameServer] = {}
        self.sets: set[str] = set()

    @rule(
        name=NAMES,
        owner=OWNERS,
        state=STATES,
        ops=OPS_STATES,
        network=NETWORKS,
        uid=st.sampled_from("12"),
    )
    def put_server(
        self, name: str, owner: str, state: str, ops: str, network: str, uid: str
    ) -> None:
        server = a_server(name, state=state, ops_state=ops, network=network, owner=owner, uid=uid)
        self.servers[name] = server
        self.fleet.put_server(server, CREATED)

    @rule(name=NAMES)
    def drop_server(self, name: str) -> None:
        self.servers.pop(name, None)
        self.fleet.drop_server(a_server(name))

    @rule(name=OWNERS)
    def put_set(self, name: str) -> None:
        self.sets.add(name)
        self.fleet.put_set(a_set(name))

    @rule(name=OWNERS)
    def drop_set(self, name: str) -> None:
        self.sets.discard(name)
        self.fleet.drop_set(a_set(name))

    @invariant()
    def states_are_those_of_all_servers(self) -> None:
        counted = Counter(server.status.current_state for server in self.servers.values())

        assert +Counter(self.fleet.states) == counted

    @invariant()
    def ops_states_are_those_of_all_servers(self) -> None:
        counted = Counter(
            (server.metadata.labels["game.kruise.io/owner-gss"], server.spec.ops_state)
            for server in self.servers.values()
        )

        kept = Counter(
            {
                (owner, ops_state): count
                for (_, owner), counts in self.fleet.ops_states.items()
                for ops_state, count in counts.items()
            }
        )
        assert +kept == counted

    @invariant()
    def networks_are_those_of_all_servers(self) -> None:
        counted = Counter(
            (server.metadata.labels["game.kruise.io/owner-gss"], state)
            for server in self.servers.values()
            if (state := server.status.network_status.current_network_state)
        )

        kept = Counter(
            {
                (owner, facet.state): count
                for (_, owner), counts in self.fleet.networks.items()
                for facet, count in counts.items()
            }
        )
        assert +kept == counted

    @invariant()
    def nothing_is_kept_of_what_went(self) -> None:
        owners = {s.metadata.labels["game.kruise.io/owner-gss"] for s in self.servers.values()}

        assert {name for _, name in self.fleet.servers} == set(self.servers)
        assert {name for _, name in self.fleet.replicas} == self.sets
        assert {owner for _, owner in self.fleet.ops_states} <= owners | self.sets
        assert {owner for _, owner in self.fleet.networks} <= owners | self.sets


TestFleet = FleetMachine.TestCase
