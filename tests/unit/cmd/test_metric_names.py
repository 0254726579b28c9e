"""Metrics of the library that existing scrape configurations name."""

from pathlib import Path

import pytest

from unit.cmd.whole_manager import a_whole_manager, series


def bounds(lines: list[str], start: str) -> list[str]:
    """Return the upper bounds of the buckets of one series, as they are written."""
    found = [line for line in lines if line.startswith(start)]
    return [line.partition('le="')[2].partition('"')[0] for line in found]


def test_the_library_has_the_names_and_types_of_controller_runtime(tmp_path: Path) -> None:
    lines = series(a_whole_manager(tmp_path))

    types = {line.removeprefix("# TYPE ") for line in lines if line.startswith("# TYPE ")}
    assert types >= {
        "certwatcher_read_certificate_total counter",
        "certwatcher_read_certificate_errors_total counter",
        "controller_runtime_active_workers gauge",
        "controller_runtime_max_concurrent_reconciles gauge",
        "controller_runtime_reconcile_errors_total counter",
        "controller_runtime_reconcile_panics_total counter",
        "controller_runtime_reconcile_time_seconds histogram",
        "controller_runtime_reconcile_total counter",
        "controller_runtime_terminal_reconcile_errors_total counter",
        "controller_runtime_webhook_latency_seconds histogram",
        "controller_runtime_webhook_requests_in_flight gauge",
        "controller_runtime_webhook_requests_total counter",
        "leader_election_master_status gauge",
        "process_cpu_seconds_total counter",
        "process_max_fds gauge",
        "process_open_fds gauge",
        "process_resident_memory_bytes gauge",
        "process_start_time_seconds gauge",
        "process_virtual_memory_bytes gauge",
        "rest_client_requests_total counter",
        "workqueue_adds_total counter",
        "workqueue_depth gauge",
        "workqueue_longest_running_processor_seconds gauge",
        "workqueue_queue_duration_seconds histogram",
        "workqueue_retries_total counter",
        "workqueue_unfinished_work_seconds gauge",
        "workqueue_work_duration_seconds histogram",
    }
    assert [line for line in lines if "_created" in line] == []


SETS = 'controller="gameserverset-controller"'
QUEUE = f'{{{SETS},name="gameserverset-controller"}}'


def test_the_library_has_the_labels_of_controller_runtime_from_the_start(tmp_path: Path) -> None:
    lines = series(a_whole_manager(tmp_path))

    assert set(lines) >= {
        "certwatcher_read_certificate_total 1.0",
        "certwatcher_read_certificate_errors_total 0.0",
        f"controller_runtime_active_workers{{{SETS}}} 0.0",
        f"controller_runtime_max_concurrent_reconciles{{{SETS}}} 3.0",
        f'controller_runtime_reconcile_total{{{SETS},result="success"}} 0.0',
        f'controller_runtime_reconcile_total{{{SETS},result="error"}} 0.0',
        f'controller_runtime_reconcile_total{{{SETS},result="requeue"}} 0.0',
        f'controller_runtime_reconcile_total{{{SETS},result="requeue_after"}} 0.0',
        f"controller_runtime_reconcile_errors_total{{{SETS}}} 0.0",
        f"controller_runtime_reconcile_panics_total{{{SETS}}} 0.0",
        f"controller_runtime_terminal_reconcile_errors_total{{{SETS}}} 0.0",
        f"controller_runtime_reconcile_time_seconds_count{{{SETS}}} 0.0",
        'controller_runtime_webhook_requests_total{code="200",webhook="/mutate-v1-pod"} 0.0',
        'controller_runtime_webhook_requests_total{code="500",webhook="/mutate-v1-pod"} 0.0',
        'controller_runtime_webhook_requests_in_flight{webhook="/validate-v1alpha1-gss"} 0.0',
        'controller_runtime_webhook_latency_seconds_count{webhook="/validate-v1alpha1-gss"} 0.0',
        f"workqueue_depth{QUEUE} 0.0",
        f"workqueue_adds_total{QUEUE} 0.0",
        f"workqueue_retries_total{QUEUE} 0.0",
        f"workqueue_unfinished_work_seconds{QUEUE} 0.0",
        f"workqueue_longest_running_processor_seconds{QUEUE} 0.0",
        f"workqueue_queue_duration_seconds_count{QUEUE} 0.0",
        f"workqueue_work_duration_seconds_count{QUEUE} 0.0",
        'rest_client_requests_total{code="200",host="10.0.0.1:443",method="GET"} 1.0',
        'leader_election_master_status{name="game-kruise-manager"} 0.0',
    }


RECONCILE_BOUNDS = (
    "0.005 0.01 0.025 0.05 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.45 0.5 0.6 0.7 0.8 0.9 1.0 1.25 1.5"
    " 1.75 2.0 2.5 3.0 3.5 4.0 4.5 5.0 6.0 7.0 8.0 9.0 10.0 15.0 20.0 25.0 30.0 40.0 50.0 60.0 +Inf"
)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (
            f"controller_runtime_reconcile_time_seconds_bucket{{{SETS}",
            RECONCILE_BOUNDS,
        ),
        (
            'controller_runtime_webhook_latency_seconds_bucket{le="',
            "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5 5.0 10.0 +Inf",
        ),
        (
            f"workqueue_queue_duration_seconds_bucket{{{SETS}",
            "1e-08 1e-07 1e-06 1e-05 0.0001 0.001 0.01 0.1 1.0 10.0 100.0 1000.0 +Inf",
        ),
    ],
)
def test_histograms_have_the_buckets_of_controller_runtime(
    start: str, expected: str, tmp_path: Path
) -> None:
    lines = [line for line in series(a_whole_manager(tmp_path)) if "/validate" not in line]

    assert bounds(lines, start) == expected.split(" ")


def test_requests_of_webhooks_are_in_the_first_200_lines_before_the_first_comes(
    tmp_path: Path,
) -> None:
    lines = series(a_whole_manager(tmp_path))

    sample = 'controller_runtime_webhook_requests_total{code="200",webhook="/mutate-v1-pod"} 0.0'
    assert sample in lines[:200]
