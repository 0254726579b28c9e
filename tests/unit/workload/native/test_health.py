from datetime import timedelta

import pytest

from okg.api.core import Pod
from okg.workload.native.health import is_available, is_healthy, is_of_revision, time_to_available
from unit.fleet import NOW, a_pod
from unit.workload.native.native_fleet import a_member, a_native, rolling


@pytest.mark.parametrize(
    ("pod", "healthy"),
    [
        (a_member(0), True),
        (a_member(0, lifecycle="Normal"), True),
        (a_member(0, lifecycle="Updated"), False),
        (a_member(0, terminating=True), False),
        (a_member(0, ready="False"), False),
        (a_member(0, phase="Pending"), False),
    ],
)
def test_a_healthy_pod_serves_and_will_go_on_to(pod: Pod, *, healthy: bool) -> None:
    assert is_healthy(pod) is healthy


def test_a_pod_is_available_once_it_has_been_ready_for_long_enough() -> None:
    workload = a_native(rolling(minReadySeconds=10))

    assert time_to_available(a_member(0, ready_for=4), workload, NOW) == timedelta(seconds=6)
    assert is_available(a_member(0, ready_for=10), workload, NOW)
    assert time_to_available(a_member(0, ready="False"), workload, NOW) is None
    assert time_to_available(a_pod(), workload, NOW) == timedelta(seconds=10)


def test_without_a_minimum_a_ready_pod_is_available_even_while_it_terminates() -> None:
    assert is_available(a_pod(), a_native(), NOW)
    assert is_available(a_member(0, terminating=True), a_native(), NOW)
    assert not is_available(a_member(0, lifecycle="PreparingUpdate"), a_native(), NOW)


@pytest.mark.parametrize(
    ("label", "same"), [("xxx-abc", True), ("abc", True), ("xxx-abd", False), ("", False)]
)
def test_a_revision_is_known_by_its_full_or_short_name(label: str, *, same: bool) -> None:
    pod = a_pod(labels={"controller-revision-hash": label})

    assert is_of_revision(pod, "xxx-abc") is same
