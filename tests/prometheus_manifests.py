"""What the Prometheus Operator is given, as values for tests."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config"
DASHBOARDS = ("controller", "fleet", "network")
ALERT_TESTS = ROOT / "tests/alerts"

Manifest = dict[str, Any]
"""A document of YAML or JSON."""


def rule_groups() -> Manifest:
    """Return the groups of rules, in the form of a file of Prometheus itself."""
    manifest: Manifest = yaml.safe_load((CONFIG / "prometheus/rules.yaml").read_text())
    groups: Manifest = manifest["spec"]
    return groups


def alerts() -> Mapping[str, Manifest]:
    """Return the alerts by name."""
    return {rule["alert"]: rule for group in rule_groups()["groups"] for rule in group["rules"]}


def expected_alerts(alert: str) -> list[list[Manifest]]:
    """Return what the tests of an alert expect at each moment that they look at."""
    tests = yaml.safe_load((ALERT_TESTS / f"{alert}.yaml").read_text())["tests"]
    moments = [moment for test in tests for moment in test["alert_rule_test"]]
    return [moment["exp_alerts"] for moment in moments if moment["alertname"] == alert]


def dashboard(name: str) -> Manifest:
    """Return a dashboard by the name of its file."""
    page: Manifest = json.loads((CONFIG / f"grafana/{name}.json").read_text())
    return page


def panels(name: str) -> list[Manifest]:
    """Return the panels of a dashboard that show something."""
    return [panel for panel in dashboard(name)["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Return the expressions of all alerts and panels, each behind its name."""
    for name, alert in alerts().items():
        yield name, alert["expr"]
    for page in DASHBOARDS:
        for panel in panels(page):
            for target in panel["targets"]:
                yield f"{page}: {panel['title']}, {target['refId']}", target["expr"]
