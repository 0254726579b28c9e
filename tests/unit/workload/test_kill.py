import pytest

from okg.api.core import Pod
from okg.workload.kill import replicas_after_kill
from okg.workload.pod_counts import tally_members
from unit.fleet import a_pod, tally_of

KILLED = a_pod("xxx-0", ops_state="Kill")
HELD = a_pod("xxx-0", ops_state="Kill", lifecycle="PreparingDelete")


@pytest.mark.parametrize(
    ("replicas", "workload", "fleet", "left"),
    [
        (3, 3, [KILLED, a_pod("xxx-2"), a_pod("xxx-4")], 2),
        (3, 3, [KILLED, a_pod("xxx-2", terminating=True), a_pod("xxx-4")], 3),
        (2, 2, [KILLED, a_pod("xxx-2"), a_pod("xxx-4")], 2),
        (4, 3, [KILLED, a_pod("xxx-2"), a_pod("xxx-4")], 4),
        (2, 2, [KILLED, a_pod("xxx-1", ops_state="Kill")], 0),
        (1, 1, [a_pod("xxx-0", ops_state="kill")], 1),
        (2, 2, [HELD, a_pod("xxx-1"), a_pod("xxx-2")], 2),
        (3, 3, [HELD, a_pod("xxx-1"), a_pod("xxx-2")], 3),
        (2, 2, [HELD, a_pod("xxx-1", ops_state="Kill"), a_pod("xxx-2")], 1),
    ],
)
def test_killed_servers_leave_the_size_of_a_set_at_rest(
    replicas: int, workload: int, fleet: list[Pod], left: int
) -> None:
    assert replicas_after_kill(replicas, workload, tally_members(tally_of(fleet))) == left
