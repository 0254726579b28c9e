"""The exposition of servers and sets, line by line."""

from prometheus_client import CollectorRegistry, generate_latest

from okg.exporter.collector import FleetCollector
from okg.testing.clock import FakeClock
from unit.exporter.roster import a_server, a_set

NOTHING = """\
# HELP okg_gameservers_state_count Game servers by current state.
# TYPE okg_gameservers_state_count gauge
# HELP okg_gameservers_opsState_count Game servers by state of operation.
# TYPE okg_gameservers_opsState_count gauge
# HELP okg_gameservers_network_count Game servers by type and state of their networks, and whether \
they can have them.
# TYPE okg_gameservers_network_count gauge
# HELP okg_gameservers_total Game servers seen since this process started.
# TYPE okg_gameservers_total counter
okg_gameservers_total 0.0
# HELP okg_gameserversets_replicas_count Game servers of a set, by what is said of them.
# TYPE okg_gameserversets_replicas_count gauge
# HELP okg_gameserver_deletion_priority Deletion priority of a game server.
# TYPE okg_gameserver_deletion_priority gauge
# HELP okg_gameserver_update_priority Update priority of a game server.
# TYPE okg_gameserver_update_priority gauge
# HELP okg_gameserver_ready_duration_seconds Seconds from the creation of a game server to its \
being Ready.
# TYPE okg_gameserver_ready_duration_seconds gauge
# HELP okg_gameserver_network_ready_duration_seconds Seconds from the creation of a game server \
to its network being Ready.
# TYPE okg_gameserver_network_ready_duration_seconds gauge
"""


EVERYTHING = """\
okg_gameservers_state_count{state=""} 0.0
okg_gameservers_state_count{state="Ready"} 1.0
okg_gameservers_opsState_count{gssName="lobby",namespace="games",opsState="None"} 1.0
okg_gameservers_network_count{gssName="lobby",namespace="games",networkNormal="True",\
networkState="Ready",networkType="Kubernetes-HostPort"} 1.0
okg_gameservers_total 1.0
okg_gameserversets_replicas_count{gsStatus="current",gssName="lobby",gssNs="games"} 3.0
okg_gameserversets_replicas_count{gsStatus="ready",gssName="lobby",gssNs="games"} 2.0
okg_gameserversets_replicas_count{gsStatus="available",gssName="lobby",gssNs="games"} 1.0
okg_gameserversets_replicas_count{gsStatus="maintaining",gssName="lobby",gssNs="games"} 1.0
okg_gameserversets_replicas_count{gsStatus="waitToBeDeleted",gssName="lobby",gssNs="games"} 0.0
okg_gameserver_deletion_priority{gsName="lobby-0",gsNs="games"} 10.0
okg_gameserver_update_priority{gsName="lobby-0",gsNs="games"} 2.0
okg_gameserver_ready_duration_seconds{gsName="lobby-0",gsNs="games",gssName="lobby"} 8.5
okg_gameserver_network_ready_duration_seconds{gsName="lobby-0",gsNs="games",gssName="lobby"} 8.5
"""


def series(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if line[0] != "#"]


def collector(clock: FakeClock, *, asked: bool = True) -> tuple[FleetCollector, CollectorRegistry]:
    registry = CollectorRegistry()
    made = FleetCollector(lambda: asked, clock)
    registry.register(made)
    return made, registry


def test_names_types_and_the_total_are_there_before_the_first_server() -> None:
    _, registry = collector(FakeClock())

    assert generate_latest(registry).decode() == NOTHING


def test_every_series_of_a_server_and_its_set() -> None:
    clock = FakeClock()
    made, registry = collector(clock)
    made.on_set(None, a_set(maintaining=1, waiting=0), initial=True)
    made.on_server(None, a_server(), initial=True)
    ready = a_server(state="Ready", network="Ready", deletion="10", update=2)

    clock.advance(8.5)
    made.on_server(a_server(), ready, initial=False)

    assert series(registry) == EVERYTHING.splitlines()


def test_series_go_with_what_they_are_of() -> None:
    made, registry = collector(FakeClock())
    ready = a_server(state="Ready", network="Ready")
    made.on_set(None, a_set(), initial=True)
    made.on_server(None, a_server(), initial=True)
    made.on_server(a_server(), ready, initial=False)

    made.on_server(ready, None, initial=False)
    made.on_set(a_set(), None, initial=False)

    assert series(registry) == [
        'okg_gameservers_state_count{state=""} 0.0',
        'okg_gameservers_state_count{state="Ready"} 0.0',
        "okg_gameservers_total 1.0",
    ]


def test_a_replica_that_is_not_asked_says_nothing() -> None:
    made, registry = collector(FakeClock(), asked=False)
    made.on_server(None, a_server(), initial=True)

    assert generate_latest(registry) == b""
