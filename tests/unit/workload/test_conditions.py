import msgspec
import pytest

from okg.api.core import Node, PersistentVolume, PersistentVolumeClaim, PodStatus
from okg.api.game import GameServerCondition
from okg.workload.conditions import (
    ClaimFacts,
    Finding,
    PodFacts,
    compute_conditions,
    join,
    node_finding,
    notices_of,
    pod_finding,
    volumes_finding,
)
from okg.workload.notices import Notice
from unit.fleet import LONG_AGO, NOW, a_pod

KILLED = {"terminated": {"exitCode": 137, "reason": "reason_0", "message": "message_0"}}
COMPLETED = {"terminated": {"exitCode": 0, "reason": "Completed"}}
FAILED = {"terminated": {"exitCode": 1, "reason": "Error"}}
WAITING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
RUNNING: dict[str, object] = {"running": {}}


def a_status(
    *,
    conditions: list[dict[str, str]] | None = None,
    containers: list[dict[str, object]] | None = None,
    init: list[dict[str, object]] | None = None,
    **fields: str,
) -> PodStatus:
    plain = {"image": "i", "imageID": "", "ready": False, "restartCount": 0}
    document = {
        **fields,
        "conditions": conditions or [],
        "containerStatuses": [{"name": "game", **plain, **c} for c in containers or []],
        "initContainerStatuses": [{"name": "init", **plain, **c} for c in init or []],
    }
    return msgspec.convert(document, PodStatus)


def a_condition(type_: str, status: str, index: int) -> dict[str, str]:
    return {
        "type": type_,
        "status": status,
        "reason": f"reason_{index}",
        "message": f"message_{index}",
    }


@pytest.mark.parametrize(
    ("findings", "message", "reason"),
    [
        ([], "", ""),
        ([("", "r0"), ("m1", "r1")], "; m1", "r0; r1"),
        ([("m0", ""), ("m1", "r1")], "m0; m1", "; r1"),
        (
            [("same text", "MemoryPressure:X"), ("same text", "PIDPressure:X")],
            "same text",
            "MemoryPressure:X; PIDPressure:X",
        ),
        ([("", ""), ("m1", "r1"), ("", "")], "m1", "r1"),
        ([("long text", "r"), ("text", "r")], "long text", "r"),
    ],
)
def test_findings_are_joined_without_repeating_what_was_said(
    findings: list[tuple[str, str]], message: str, reason: str
) -> None:
    assert join(Finding(*finding) for finding in findings) == Finding(message, reason)


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (a_status(), "", ""),
        (a_status(reason="Evicted", message="no space"), "no space", "Evicted"),
        (a_status(message="unexplained"), "", ""),
        (a_status(conditions=[a_condition("Ready", "True", 1)]), "", ""),
        (a_status(conditions=[a_condition("PodScheduled", "False", 1)]), "message_1", "reason_1"),
        (a_status(conditions=[a_condition("Initialized", "Unknown", 1)]), "message_1", "reason_1"),
        (a_status(conditions=[a_condition("Ready", "False", 1)]), "", ""),
        (a_status(conditions=[a_condition("game.kruise.io/idle", "False", 1)]), "", ""),
        (a_status(conditions=[a_condition("PodResizePending", "False", 1)]), "", ""),
        (
            a_status(conditions=[a_condition("PodResizePending", "True", 1)]),
            "message_1",
            "PodResizePending:reason_1",
        ),
        (
            a_status(
                conditions=[
                    a_condition("Ready", "False", 1),
                    a_condition("ContainersReady", "True", 2),
                ]
            ),
            "message_1",
            "reason_1",
        ),
        (
            a_status(
                conditions=[
                    a_condition("Ready", "Unknown", 1),
                    a_condition("ContainersReady", "True", 2),
                ]
            ),
            "",
            "",
        ),
        (
            a_status(
                conditions=[
                    a_condition("ContainersReady", "False", 1),
                    a_condition("Ready", "False", 2),
                ],
                containers=[{"state": KILLED}],
            ),
            "message_1; message_0 ExitCode: 137",
            "reason_1; ContainerTerminated:reason_0",
        ),
        (
            a_status(containers=[{"state": WAITING, "lastState": FAILED}]),
            "back-off;  ExitCode: 1",
            "CrashLoopBackOff; ContainerTerminated:Error",
        ),
        (a_status(containers=[{"state": CREATING}]), "", ""),
        (a_status(containers=[{"state": RUNNING, "lastState": FAILED}]), "", ""),
        (a_status(containers=[{"lastState": FAILED}]), " ExitCode: 1", "ContainerTerminated:Error"),
        (
            a_status(containers=[{"state": COMPLETED}]),
            " ExitCode: 0",
            "ContainerTerminated:Completed",
        ),
        (a_status(init=[{"state": COMPLETED}]), "", ""),
        (a_status(init=[{"state": COMPLETED, "lastState": FAILED}]), "", ""),
        (a_status(init=[{"state": FAILED}]), " ExitCode: 1", "ContainerTerminated:Error"),
    ],
)
def test_a_pod_is_normal_or_says_why_not(status: PodStatus, message: str, reason: str) -> None:
    assert pod_finding(status) == Finding(message, reason)


def a_node(*conditions: dict[str, str]) -> Node:
    return msgspec.convert({"status": {"conditions": conditions}}, Node)


@pytest.mark.parametrize(
    ("node", "message", "reason"),
    [
        (a_node(a_condition("Ready", "True", 1), a_condition("DiskPressure", "False", 2)), "", ""),
        (a_node(a_condition("SufficientIP", "True", 1)), "", ""),
        (a_node(a_condition("SufficientIP", "Unknown", 1)), "message_1", "SufficientIP:reason_1"),
        (a_node(a_condition("PIDPressure", "Unknown", 1)), "message_1", "PIDPressure:reason_1"),
        (
            a_node(
                {"type": "Ready", "status": "False", "reason": "KubeletNotReady"},
                {"type": "DiskPressure", "status": "True", "reason": "KubeletHasDiskPressure"},
            ),
            "",
            "Ready:KubeletNotReady; DiskPressure:KubeletHasDiskPressure",
        ),
        (None, "There is no node named node-1 in cluster", "Node Not Found"),
    ],
)
def test_a_node_is_normal_or_says_why_not(node: Node | None, message: str, reason: str) -> None:
    assert node_finding("node-1", node) == Finding(message, reason)


CLAIM = PersistentVolumeClaim()
LOST = msgspec.convert({"status": {"reason": "Lost", "message": "disk gone"}}, PersistentVolume)


@pytest.mark.parametrize(
    ("claims", "message", "reason"),
    [
        ([], "", ""),
        ([ClaimFacts("data", CLAIM, PersistentVolume())], "", ""),
        (
            [ClaimFacts("data", None, None)],
            "There is no pvc named games/data in cluster",
            "PersistentVolumeClaim Not Found",
        ),
        (
            [ClaimFacts("data", CLAIM, None)],
            "There is no pv which pvc games/data is bound with",
            "PersistentVolume Not Found",
        ),
        (
            [ClaimFacts("ok", CLAIM, PersistentVolume()), ClaimFacts("data", CLAIM, LOST)],
            "disk gone",
            "Lost",
        ),
        (
            [ClaimFacts("a", None, None), ClaimFacts("b", CLAIM, LOST)],
            "There is no pvc named games/a in cluster; disk gone",
            "PersistentVolumeClaim Not Found; Lost",
        ),
    ],
)
def test_volumes_are_normal_or_say_why_not(
    claims: list[ClaimFacts], message: str, reason: str
) -> None:
    assert volumes_finding("games", claims) == Finding(message, reason)


def test_a_scheduled_pod_has_three_conditions_in_order() -> None:
    conditions = compute_conditions(PodFacts(pod=a_pod(), node=a_node()), (), NOW)

    assert conditions == (
        GameServerCondition(type="PodNormal", status="True", last_transition_time=NOW),
        GameServerCondition(type="NodeNormal", status="True", last_transition_time=NOW),
        GameServerCondition(type="PersistentVolumeNormal", status="True", last_transition_time=NOW),
    )


def test_a_pod_without_a_node_has_no_node_condition() -> None:
    conditions = compute_conditions(PodFacts(pod=a_pod(node="")), (), NOW)

    assert [c.type for c in conditions] == ["PodNormal", "PersistentVolumeNormal"]


def test_why_a_network_cannot_be_had_is_a_condition_as_long_as_it_is_so() -> None:
    without = compute_conditions(
        PodFacts(pod=a_pod(node=""), network_trouble="no port is left"), (), LONG_AGO
    )
    again = compute_conditions(
        PodFacts(pod=a_pod(node=""), network_trouble="no port is left"), without, NOW
    )
    over = compute_conditions(PodFacts(pod=a_pod(node="")), again, NOW)

    assert again[-1] == GameServerCondition(
        type="NetworkNormal",
        status="False",
        reason="NetworkFailed",
        message="no port is left",
        last_transition_time=LONG_AGO,
    )
    assert [c.type for c in over] == ["PodNormal", "PersistentVolumeNormal"]


def test_a_condition_keeps_its_time_until_it_changes() -> None:
    stored = compute_conditions(PodFacts(pod=a_pod(), node=a_node()), (), LONG_AGO)
    sick = a_node(a_condition("Ready", "False", 1))

    later = compute_conditions(PodFacts(pod=a_pod(), node=sick), stored, NOW)

    assert [c.last_transition_time for c in later] == [LONG_AGO, NOW, LONG_AGO]


def test_only_a_change_to_abnormal_is_told() -> None:
    old = GameServerCondition(type="PodNormal", status="False", reason="r", message="m")
    new = GameServerCondition(type="NodeNormal", status="False", reason="new", message="bad")
    good = GameServerCondition(type="PersistentVolumeNormal", status="True")

    assert notices_of((old,), (old, new, good)) == (Notice("new", "bad", warning=True),)
