import pytest

from okg.api.core import Pod
from okg.workload.priorities import in_deletion_order
from unit.fleet import a_pod


@pytest.mark.parametrize(
    ("fleet", "order"),
    [
        (
            [
                a_pod("xxx-0", priority="10"),
                a_pod("xxx-1", ops_state="Maintaining"),
                a_pod("xxx-2", ops_state="WaitToBeDeleted"),
                a_pod("xxx-3"),
            ],
            "xxx-2 xxx-0 xxx-3 xxx-1",
        ),
        (
            [
                a_pod("xxx-0", ops_state="Allocated"),
                a_pod("xxx-1", ops_state="Maintaining"),
                a_pod("xxx-2", ops_state="WaitToBeDeleted"),
                a_pod("xxx-3"),
            ],
            "xxx-2 xxx-3 xxx-0 xxx-1",
        ),
        (
            [
                a_pod("xxx-0", ops_state="Allocated"),
                a_pod("xxx-1", ops_state="Maintaining"),
                a_pod("xxx-2", ops_state="WaitToBeDeleted"),
                a_pod("xxx-3"),
                a_pod("xxx-4", ops_state="Kill"),
                a_pod("xxx-5", ops_state="custom"),
            ],
            "xxx-4 xxx-2 xxx-5 xxx-3 xxx-0 xxx-1",
        ),
        (
            [
                a_pod("xxx-0", priority="+3"),
                a_pod("xxx-1", priority="-1"),
                a_pod("xxx-2", priority="1_0"),
                a_pod("xxx-10", priority=""),
                a_pod("xxx-9", priority="0"),
            ],
            "xxx-0 xxx-10 xxx-9 xxx-2 xxx-1",
        ),
    ],
)
def test_servers_go_by_ops_state_then_priority_then_ordinal(fleet: list[Pod], order: str) -> None:
    assert " ".join(pod.metadata.name for pod in in_deletion_order(fleet)) == order
