"""Two managers: one leads, and the other takes over in time."""

import time
from collections.abc import Generator

import pytest

from integration.arena import Arena, ManagerProcess
from okg.api.coordination import Lease
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

LEASE = ("kruise-game-system", "game-kruise-manager")
ELECT = ("--leader-elect", f"--leader-election-namespace={LEASE[0]}")
QUICK = (
    *ELECT,
    "--leader-elect-lease-duration=2s",
    "--leader-elect-renew-deadline=1500ms",
    "--leader-elect-retry-period=400ms",
)
LEADS = "successfully acquired lease kruise-game-system/game-kruise-manager"


def _leader(*managers: ManagerProcess) -> ManagerProcess:
    return eventually(lambda: [m for m in managers if LEADS in m.log], within=30)[0]


def _time_to_next_write(arena: Arena, namespace: str, name: str) -> float:
    """Seconds until a set that was created now gets its workload, which only a leader makes."""
    started = time.monotonic()
    arena.create_set(namespace, name, replicas=0)
    eventually(lambda: arena.events(namespace, "CreateWorkload"), within=40)
    return time.monotonic() - started


def _vacate(arena: Arena) -> None:
    lease = arena.admin.get(Lease, *LEASE)
    if lease is not None:
        arena.admin.delete(lease)


@pytest.fixture(autouse=True)
def nobody_leads(arena: Arena) -> Generator[None]:
    """Each test starts with nobody in charge, on a server that has served these kinds before."""
    arena.create_set(arena.namespace(), "warm-up", replicas=0)
    _vacate(arena)
    yield
    _vacate(arena)  # a stolen lease would keep the managers of the next tests waiting


def test_exactly_one_leads_and_both_are_ready(arena: Arena) -> None:
    with arena.manager(*QUICK) as first, arena.manager(*QUICK) as second:
        leader = _leader(first, second)
        follower = second if leader is first else first
        namespace = arena.namespace()

        _time_to_next_write(arena, namespace, "a")

        assert first.is_ready()
        assert second.is_ready()
        assert LEADS not in follower.log
        assert len(arena.events(namespace, "CreateWorkload")) == 1


def test_a_killed_leader_with_a_short_lease_is_followed_within_three_seconds(
    arena: Arena,
) -> None:
    with arena.manager(*QUICK) as first, arena.manager(*QUICK) as second:
        leader = _leader(first, second)

        leader.kill()
        seconds = _time_to_next_write(arena, arena.namespace(), "a")

    assert seconds < 3


def test_a_killed_leader_with_default_settings_is_followed_within_sixteen_seconds(
    arena: Arena,
) -> None:
    with arena.manager(*ELECT) as first, arena.manager(*ELECT) as second:
        leader = _leader(first, second)

        leader.kill()
        seconds = _time_to_next_write(arena, arena.namespace(), "a")

    assert seconds < 16


def _seconds_to_hand_over(arena: Arena) -> float:
    """Stop a leader in order; return how long its follower takes to write."""
    with arena.manager(*ELECT) as first, arena.manager(*ELECT) as second:
        leader = _leader(first, second)
        lease = arena.admin.get(Lease, *LEASE)
        leader.stop()
        seconds = _time_to_next_write(arena, arena.namespace(), "a")
        after = arena.admin.get(Lease, *LEASE)
    assert lease is not None
    assert after is not None
    assert after.spec.lease_transitions == (lease.spec.lease_transitions or 0) + 1
    return seconds


def test_a_clean_stop_hands_over_within_a_second(arena: Arena) -> None:
    # The quickest of some, because this machine may be busy; without the hand-over all take 15 s.
    assert min(_seconds_to_hand_over(arena) for _ in range(3)) < 1


def test_a_leader_that_loses_its_lease_ends_at_once(arena: Arena) -> None:
    with arena.manager(*QUICK) as manager:
        _leader(manager)
        stolen = {"spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 60}}
        path = f"/apis/coordination.k8s.io/v1/namespaces/{LEASE[0]}/leases/{LEASE[1]}"

        arena.rest.call("PATCH", path, stolen, content_type="application/merge-patch+json")

        eventually(lambda: not manager.process.running, within=5)
        assert "leader election lost" in manager.log
