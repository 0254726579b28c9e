"""What the Prometheus Operator is given: where to scrape, and what to wake somebody for."""

import re
from pathlib import Path
from typing import Any

import yaml

from unit.cmd.whole_manager import a_whole_manager, series

CONFIG = Path(__file__).resolve().parents[3] / "config"
SERVICE = "controller-manager-metrics-service"


def load(name: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a file by name."""
    documents = yaml.safe_load_all((CONFIG / name).read_text())
    return {document["metadata"]["name"]: document for document in documents}


def test_the_monitor_scrapes_each_port_of_the_service_for_metrics() -> None:
    monitor = load("prometheus/monitor.yaml")["controller-manager-metrics-monitor"]["spec"]
    services = load("manager/services.yaml")

    selected = [
        name
        for name, service in services.items()
        if monitor["selector"]["matchLabels"].items()
        <= service["metadata"].get("labels", {}).items()
    ]
    assert selected == [SERVICE]
    assert [endpoint["port"] for endpoint in monitor["endpoints"]] == [
        port["name"] for port in services[SERVICE]["spec"]["ports"]
    ]


def test_the_namespace_of_a_server_is_not_overwritten_by_that_of_the_manager() -> None:
    monitor = load("prometheus/monitor.yaml")["controller-manager-metrics-monitor"]["spec"]

    assert [endpoint["honorLabels"] for endpoint in monitor["endpoints"]] == [True, True]


def test_alerts_look_at_metrics_that_are_there(tmp_path: Path) -> None:
    rules = (CONFIG / "prometheus/rules.yaml").read_text()
    used = set(re.findall(r"([a-z_A-Z]+?)(?:_bucket)?\{", re.sub(r"\{\{.*?\}\}", "", rules)))
    lines = series(a_whole_manager(tmp_path))
    there = {line.split()[2] for line in lines if line.startswith("# TYPE ")}

    assert used == {
        "up",
        "certwatcher_read_certificate_errors_total",
        "controller_runtime_reconcile_errors_total",
        "controller_runtime_reconcile_panics_total",
        "controller_runtime_reconcile_total",
        "controller_runtime_webhook_latency_seconds",
        "controller_runtime_webhook_requests_total",
        "leader_election_master_status",
        "okg_gameserversets_replicas_count",
        "okg_probe_stretch",
        "workqueue_queue_duration_seconds",
    }
    # Those of servers are absent here because the caches of this manager are empty.
    assert used - there == {"up", "okg_gameserversets_replicas_count"}


def test_alerts_are_about_the_service_that_is_scraped() -> None:
    rules = (CONFIG / "prometheus/rules.yaml").read_text()
    installed = yaml.safe_load((CONFIG / "default/kustomization.yaml").read_text())

    jobs = set(re.findall(r'job="([^"]*)"', rules))

    assert jobs == {installed["namePrefix"] + SERVICE}


def test_monitor_and_rules_are_installed_beside_the_manager() -> None:
    installed = yaml.safe_load((CONFIG / "default/kustomization.yaml").read_text())
    monitoring = yaml.safe_load((CONFIG / "prometheus/kustomization.yaml").read_text())

    assert monitoring["namespace"] == installed["namespace"]
    assert monitoring["namePrefix"] == installed["namePrefix"]
    assert monitoring["resources"] == ["monitor.yaml", "rules.yaml"]
