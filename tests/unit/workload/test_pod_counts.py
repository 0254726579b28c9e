import msgspec
from msgspec.structs import replace

from okg.api.core import ContainerStatus, Pod
from okg.workload.pod_counts import (
    MemberCounts,
    PodCounts,
    count_troubles,
    tally_members,
    tally_pods,
)
from unit.fleet import a_pod, tally_of

REVISION = {"controller-revision-hash": "xxx-new"}


def waiting(pod: Pod, reason: str) -> Pod:
    document = {
        "name": "game",
        "image": "game:1",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": reason}},
    }
    status = msgspec.convert(document, ContainerStatus)
    return replace(pod, status=replace(pod.status, container_statuses=(status, status)))


def test_pods_are_counted_by_their_labels_terminating_ones_too() -> None:
    tally = tally_of(
        [
            a_pod("xxx-0", ops_state="Maintaining"),
            a_pod("xxx-1", ops_state="WaitToBeDeleted", terminating=True),
            a_pod("xxx-2", ops_state="WaitToBeDeleted"),
            a_pod("xxx-3", labels={"game.kruise.io/gs-state": "PreDelete"}),
            a_pod("xxx-4", ops_state="Allocated"),
        ]
    )

    assert tally_pods(tally) == PodCounts(
        total=5, maintaining=1, wait_to_be_deleted=2, pre_delete=1
    )


def test_members_are_counted_by_what_happens_to_them() -> None:
    tally = tally_of(
        [
            a_pod("xxx-0", labels=REVISION),
            a_pod("xxx-1", labels={"controller-revision-hash": "new"}),
            a_pod("xxx-2", labels={"controller-revision-hash": "xxx-old"}),
            a_pod("xxx-3", labels=REVISION, lifecycle="PreparingDelete"),
            a_pod("xxx-4", labels=REVISION, lifecycle="PreparingUpdate"),
            a_pod("xxx-5", terminating=True, lifecycle="PreparingDelete"),
            a_pod("xxx-6", labels=REVISION, ops_state="Kill"),
            a_pod("stranger", labels=REVISION, ops_state="Kill"),
        ]
    )

    assert tally_members(tally, "xxx-new") == MemberCounts(
        living=6, terminating=1, unready=2, outdated=1, held=2, killed=1, leaving=1
    )


def test_troubles_are_counted_once_for_each_server_that_is_not_ready() -> None:
    troubles = count_troubles(
        [
            waiting(a_pod("xxx-0", labels=REVISION, ready="False"), "CrashLoopBackOff"),
            waiting(a_pod("xxx-1", labels=REVISION, ready="False"), "CrashLoopBackOff"),
            waiting(a_pod("xxx-2", labels=REVISION, ready="False"), "ContainerCreating"),
            waiting(a_pod("xxx-3", labels=REVISION), "ImagePullBackOff"),
            a_pod("xxx-4", labels=REVISION, phase="Failed"),
        ]
    )

    assert troubles == {"CrashLoopBackOff": 2, "Crash": 1}
