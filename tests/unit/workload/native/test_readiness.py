import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.workload.native.readiness import (
    NotReadyKey,
    lead_in,
    lead_out,
    mark_not_ready,
    not_ready_keys,
)
from unit.workload.native.native_pods import BEFORE, NOW, OPEN, a_condition, a_server_pod

THEIRS = '{"userAgent":"Other","key":"theirs"}'
OURS = '{"userAgent":"Lifecycle","key":"ours"}'


def told(pod: Pod) -> list[tuple[str, str, str]]:
    return [(c.type, c.status, c.message) for c in pod.status.conditions]


def a_shared(status: str, message: str = "") -> Pod:
    shared = a_condition("KruisePodReady", status, message=message)
    return a_server_pod(conditions=(*OPEN[:3], shared))


def test_a_pod_without_the_gate_is_left_alone() -> None:
    pod = a_server_pod(gates=(), conditions=OPEN[:2])

    assert lead_out(pod, NOW) is pod
    assert lead_in(pod, NOW) is pod
    assert mark_not_ready(pod, "ours", NOW, marked=True) is pod


def test_a_pod_that_is_led_out_is_left_alone() -> None:
    gate = a_condition("InPlaceUpdateReady", "False", reason="theirs")
    pod = a_server_pod(conditions=(*OPEN[:2], gate))

    assert lead_out(pod, NOW) is pod


def test_leading_in_never_makes_a_pod_ready() -> None:
    conditions = (
        a_condition("Ready", "False", reason="ReadinessGatesNotReady"),
        a_condition("ContainersReady"),
        a_condition("InPlaceUpdateReady", "False", reason="StartInPlaceUpdate"),
        a_condition("KruisePodReady"),
    )

    inside = lead_in(a_server_pod(conditions=conditions), NOW)

    assert inside.status.conditions == (
        *conditions[:2],
        PodCondition(type="InPlaceUpdateReady", status="True", last_transition_time=NOW),
        conditions[3],
    )


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (OPEN[:2], ("True", "", "", NOW)),
        ((a_condition("InPlaceUpdateReady", reason="odd"),), ("True", "", "", BEFORE)),
        (OPEN, ("True", "", "", BEFORE)),
    ],
)
def test_a_pod_is_in_when_its_gate_says_so_without_a_reason(
    conditions: tuple[PodCondition, ...], expected: tuple[object, ...]
) -> None:
    gate = lead_in(a_server_pod(conditions=conditions), NOW).status.condition("InPlaceUpdateReady")

    assert gate is not None
    assert (gate.status, gate.reason, gate.message, gate.last_transition_time) == expected


def test_ready_follows_in_the_words_of_the_kubelet() -> None:
    pod = lead_out(a_server_pod(conditions=OPEN[:3]), NOW)

    ready = pod.status.condition("Ready")
    assert ready is not None
    assert ready.message == (
        'the status of pod readiness gate "InPlaceUpdateReady" is not "True", but False, '
        'corresponding condition of pod readiness gate "KruisePodReady" does not exist.'
    )
    assert (ready.status, ready.reason) == ("False", "ReadinessGatesNotReady")
    assert ready.last_transition_time == NOW


@pytest.mark.parametrize(
    "conditions",
    [
        (OPEN[0], a_condition("ContainersReady", "False")),
        (OPEN[0],),
        (a_condition("ContainersReady"),),
    ],
)
def test_ready_is_the_kubelets_where_containers_are_not_ready_or_nobody_has_looked(
    conditions: tuple[PodCondition, ...],
) -> None:
    pod = lead_out(a_server_pod(conditions=conditions), NOW)

    assert pod.status.conditions[:-1] == conditions
    assert pod.status.conditions[-1].type == "InPlaceUpdateReady"


@pytest.mark.parametrize(
    ("before", "marked", "status", "message"),
    [
        (a_shared("True"), True, "False", f"[{OURS}]"),
        (a_shared("True", "[]"), True, "False", f"[{OURS}]"),
        (a_shared("True", "odd"), True, "False", f"[{OURS}]"),
        (a_shared("False", f"[{THEIRS}]"), True, "False", f"[{OURS},{THEIRS}]"),
        (a_shared("False", f"[{OURS},{THEIRS}]"), True, "False", f"[{OURS},{THEIRS}]"),
        (a_shared("False", f"[{OURS},{THEIRS}]"), False, "False", f"[{THEIRS}]"),
        (a_shared("False", f"[{OURS}]"), False, "True", "[]"),
        (a_shared("False", f"[{THEIRS}]"), False, "False", f"[{THEIRS}]"),
        (a_shared("True"), False, "True", ""),
        (a_server_pod(conditions=OPEN[:3]), False, "True", ""),
        (a_server_pod(conditions=OPEN[:3]), True, "False", f"[{OURS}]"),
    ],
)
def test_keys_of_several_writers_share_one_gate(
    before: Pod, *, marked: bool, status: str, message: str
) -> None:
    after = mark_not_ready(before, "ours", NOW, marked=marked)

    assert told(after)[3] == ("KruisePodReady", status, message)


def test_keys_are_sorted_by_who_says_so_and_then_by_why() -> None:
    mixed = '[{"userAgent":"Z","key":"a"},{"userAgent":"A","key":"z"},{"userAgent":"A","key":"b"}]'

    after = mark_not_ready(a_shared("False", mixed), "ours", NOW, marked=True)

    assert told(after)[3][2] == (
        '[{"userAgent":"A","key":"b"},{"userAgent":"A","key":"z"},'
        '{"userAgent":"Lifecycle","key":"ours"},{"userAgent":"Z","key":"a"}]'
    )


def test_a_key_takes_a_pod_out_of_service_at_once() -> None:
    after = mark_not_ready(a_server_pod(), "ours", NOW, marked=True)

    assert told(after)[0] == (
        "Ready",
        "False",
        'the status of pod readiness gate "KruisePodReady" is not "True", but False',
    )
    assert not_ready_keys(after) == {NotReadyKey("Lifecycle", "ours")}


def test_nothing_changes_where_nothing_has_to() -> None:
    pod = a_server_pod()

    assert lead_in(pod, NOW) is pod
    assert mark_not_ready(pod, "ours", NOW, marked=False) is pod


def test_fields_of_other_conditions_stay() -> None:
    probed = replace(a_condition("game.kruise.io/probe", message="42"), last_probe_time=NOW)
    pod = a_server_pod(conditions=(probed, *OPEN))

    assert lead_out(pod, NOW).status.conditions[0] == probed
