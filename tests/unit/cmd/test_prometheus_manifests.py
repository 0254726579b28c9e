"""What the Prometheus Operator is given: where to scrape, and what to wake somebody for."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from expressions import Selector, bare, grouped, selectors
from prometheus_manifests import CONFIG, alerts, expected_alerts, expressions
from unit.cmd.whole_manager import a_whole_manager, series

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


def test_alerts_and_panels_look_at_metrics_that_are_there(tmp_path: Path) -> None:
    lines = series(a_whole_manager(tmp_path))
    there = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    histograms = {line.split()[2] for line in lines if line.endswith(" histogram")}

    used = {selector.metric for _, text in expressions() for selector in selectors(text)}

    # Those of servers are absent because the caches of this manager are empty; a server makes `up`.
    assert used - there - {f"{name}_bucket" for name in histograms} == {
        "okg_gameserver_network_ready_duration_seconds",
        "okg_gameserver_ready_duration_seconds",
        "okg_gameservers_network_count",
        "okg_gameservers_opsState_count",
        "okg_gameservers_state_count",
        "okg_gameservers_total",
        "okg_gameserversets_replicas_count",
        "okg_network_ports_size",
        "okg_network_ports_used",
        "okg_scaler_request_duration_seconds_bucket",
        "okg_scaler_requests_total",
        "okg_scaler_streams",
        "up",
    }


def test_all_metrics_have_braces_so_that_tests_see_them() -> None:
    assert {name: bare(text) for name, text in expressions() if bare(text)} == {}


def test_an_expression_is_read_as_prometheus_reads_it() -> None:
    text = """
      sum by (pool, le) (rate(a_total{job="x",code!="200"}[5m])) / on (pod) group_left () b{} > 0.5
    """

    assert selectors(text) == [
        Selector("a_total", frozenset({"job", "code"})),
        Selector("b", frozenset()),
    ]
    assert grouped(text) == {"pool", "le", "pod"}
    assert (bare(text), bare("sum(up) or b{}")) == (set(), {"up"})


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_has_a_test_that_expects_it_and_one_that_does_not(alert: str) -> None:
    expected = expected_alerts(alert)

    assert [] in expected
    assert [each for each in expected if each]


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_has_words_for_people_and_a_section_in_the_runbooks(alert: str) -> None:
    annotations = alerts()[alert]["annotations"]
    page, _, section = annotations["runbook_url"].partition("#")
    text = (CONFIG.parent / page).read_text().partition(f"\n## {alert}\n")[2].partition("\n## ")[0]

    assert section == alert.lower()
    assert annotations.keys() == {"runbook_url", "summary", "description"}
    assert re.findall(r"^\*\*([\w ]+?)\.?\*\*", text, re.MULTILINE) == [
        "Meaning",
        "Look at",
        "Remedy",
    ]


def test_the_runbooks_tell_of_the_alerts_that_there_are_in_their_order() -> None:
    text = (CONFIG.parent / "docs/runbooks.md").read_text()

    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == list(alerts())


def heading_links(page: Path) -> set[str]:
    """Return what links to the headings of a page look like, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_of_the_runbooks_lead_somewhere() -> None:
    docs = CONFIG.parent / "docs"
    links = re.findall(r"\]\(([^)#]*)#?([^)]*)\)", (docs / "runbooks.md").read_text())

    targets = {(docs / (page or "runbooks.md"), heading) for page, heading in links}

    assert len(targets) > 3
    assert [
        (page.name, heading)
        for page, heading in targets
        if not page.exists() or (heading and heading not in heading_links(page))
    ] == []


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
