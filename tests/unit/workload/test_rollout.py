from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetStatus
from okg.api.kruise import StatefulSetStatus
from okg.api.meta import Condition
from okg.workload.pod_counts import MemberCounts
from okg.workload.rollout import (
    Rollout,
    compute_conditions,
    find,
    read_rollout,
    time_to_next_look,
)
from unit.fleet import NOW, a_set, a_workload

THREE = MemberCounts(living=3)
DONE = Rollout(replicas=3, created=True, observed=True, updated=3, available=3, members=THREE)
STARTING = replace(DONE, available=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Story:
    """A set whose status is written after each step."""

    def __init__(self, spec: Mapping[str, object] | None = None) -> None:
        self.gss: GameServerSet = a_set(spec)
        self.now: datetime = NOW

    def step(self, rollout: Rollout, after: timedelta = timedelta(0)) -> "Story":
        self.now += after
        fresh = GameServerSetStatus(
            replicas=rollout.replicas,
            ready_replicas=rollout.available,
            available_replicas=rollout.available,
            current_replicas=rollout.members.living + rollout.members.terminating,
            updated_replicas=rollout.updated,
            observed_generation=self.gss.metadata.generation,
        )
        conditions = compute_conditions(self.gss, fresh, rollout, (), self.now)
        self.gss = replace(self.gss, status=replace(fresh, conditions=conditions))
        return self

    def edit(self) -> "Story":
        meta = self.gss.metadata
        self.gss = replace(self.gss, metadata=replace(meta, generation=meta.generation + 1))
        return self

    @property
    def status(self) -> GameServerSetStatus:
        assert self.gss.status is not None
        return self.gss.status

    @property
    def told(self) -> list[str]:
        return [f"{c.type}={c.status} {c.reason}" for c in self.status.conditions]

    @property
    def next_look(self) -> timedelta | None:
        return time_to_next_look(self.status, self.now)

    def condition(self, kind: str) -> Condition:
        found = find(self.status, kind)
        assert found is not None
        return found


COMPLETE = ["Ready=True Complete", "Progressing=True Complete"]


def test_a_set_as_its_spec_asks_is_ready_and_looked_at_no_more() -> None:
    story = Story().step(DONE)

    assert story.status.conditions == (
        Condition(
            type="Ready",
            status="True",
            reason="Complete",
            message="3 of 3 servers updated, 3 available",
            observed_generation=7,
            last_transition_time=NOW,
        ),
        Condition(
            type="Progressing",
            status="True",
            reason="Complete",
            message="3 of 3 servers updated, 3 available",
            observed_generation=7,
            last_transition_time=NOW,
        ),
    )
    assert story.next_look is None


@pytest.mark.parametrize(
    ("rollout", "reason"),
    [
        (Rollout(replicas=3), "Creating"),
        (replace(DONE, created=False, observed=False), "Creating"),
        (replace(DONE, replicas=4), "Scaling"),
        (replace(DONE, replicas=2), "Scaling"),
        (replace(DONE, members=MemberCounts(living=3, terminating=1)), "Scaling"),
        (replace(DONE, observed=False), "RollingOut"),
        (replace(DONE, updated=2, members=MemberCounts(living=3, outdated=1)), "RollingOut"),
        (replace(DONE, available=2), "ServersNotReady"),
        (replace(DONE, members=MemberCounts(living=3, unready=1)), "ServersNotReady"),
        (replace(DONE, waiting_for_probes=True), "WaitingForProbeMarker"),
    ],
)
def test_what_is_under_way_is_named(rollout: Rollout, reason: str) -> None:
    story = Story().step(rollout)

    assert story.told == [f"Ready=False {reason}", f"Progressing=True {reason}"]


def test_old_servers_that_a_partition_keeps_are_no_work_left() -> None:
    kept = replace(DONE, updated=1, kept=2, members=MemberCounts(living=3, outdated=2))
    story = Story().step(kept)

    assert story.told == ["Ready=True PartitionReached", "Progressing=True PartitionReached"]
    assert story.condition("Ready").message == "1 of 3 servers updated, 3 available"


def test_a_partition_that_keeps_fewer_than_are_old_is_work_left() -> None:
    kept = replace(DONE, updated=1, kept=1, members=MemberCounts(living=3, outdated=2))

    assert Story().step(kept).told[0] == "Ready=False RollingOut"


def test_under_on_delete_nothing_has_to_change() -> None:
    old = replace(
        DONE, updated=0, kept=3, on_delete=True, members=MemberCounts(living=3, outdated=3)
    )

    assert Story().step(old).told == ["Ready=True OnDelete", "Progressing=True OnDelete"]


def test_a_pause_is_neither_done_nor_late() -> None:
    paused = replace(DONE, updated=1, paused=True, members=MemberCounts(living=3, outdated=2))
    story = Story().step(paused).step(paused, 60 * MINUTE)

    assert story.told == ["Ready=False Paused", "Progressing=Unknown Paused"]
    assert story.next_look is None


def test_a_paused_set_without_anything_to_update_is_ready() -> None:
    assert Story().step(replace(DONE, paused=True)).told == COMPLETE


def test_a_phase_lasts_until_the_set_is_done() -> None:
    scaling = replace(DONE, replicas=5)
    here = replace(DONE, replicas=5, updated=5, members=MemberCounts(living=5))

    assert Story().step(scaling).step(here).told[1] == "Progressing=True Scaling"


def test_another_spec_is_another_phase() -> None:
    scaling = replace(DONE, replicas=5)
    changed = replace(DONE, updated=0, members=MemberCounts(living=3, outdated=3))

    assert Story().step(scaling).edit().step(changed).told[1] == "Progressing=True RollingOut"


def test_what_moves_renews_the_time_and_nothing_else_does() -> None:
    story = Story().step(STARTING).step(STARTING, SECOND)
    still = story.condition("Progressing").last_transition_time
    story.step(replace(STARTING, available=2), SECOND)

    assert still == NOW
    assert story.condition("Progressing").last_transition_time == NOW + 2 * SECOND
    assert story.condition("Ready").last_transition_time == NOW


def test_servers_that_are_too_many_and_go_are_progress() -> None:
    more = replace(STARTING, members=MemberCounts(living=9))
    fewer = replace(STARTING, members=MemberCounts(living=8))
    lost = replace(STARTING, members=MemberCounts(living=2))
    story = Story().step(more).step(fewer, SECOND)
    gone = story.condition("Progressing").last_transition_time
    story.step(lost, SECOND)

    assert gone == NOW + SECOND
    assert story.condition("Progressing").last_transition_time == NOW + SECOND


def test_the_reason_of_a_standstill_is_told_after_some_patience() -> None:
    crashing = replace(STARTING, members=MemberCounts(living=3, troubles={"CrashLoopBackOff": 2}))
    story = Story().step(crashing).step(crashing, 29 * SECOND)
    before, look = story.told[0], story.next_look
    story.step(crashing, SECOND)

    assert (before, look) == ("Ready=False ServersNotReady", SECOND)
    assert story.told == ["Ready=False ServersCrashed", "Progressing=True ServersNotReady"]
    assert story.condition("Ready").message == (
        "3 of 3 servers updated, 1 available; 2 in CrashLoopBackOff"
    )
    assert story.next_look == 10 * MINUTE - 30 * SECOND


def test_a_hook_that_holds_is_named() -> None:
    held = replace(
        DONE, replicas=2, members=MemberCounts(living=3, held=1), complaints=("Failed: why",)
    )
    story = Story().step(held).step(held, MINUTE)

    assert story.told[0] == "Ready=False WaitingForHooks"
    assert story.condition("Ready").message == (
        "3 of 2 servers updated, 3 available; 1 held by a hook; Failed: why"
    )


def test_an_explanation_stays_until_something_moves() -> None:
    crashing = replace(STARTING, members=MemberCounts(living=3, troubles={"Crash": 1}))
    story = Story().step(crashing).step(crashing, MINUTE).step(STARTING, MINUTE)
    still = story.told[0]
    story.step(replace(STARTING, available=2), MINUTE)

    assert still == "Ready=False ServersCrashed"
    assert story.told[0] == "Ready=False ServersNotReady"


def test_a_rollout_that_does_not_move_for_ten_minutes_is_stalled() -> None:
    story = Story().step(STARTING).step(STARTING, 10 * MINUTE - SECOND)
    before = story.told[1]
    story.step(STARTING, SECOND)

    assert before == "Progressing=True ServersNotReady"
    assert story.told == [
        "Ready=False ServersNotReady",
        "Progressing=False ProgressDeadlineExceeded",
        "Stalled=True ProgressDeadlineExceeded",
    ]
    assert story.condition("Stalled").message == (
        "nothing has moved for 10 minutes: 3 of 3 servers updated, 1 available"
    )
    assert story.next_look is None


def test_a_stalled_rollout_stays_so_until_something_moves() -> None:
    story = Story().step(STARTING).step(STARTING, 10 * MINUTE).step(STARTING, SECOND)
    still = story.told[1]
    story.step(replace(STARTING, available=2), SECOND)

    assert still == "Progressing=False ProgressDeadlineExceeded"
    assert story.told == ["Ready=False ServersNotReady", "Progressing=True ServersNotReady"]
    assert story.condition("Progressing").last_transition_time == story.now


def test_another_spec_gives_a_stalled_set_another_chance() -> None:
    story = Story().step(STARTING).step(STARTING, 10 * MINUTE).edit().step(STARTING, SECOND)

    assert story.told[1] == "Progressing=True ServersNotReady"


def test_a_complete_set_that_loses_servers_is_not_ready_and_never_stalled() -> None:
    crashed = replace(STARTING, members=MemberCounts(living=3, troubles={"Crash": 1}))
    story = Story().step(DONE).step(crashed, MINUTE)
    at_first, look = story.told, story.next_look
    story.step(crashed, 30 * SECOND)

    assert at_first == ["Ready=False ServersNotReady", "Progressing=True Complete"]
    assert look == 30 * SECOND
    assert story.told == ["Ready=False ServersCrashed", "Progressing=True Complete"]
    assert story.next_look is None
    assert story.step(crashed, 60 * MINUTE).told == story.told
    assert story.step(DONE, MINUTE).told == COMPLETE
    assert story.condition("Progressing").last_transition_time == NOW


def test_a_complete_set_that_recovers_in_part_says_what_is_left() -> None:
    down = replace(DONE, available=0, members=MemberCounts(living=3, troubles={"Crash": 3}))
    fewer = replace(DONE, available=1, members=MemberCounts(living=3, troubles={"Crash": 2}))
    story = Story().step(DONE).step(down, MINUTE).step(down, MINUTE).step(fewer, SECOND)
    crashed = story.told[0]
    story.step(replace(fewer, available=2, members=THREE), SECOND)

    assert crashed == "Ready=False ServersCrashed"
    assert story.told[0] == "Ready=False ServersNotReady"


def test_a_corrected_workload_starts_its_time_anew() -> None:
    story = Story().step(STARTING)
    invalid = [replace(c, status="False", reason="InvalidSpec") for c in story.status.conditions]
    story.gss = replace(story.gss, status=replace(story.status, conditions=tuple(invalid)))

    story.step(STARTING, 60 * MINUTE)

    assert story.told[1] == "Progressing=True ServersNotReady"


def test_what_is_known_comes_from_the_spec_the_workload_and_the_pods() -> None:
    gss = a_set({"updateStrategy": {"rollingUpdate": {"partition": 2, "paused": True}}})
    failed = Condition(type="FailedCreatePod", status="True", message="exceeded quota")
    workload = a_workload()
    workload = replace(
        workload,
        metadata=replace(workload.metadata, generation=5),
        status=StatefulSetStatus(
            observed_generation=4, updated_replicas=2, available_replicas=1, conditions=(failed,)
        ),
    )

    assert read_rollout(gss, workload, THREE) == Rollout(
        replicas=3,
        kept=2,
        paused=True,
        created=True,
        observed=False,
        updated=2,
        available=1,
        members=THREE,
        complaints=("FailedCreatePod: exceeded quota",),
    )


def test_on_delete_keeps_all_unless_there_are_rolling_settings() -> None:
    on_delete = a_set({"updateStrategy": {"type": "OnDelete"}})
    both = a_set({"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}})

    assert read_rollout(on_delete, None, THREE) == Rollout(
        replicas=3, kept=3, on_delete=True, members=THREE
    )
    assert read_rollout(both, None, THREE) == Rollout(replicas=3, members=THREE)
