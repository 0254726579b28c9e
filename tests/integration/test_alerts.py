"""The alerts, tried by Prometheus' own tool on what ``tests/alerts`` says of each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from okg.errors import ConfigError
from okg.testing.binaries import cache_folder
from okg.testing.prometheus import find_prometheus
from prometheus_manifests import ALERT_TESTS, alerts, rule_groups

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def promtool() -> Path:
    try:
        return find_prometheus(cache_folder()).tool
    except ConfigError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rule_groups()))
    return file


def run(*words: str | Path) -> str:
    """Return what a program says, and its exit code unless that is 0."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return f"{done.stdout}{done.stderr}" + (f"exit {done.returncode}" if done.returncode else "")


def test_prometheus_takes_the_rules(promtool: Path, rules: Path) -> None:
    said = run(promtool, "check", "rules", "--lint=all", rules)

    assert said.split() == [
        "Checking",
        str(rules),
        "SUCCESS:",
        str(len(alerts())),
        "rules",
        "found",
    ]


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_fires_when_it_should_and_is_silent_otherwise(
    promtool: Path, rules: Path, alert: str
) -> None:
    test = rules.with_name(f"{alert}.yaml")
    shutil.copyfile(ALERT_TESTS / test.name, test)

    said = run(promtool, "test", "rules", test)

    assert said.split() == ["Unit", "Testing:", str(test), "SUCCESS"]


def test_an_alert_that_does_not_fire_fails_its_test(promtool: Path, rules: Path) -> None:
    rules.write_text(rules.read_text().replace("== 0", "== 2"))
    test = rules.with_name("OkgNoLeader.yaml")
    shutil.copyfile(ALERT_TESTS / test.name, test)

    said = run(promtool, "test", "rules", test)

    assert "FAILED" in said
