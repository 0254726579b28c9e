"""Collector: the fleet in the exposition of Prometheus, under OpenKruiseGame's names.

Handlers change the fleet on the threads of the caches, a scrape reads it on one of the server's:
one lock guards it, and is held for copies of dictionaries, never while text is made.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from okg.api.game import GameServer, GameServerSet
from okg.clock import SYSTEM_CLOCK, Clock
from okg.exporter.fleet import Fleet, Key
from okg.exporter.server import NetworkFacet, ServerRecord


class FleetCollector(Collector):
    """Hears of servers and sets, and tells of them when it is asked.

    Args:
        is_asked: whether to tell at all; where it says no, there is not one series.
        clock: where time comes from.
    """

    def __init__(self, is_asked: Callable[[], bool], clock: Clock = SYSTEM_CLOCK) -> None:
        self._is_asked = is_asked
        self._clock = clock
        self._lock = threading.Lock()
        self._fleet = Fleet()

    def on_server(self, old: GameServer | None, new: GameServer | None, *, initial: bool) -> None:
        """Take one change of a server."""
        del initial
        with self._lock:
            if new is not None:
                self._fleet.put_server(new, self._clock.now())
            elif old is not None:
                self._fleet.drop_server(old)

    def on_set(
        self, old: GameServerSet | None, new: GameServerSet | None, *, initial: bool
    ) -> None:
        """Take one change of a set."""
        del initial
        with self._lock:
            if new is not None:
                self._fleet.put_set(new)
            elif old is not None:
                self._fleet.drop_set(old)

    def collect(self) -> Iterable[Metric]:
        """Return all metrics, or none."""
        if not self._is_asked():
            return
        with self._lock:
            fleet = self._fleet
            servers, replicas = dict(fleet.servers), dict(fleet.replicas)
            states, seen = dict(fleet.states), fleet.seen
            ops_states = {owner: dict(counts) for owner, counts in fleet.ops_states.items()}
            networks = {owner: dict(counts) for owner, counts in fleet.networks.items()}
        yield _states(states)
        yield _ops_states(ops_states)
        yield _networks(networks)
        yield CounterMetricFamily(
            "okg_gameservers", "Game servers seen since this process started.", value=seen
        )
        yield _replicas(replicas)
        yield from _priorities(servers)
        yield from _durations(servers)


def _states(states: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "okg_gameservers_state_count", "Game servers by current state.", labels=["state"]
    )
    for state, count in states.items():
        family.add_metric([state], count)
    return family


def _ops_states(owners: Mapping[Key, Mapping[str, int]]) -> Metric:
    family = GaugeMetricFamily(
        "okg_gameservers_opsState_count",
        "Game servers by state of operation.",
        labels=["opsState", "gssName", "namespace"],
    )
    for (namespace, owner), counts in owners.items():
        for ops_state, count in counts.items():
            family.add_metric([ops_state, owner, namespace], count)
    return family


def _networks(owners: Mapping[Key, Mapping[NetworkFacet, int]]) -> Metric:
    family = GaugeMetricFamily(
        "okg_gameservers_network_count",
        "Game servers by type and state of their networks, and whether they can have them.",
        labels=["networkType", "networkState", "networkNormal", "gssName", "namespace"],
    )
    for (namespace, owner), counts in owners.items():
        for facet, count in counts.items():
            values = [facet.type, facet.state, str(facet.normal), owner, namespace]
            family.add_metric(values, count)
    return family


def _replicas(sets: Mapping[Key, Mapping[str, int]]) -> Metric:
    family = GaugeMetricFamily(
        "okg_gameserversets_replicas_count",
        "Game servers of a set, by what is said of them.",
        labels=["gssName", "gssNs", "gsStatus"],
    )
    for (namespace, name), numbers in sets.items():
        for status, number in numbers.items():
            family.add_metric([name, namespace, status], number)
    return family


def _priorities(servers: Mapping[Key, ServerRecord]) -> Iterator[Metric]:
    labels = ["gsName", "gsNs"]
    deletion = GaugeMetricFamily(
        "okg_gameserver_deletion_priority", "Deletion priority of a game server.", labels=labels
    )
    update = GaugeMetricFamily(
        "okg_gameserver_update_priority", "Update priority of a game server.", labels=labels
    )
    for (namespace, name), record in servers.items():
        deletion.add_metric([name, namespace], record.deletion_priority)
        update.add_metric([name, namespace], record.update_priority)
    yield deletion
    yield update


def _durations(servers: Mapping[Key, ServerRecord]) -> Iterator[Metric]:
    labels = ["gsName", "gsNs", "gssName"]
    ready = GaugeMetricFamily(
        "okg_gameserver_ready_duration_seconds",
        "Seconds from the creation of a game server to its being Ready.",
        labels=labels,
    )
    network = GaugeMetricFamily(
        "okg_gameserver_network_ready_duration_seconds",
        "Seconds from the creation of a game server to its network being Ready.",
        labels=labels,
    )
    for (namespace, name), record in servers.items():
        if record.ready_after is not None:
            ready.add_metric([name, namespace, record.owner], record.ready_after)
        if record.network_ready_after is not None:
            network.add_metric([name, namespace, record.owner], record.network_ready_after)
    yield ready
    yield network
