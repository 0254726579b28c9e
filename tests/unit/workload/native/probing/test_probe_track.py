"""What a condition says after what has happened to a container and its probe."""

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from okg.api.core import ContainerState, ContainerStateRunning, ContainerStateWaiting, PodCondition
from okg.workload.native.probing.container import Sighting, is_probed, sight
from okg.workload.native.probing.probe import Probe, TcpAction
from okg.workload.native.probing.track import (
    Track,
    begin,
    judge,
    meet,
    retarget,
    to_condition,
)
from unit.workload.native.probing.probed_pods import (
    START,
    a_probed_pod,
    a_result,
    after,
    ended,
    running,
    some_probes,
    waiting,
)

[PROBE] = some_probes().runnable
FIRST, SECOND = Sighting("one", START), Sighting("two", after(60))
STOPPED = Sighting("one")


def a_track(known: PodCondition | None = None) -> Track:
    return begin(PROBE, FIRST, known, after(1))


def judged(track: Track, *outcomes: tuple[bool, str], at: float = 20) -> Track:
    for ok, message in outcomes:
        track = judge(track, after(at), ok=ok, message=message)
    return track


def said(track: Track) -> tuple[bool, str]:
    return track.report.ok, track.report.message


def test_a_container_that_has_just_started_is_not_yet_good() -> None:
    track = a_track()

    assert to_condition(track) == a_result("False", "", at=1)


def test_one_success_is_enough_and_a_failure_takes_three() -> None:
    up = judged(a_track(), (True, "up"))
    shaken = judged(up, (False, "down"), (False, "down"))
    down = judged(shaken, (False, "gone"), at=30)

    assert said(up) == (True, "up")
    assert said(shaken) == (True, "up")
    assert said(down) == (False, "gone")
    assert down.report.since == after(30)


def test_a_success_between_failures_starts_their_count_over() -> None:
    track = judged(
        a_track(), (True, ""), (False, "a"), (False, "b"), (True, ""), (False, "c"), (False, "d")
    )

    assert said(track) == (True, "")


def test_once_over_the_threshold_each_message_counts() -> None:
    track = judged(a_track(), *[(False, "a")] * 3)

    again = judged(track, (False, "b"), at=40)

    assert said(again) == (False, "b")
    assert again.report.since == after(1)
    assert again.report.at == after(40)


def test_a_result_that_stays_the_same_is_stored_again_after_ten_minutes() -> None:
    track = judged(a_track(), (True, "up"), at=20)

    soon = judged(track, (True, "up"), at=619)
    late = judged(track, (True, "up"), at=620)

    assert soon.report is track.report
    assert late.report == replace(track.report, at=after(620))


def test_a_restart_starts_from_nothing() -> None:
    track = judged(a_track(), (True, "up"))

    again = meet(track, SECOND, after(61))

    assert said(again) == (False, "")
    assert again.report.since == after(61)
    assert said(judged(again, (False, ""), (False, ""))) == (False, "")
    assert (again.outcome, again.run) == (None, 0)


def test_a_container_that_does_not_run_is_bad() -> None:
    track = meet(judged(a_track(), (True, "up")), STOPPED, after(30))

    assert said(track) == (False, "Container(game) is Non-running")
    assert track.report.since == after(30)
    assert meet(track, STOPPED, after(31)).report is track.report


def test_an_edited_action_starts_from_nothing_and_edited_numbers_do_not() -> None:
    track = judged(a_track(), (True, "up"))

    patient = retarget(track, replace(PROBE, failure_threshold=9), after(30))
    other = retarget(track, replace(PROBE, action=TcpAction(1)), after(30))

    assert said(patient) == (True, "up")
    assert patient.probe.failure_threshold == 9
    assert said(other) == (False, "")
    assert said(retarget(meet(track, STOPPED, after(9)), other.probe, after(30))) == (
        False,
        "Container(game) is Non-running",
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (a_result("True", "up", at=0), (True, "up")),
        (a_result("False", "down", at=5), (False, "down")),
        (a_result("True", "up", at=-1), (False, "")),
        (replace(a_result("True", "up"), last_transition_time=None), (False, "")),
    ],
)
def test_what_was_said_of_this_container_stands(
    known: PodCondition, expected: tuple[bool, str]
) -> None:
    assert said(a_track(known)) == expected


def test_a_node_whose_clock_is_ahead_does_not_make_a_report_look_old() -> None:
    ahead = Sighting("one", after(100))

    track = begin(PROBE, ahead, None, after(1))

    assert said(begin(PROBE, ahead, to_condition(track), after(2))) == (False, "")
    assert to_condition(track).last_transition_time == after(100)


def test_a_stopped_container_keeps_the_time_of_its_failure() -> None:
    track = begin(PROBE, STOPPED, a_result("False", "down", at=3), after(30))

    assert said(track) == (False, "Container(game) is Non-running")
    assert track.report.since == after(3)


def test_a_message_is_cut_at_a_character() -> None:
    track = judged(a_track(), (True, "é" * 2000))

    assert track.report.message == "é" * 1024


class Reference:
    """Says the same by looking at all outcomes since the container's last start."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def says(self, outcomes: Sequence[tuple[bool, str]]) -> tuple[bool, str]:
        for end in range(len(outcomes), 0, -1):
            ok, message = outcomes[end - 1]
            needed = self.probe.success_threshold if ok else self.probe.failure_threshold
            row = outcomes[max(0, end - needed) : end]
            if len(row) == needed and all(outcome[0] is ok for outcome in row):
                return ok, message
        return False, ""


@given(
    outcomes=st.lists(st.tuples(st.booleans(), st.sampled_from(["", "a", "b"]))),
    success=st.integers(1, 4),
    failure=st.integers(1, 4),
)
def test_the_condition_is_what_all_outcomes_together_say(
    outcomes: list[tuple[bool, str]], success: int, failure: int
) -> None:
    probe = replace(PROBE, success_threshold=success, failure_threshold=failure)

    track = judged(retarget(a_track(), probe, after(2)), *outcomes)

    assert said(track) == Reference(probe).says(outcomes)


def test_pods_are_probed_while_they_run() -> None:
    assert is_probed(a_probed_pod())
    assert not is_probed(a_probed_pod(terminating=True))
    assert not is_probed(a_probed_pod(phase="Failed"))
    assert not is_probed(a_probed_pod(initialized="False"))
    assert not is_probed(a_probed_pod(node=""))


def test_a_container_is_seen_once_it_was_started() -> None:
    started = Sighting("containerd://game-1", START)
    crashed = replace(running(), state=ContainerState(waiting=ContainerStateWaiting()))

    assert sight(a_probed_pod(running()), "game", START) == started
    assert sight(a_probed_pod(ended()), "game", START) == Sighting("containerd://game-1")
    assert sight(a_probed_pod(crashed), "game", START) == Sighting("containerd://game-1")
    assert sight(a_probed_pod(waiting()), "game", START) is None
    assert sight(a_probed_pod(running()), "other", START) is None


def test_without_an_id_start_and_restarts_tell_containers_apart() -> None:
    nameless = replace(running(2, since=5), container_id="")
    state = ContainerState(running=ContainerStateRunning())
    vague = replace(running(), container_id="", state=state)

    assert sight(a_probed_pod(nameless), "game", START) == Sighting(
        "2026-01-01 12:00:05+00:00#1", after(5)
    )
    assert sight(a_probed_pod(vague), "game", after(7)) == Sighting("None#0", after(7))
