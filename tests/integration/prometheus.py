"""A Prometheus that scrapes managers as our monitor says, and evaluates our rules."""

import math
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
import yaml

from integration.arena import SYSTEM, ManagerProcess
from okg.testing.ports import free_ports
from okg.testing.processes import ServerProcess
from okg.testing.prometheus import PrometheusPrograms
from prometheus_manifests import CONFIG, rule_groups

JOB = "kruise-game-controller-manager-metrics-service"

Labels = frozenset[tuple[str, str]]


class Prometheus:
    """The server, asked over HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_ready(self) -> bool:
        try:
            return urllib3.request("GET", f"{self._url}/-/ready", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def query(self, expression: str) -> Mapping[Labels, float]:
        """Return the values of this moment by their labels."""
        found = self._get("/api/v1/query", query=expression)["result"]
        return {frozenset(it["metric"].items()): float(it["value"][1]) for it in found}

    def number(self, expression: str) -> float:
        """Return the one value of an expression; not a number if there is none."""
        values = list(self.query(expression).values())
        return values[0] if len(values) == 1 else math.nan

    def by(self, label: str, expression: str) -> Mapping[str, float]:
        """Return values by one of their labels."""
        return {dict(labels)[label]: value for labels, value in self.query(expression).items()}

    def label_values(self, selector: str, label: str) -> list[str]:
        """Return what a variable of a dashboard offers."""
        found: list[str] = self._get(f"/api/v1/label/{label}/values", **{"match[]": selector})
        return found

    def rules(self) -> Mapping[str, tuple[str, str]]:
        """Return the health and the last error of each rule."""
        groups = self._get("/api/v1/rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in rules}

    def _get(self, path: str, **fields: str) -> Any:
        answer = urllib3.request("GET", f"{self._url}{path}", fields=fields).json()
        assert answer["status"] == "success", (fields, answer)
        return answer["data"]


@contextmanager
def scraping(
    programs: PrometheusPrograms, folder: Path, targets: Iterable[tuple[str, str, ManagerProcess]]
) -> Generator[Prometheus]:
    """Run a server that scrapes each second.

    Args:
        programs: what to run.
        folder: for its files.
        targets: name of the pod, name of the Service's port, and the process.
    """
    [port] = free_ports(1)
    (folder / "rules.yaml").write_text(yaml.safe_dump(rule_groups()))
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(_configuration(targets)))
    process = ServerProcess(
        "prometheus",
        [
            programs.server,
            f"--config.file={folder}/prometheus.yaml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        log=folder / "log",
    )
    server = Prometheus(f"http://127.0.0.1:{port}")
    try:
        process.wait_ready(server.is_ready, timeout=30)
        yield server
    finally:
        process.stop()


def _configuration(targets: Iterable[tuple[str, str, ManagerProcess]]) -> Mapping[str, object]:
    """Return what the Prometheus Operator makes of the monitor, as far as it matters here."""
    monitor = yaml.safe_load((CONFIG / "prometheus/monitor.yaml").read_text())
    endpoints = {endpoint["port"]: endpoint for endpoint in monitor["spec"]["endpoints"]}
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {
                "job_name": f"{pod}/{port}",
                "honor_labels": endpoints[port]["honorLabels"],
                "metrics_path": endpoints[port]["path"],
                "static_configs": [
                    {
                        "targets": [manager.metrics.removeprefix("http://")],
                        "labels": {
                            "job": JOB,
                            "namespace": SYSTEM,
                            "pod": pod,
                            "endpoint": port,
                        },
                    }
                ],
            }
            for pod, port, manager in targets
        ],
    }
