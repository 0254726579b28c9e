"""What a real Prometheus makes of the metrics of the binary: two replicas and the webhooks.

Rules, dashboards and the queries of OpenKruiseGame's dashboard meet what is really exposed.
"""

import math
import os
from collections.abc import Generator, Mapping
from contextlib import ExitStack, suppress

import pytest
import urllib3
from prometheus_client.parser import text_string_to_metric_families

from expressions import filled, grouped, selectors
from integration.arena import Arena, ManagerProcess, in_place, names, template
from integration.prometheus import JOB, Prometheus, scraping
from okg.api.game import GameServer
from okg.errors import ConfigError
from okg.testing.binaries import cache_folder
from okg.testing.certificates import Authority
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports
from okg.testing.prometheus import PrometheusPrograms, find_prometheus
from prometheus_manifests import DASHBOARDS, alerts, expressions, panels

pytestmark = pytest.mark.integration

CONTROLLERS = (
    "--leader-elect",
    "--leader-election-namespace=kruise-game-system",
    "--workload-backend=native",
    "--probe-mode=native",
    "--probe-exec=false",
)
LEADS = "successfully acquired lease"
HOST_PORTS = {
    "networkType": "Kubernetes-HostPort",
    "networkConf": [{"name": "ContainerPorts", "value": "game:7777/UDP"}],
}
FROM_THE_TARGET = {"job", "namespace", "pod", "endpoint", "instance"}
VARIABLES = {
    "__rate_interval": "15s",
    "job": JOB,
    "controller": ".*",
    "namespace": ".*",
    "set": ".*",
    "type": ".*",
}


class Measured:
    """What runs, and the server that scrapes it."""

    def __init__(
        self, leader: ManagerProcess, follower: ManagerProcess, webhooks: ManagerProcess
    ) -> None:
        self.leader = leader
        self.follower = follower
        self.webhooks = webhooks

    def exposed(self) -> Mapping[str, set[str]]:
        """Return the labels of all metrics that any of them exposes."""
        labels: dict[str, set[str]] = {}
        for manager in (self.leader, self.follower, self.webhooks):
            text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    labels.setdefault(sample.name, set()).update(sample.labels)
        return labels


@pytest.fixture(scope="module")
def programs() -> PrometheusPrograms:
    try:
        return find_prometheus(cache_folder())
    except ConfigError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def measured(
    programs: PrometheusPrograms, arena: Arena, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Measured]:
    """Three processes as the manifests run them: leader, follower, webhooks."""
    certificates = tmp_path_factory.mktemp("certificates")
    pair = Authority("measured").issue_server(["127.0.0.1"])
    (certificates / "tls.crt").write_bytes(pair.public)
    (certificates / "tls.key").write_bytes(pair.private)
    scaler, webhook = free_ports(2)
    with ExitStack() as stack:
        scale = f"--scale-server-bind-address=127.0.0.1:{scaler}"
        leader = stack.enter_context(arena.manager(*CONTROLLERS, scale))
        eventually(lambda: LEADS in leader.log, within=60)
        follower = stack.enter_context(arena.manager(*CONTROLLERS))
        webhooks = stack.enter_context(
            arena.manager(
                "--controllers=false",
                f"--webhook-port={webhook}",
                "--enable-cert-generation=false",
                f"--webhook-server-certs-dir={certificates}",
            )
        )
        yield Measured(leader, follower, webhooks)


@pytest.fixture(scope="module")
def prometheus(
    programs: PrometheusPrograms, measured: Measured, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Prometheus]:
    targets = [
        ("leader", "http-metrics", measured.leader),
        ("follower", "http-metrics", measured.follower),
        ("leader", "webhook-metrics", measured.webhooks),
    ]
    with scraping(programs, tmp_path_factory.mktemp("prometheus"), targets) as server:
        eventually(lambda: len(server.query("up == 1")) == len(targets), within=60)
        yield server


@pytest.fixture(scope="module")
def lobby(arena: Arena, measured: Measured) -> str:
    """A namespace with a set of three servers with networks, one of them allocated."""
    namespace = arena.namespace()
    arena.create_set(namespace, "lobby", replicas=3, updateStrategy=in_place(), network=HOST_PORTS)
    eventually(lambda: arena.ready(namespace) == names("lobby", range(3)), within=60)
    arena.edit_server(
        namespace, "lobby-0", {"spec": {"opsState": "Allocated", "deletionPriority": 7}}
    )
    return namespace


def test_servers_and_their_set_are_measured_under_their_names_and_labels(
    prometheus: Prometheus, lobby: str
) -> None:
    def ops_states() -> Mapping[str, float]:
        labels = f'gssName="lobby",namespace="{lobby}"'
        return prometheus.by("opsState", f"okg_gameservers_opsState_count{{{labels}}} > 0")

    def replicas() -> Mapping[str, float]:
        labels = f'gssName="lobby",gssNs="{lobby}"'
        return prometheus.by("gsStatus", f"okg_gameserversets_replicas_count{{{labels}}}")

    def priorities() -> Mapping[str, float]:
        return prometheus.by("gsName", f'okg_gameserver_deletion_priority{{gsNs="{lobby}"}}')

    def networks() -> Mapping[str, float]:
        labels = f'networkNormal="True",networkState="Ready",gssName="lobby",namespace="{lobby}"'
        return prometheus.by("networkType", f"okg_gameservers_network_count{{{labels}}}")

    eventually(lambda: ops_states() == {"None": 2, "Allocated": 1}, within=30)
    eventually(
        lambda: (
            replicas()
            == {"current": 3, "ready": 3, "available": 3, "maintaining": 0, "waitToBeDeleted": 0}
        ),
        within=30,
    )
    eventually(lambda: priorities() == {"lobby-0": 7, "lobby-1": 0, "lobby-2": 0}, within=30)
    eventually(lambda: networks() == {"Kubernetes-HostPort": 3}, within=30)
    of_set = f'{{gssName="lobby",gsNs="{lobby}"}}'
    ready = prometheus.by("gsName", f"okg_gameserver_ready_duration_seconds{of_set}")
    network = prometheus.by("gsName", f"okg_gameserver_network_ready_duration_seconds{of_set}")
    assert set(ready) == set(network) == names("lobby", range(3))
    assert 0 < min(ready.values()) <= max(ready.values()) < 60


def test_a_sum_over_all_replicas_is_the_number_of_servers(
    arena: Arena, prometheus: Prometheus, lobby: str
) -> None:
    def counted() -> bool:
        there = len(arena.admin.list(GameServer))
        return prometheus.number("sum(okg_gameservers_state_count)") == there

    eventually(counted, within=30)
    assert prometheus.number("sum(leader_election_master_status)") == 1
    assert prometheus.number("count(leader_election_master_status)") == 2
    assert prometheus.number(f'sum(okg_gameservers_opsState_count{{namespace="{lobby}"}})') == 3
    assert prometheus.by("pod", "count by (pod) (okg_gameservers_state_count)").keys() == {"leader"}


def test_series_of_a_set_end_with_the_scrape_after_it_is_gone(
    arena: Arena, prometheus: Prometheus
) -> None:
    namespace = arena.namespace()
    everything = " or ".join(
        f'{{__name__=~"okg_.*",{label}="{namespace}"}}' for label in ("gsNs", "gssNs", "namespace")
    )
    # Servers that the manager deletes: the garbage collector of a young plane takes its time.
    mortal = template(reclaimPolicy="Delete")
    gss = arena.create_set(namespace, "short", replicas=2, gameServerTemplate=mortal)
    eventually(lambda: arena.ready(namespace) == names("short", range(2)), within=60)
    eventually(lambda: len(prometheus.query(everything)) > 8, within=30)

    arena.edit_set(namespace, "short", {"replicas": 0})
    eventually(lambda: not arena.servers(namespace), within=60)
    arena.admin.delete(gss)

    eventually(lambda: not prometheus.query(everything), within=5)


def test_the_rules_are_loaded_and_can_be_evaluated(prometheus: Prometheus) -> None:
    healthy = dict.fromkeys(alerts(), ("ok", ""))

    eventually(lambda: prometheus.rules() == healthy, within=30)


def test_rules_and_dashboards_name_metrics_and_labels_that_are_exposed(
    measured: Measured, prometheus: Prometheus, lobby: str
) -> None:
    eventually(lambda: prometheus.query("okg_network_plugin_calls_total"), within=30)
    exposed = measured.exposed()
    used = [(name, filled(text, VARIABLES)) for name, text in expressions()]

    unknown = {
        (selector.metric, label)
        for _, text in used
        for selector in selectors(text)
        for label in selector.labels
        - exposed.get(selector.metric, selector.labels)
        - FROM_THE_TARGET
    }
    grouped_by = {
        (name, label)
        for name, text in used
        for label in grouped(text) - FROM_THE_TARGET
        if not any(label in exposed.get(it.metric, ()) for it in selectors(text))
    }
    absent = {it.metric for _, text in used for it in selectors(text)} - exposed.keys()

    assert unknown == set()
    # Have no series before something goes wrong, which it may have in other tests' sets.
    assert grouped_by <= {("controller: Events that were not written, A", "reason")}
    assert absent - {"okg_events_dropped_total"} == {"up"}


@pytest.mark.parametrize("page", DASHBOARDS)
def test_every_panel_of_a_dashboard_shows_something(
    prometheus: Prometheus, lobby: str, page: str
) -> None:
    def shown() -> set[str]:
        return {
            panel["title"]
            for panel in panels(page)
            if all(prometheus.query(filled(it["expr"], VARIABLES)) for it in panel["targets"])
        }

    # There is something to see in these when something goes wrong, or changes slowly enough.
    passing = {
        "On their way, of the whole cluster",
        "Events that were not written",
        "Cannot have theirs",
        "NetworkNormal is False",
        "Failures",
    }
    wanted = {panel["title"] for panel in panels(page)} - passing
    with suppress(AssertionError):  # to tell which, below
        eventually(lambda: shown() >= wanted, within=30, every=1)
    assert wanted - shown() == set()


def test_the_queries_of_existing_dashboards_find_what_they_look_for(
    prometheus: Prometheus, lobby: str
) -> None:
    ready = 'sum(okg_gameservers_state_count{state="Ready"})'
    allocated = f'okg_gameservers_opsState_count{{namespace="{lobby}",opsState="Allocated"}}'

    eventually(lambda: prometheus.number(ready) >= 3, within=30)
    eventually(lambda: prometheus.number(f"max({allocated})") == 1, within=30)
    assert prometheus.number("max(okg_gameservers_total)") >= 3
    assert lobby in prometheus.label_values("okg_gameserversets_replicas_count", "gssNs")
    assert lobby in prometheus.label_values("okg_gameservers_opsState_count", "namespace")
    assert "lobby" in prometheus.label_values("okg_gameserversets_replicas_count", "gssName")
    assert "lobby-0" in prometheus.label_values("okg_gameserver_deletion_priority", "gsName")
    assert not math.isnan(prometheus.number('max(okg_gameservers_state_count{state!=""})'))


def test_scripts_find_the_requests_of_webhooks_in_the_first_200_lines(measured: Measured) -> None:
    text = urllib3.request("GET", f"{measured.webhooks.metrics}/metrics").data.decode()

    assert "controller_runtime_webhook_requests_total{" in "\n".join(text.splitlines()[:200])
