"""What follows from pods and probes."""

import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition, PodReadinessGate
from okg.workload.native.probing.book import Assignment, Book, Instant, Outcome
from okg.workload.native.probing.outbox import Write
from okg.workload.native.probing.probe import Probes
from okg.workload.native.probing.schedule import Limits
from unit.workload.native.probing.probed_pods import (
    a_probed_pod,
    a_quality,
    a_result,
    after,
    ended,
    running,
    some_probes,
    waiting,
)

IDLE = some_probes()
NONE = Probes()
XXX = "games/xxx"
NOT_YET = a_result("False", at=100)


class Desk:
    """A book, and the time."""

    def __init__(self) -> None:
        self.book = Book(Limits(), lambda: 0.0)
        self.now = Instant(0.0, after(0))

    def at(self, seconds: float) -> "Desk":
        self.now = Instant(seconds, after(seconds))
        return self

    def see(self, pod: Pod, probes: Probes = IDLE) -> "Desk":
        self.book.see(pod, XXX, probes, self.now)
        return self

    def probe(self, *, ok: bool | None, message: str = "") -> "Desk":
        self.book.settle(self.take(), Outcome(ok, message), self.now)
        return self

    def take(self) -> Assignment:
        assignment = self.book.take_probe(self.now)
        assert isinstance(assignment, Assignment)
        return assignment

    def written(self) -> dict[str, PodCondition | None]:
        """Return what is written half a second later."""
        self.at(self.now.seconds + 0.5)
        write = self.book.take_write(self.now)
        if not isinstance(write, Write):
            return {}
        self.book.wrote(write, self.now)
        return dict(write.conditions)


def test_a_start_is_told_and_then_the_first_result() -> None:
    desk = Desk().at(1).see(a_probed_pod())

    first = desk.written()
    waits = desk.book.take_probe(desk.now)
    second = desk.at(10).probe(ok=True, message="up").written()

    assert first == {"game.kruise.io/idle": a_result("False", at=1)}
    assert waits == pytest.approx(8.5)
    assert second == {"game.kruise.io/idle": a_result("True", "up", at=10)}


def test_a_restart_of_ours_flips_nothing() -> None:
    desk = Desk().at(100).see(a_probed_pod(conditions=(a_result("True", "up", at=20),)))

    assert desk.written() == {}
    assert desk.at(101).probe(ok=True, message="up").written() == {}
    assert desk.at(104).probe(ok=False).written() == {}


def test_a_restart_of_the_container_is_told_at_once() -> None:
    good = (a_result("True", "up", at=20),)
    desk = Desk().at(100).see(a_probed_pod(conditions=good))

    stopped = desk.see(a_probed_pod(ended(), conditions=good)).written()
    started = desk.see(a_probed_pod(running(2, since=100), conditions=good)).written()

    assert stopped == {
        "game.kruise.io/idle": a_result("False", "Container(game) is Non-running", at=100)
    }
    message = started["game.kruise.io/idle"]
    assert message is not None
    assert (message.status, message.message) == ("False", "")
    assert desk.book.take_probe(desk.now) == pytest.approx(9)


def test_a_restart_between_two_looks_is_told_too_and_the_delay_counts_anew() -> None:
    good = (a_result("True", "up", at=20),)
    desk = Desk().at(100).see(a_probed_pod(conditions=good))

    desk.see(a_probed_pod(running(2, since=100), conditions=good))

    assert desk.book.take_probe(desk.now) == pytest.approx(10)
    assert set(desk.written()) == {"game.kruise.io/idle"}


def test_what_a_probe_says_of_a_container_that_has_ended_does_not_count() -> None:
    good = (a_result("True", "up", at=20),)
    desk = Desk().at(100).see(a_probed_pod(conditions=good))
    probes = some_probes(a_quality(failureThreshold=1))
    desk.see(a_probed_pod(conditions=good), probes)

    of_ended = desk.take()
    desk.see(a_probed_pod(ended(), conditions=good), probes)
    desk.book.settle(of_ended, Outcome(ok=False, message="killed"), desk.now)
    told = desk.written()

    assert told == {
        "game.kruise.io/idle": a_result("False", "Container(game) is Non-running", at=100)
    }


def test_what_an_edited_probe_said_before_does_not_count() -> None:
    good = (a_result("True", "up", at=20),)
    pod = a_probed_pod(conditions=good)
    desk = Desk().at(100).see(pod)

    before = desk.take()
    desk.see(pod, some_probes(a_quality(exec={"command": ["other"]})))
    desk.book.settle(before, Outcome(ok=True, message="up"), desk.now)

    assert desk.written() == {"game.kruise.io/idle": a_result("False", at=100)}


def test_a_probe_that_could_not_be_run_changes_nothing() -> None:
    desk = Desk().at(100).see(a_probed_pod(conditions=(a_result("True", "up", at=20),)))

    for second in (103, 106, 109, 112):
        desk.at(second).probe(ok=None, message="refused")

    assert desk.written() == {}


def test_a_command_that_may_still_run_is_not_run_again_for_a_whole_period() -> None:
    desk = Desk().at(100).see(a_probed_pod())

    first = desk.take()
    desk.at(105).book.settle(first, Outcome(ok=False, timed_out=True), desk.now)

    waits = desk.book.take_probe(desk.now)
    assert isinstance(waits, float)
    assert waits >= 3


def test_a_lost_condition_is_written_again_after_ten_minutes() -> None:
    good = (a_result("True", "up", at=20),)
    desk = Desk().at(100).see(a_probed_pod(conditions=good))
    desk.see(a_probed_pod())

    soon = desk.at(699).probe(ok=True, message="up").written()
    late = desk.at(703).probe(ok=True, message="up").written()

    assert soon == {}
    assert late == {
        "game.kruise.io/idle": replace(
            a_result("True", "up", at=703), last_transition_time=after(20)
        )
    }


def test_two_qualities_of_one_container_do_not_get_into_each_others_way() -> None:
    probes = some_probes(a_quality("idle"), a_quality("full"))
    desk = Desk().at(1).see(a_probed_pod(), probes)

    first = desk.written()
    desk.at(20).probe(ok=True, message="one").probe(ok=True, message="two")

    assert set(first) == {"game.kruise.io/idle", "game.kruise.io/full"}
    assert set(desk.written()) == {"game.kruise.io/idle", "game.kruise.io/full"}


def test_the_condition_of_a_quality_that_is_no_more_goes_once() -> None:
    left = a_probed_pod(conditions=(a_result("True"), a_result("True", quality="old")))
    desk = Desk().at(100).see(left)

    assert desk.written() == {"game.kruise.io/old": None}
    assert desk.see(left).written() == {}
    assert desk.see(left, NONE).written() == {"game.kruise.io/idle": None}
    assert desk.book.take_probe(desk.now) is None


def test_a_quality_that_is_taken_out_and_put_back_can_be_taken_out_again() -> None:
    pod = a_probed_pod(conditions=(a_result("True"),))
    desk = Desk().at(100).see(pod)

    assert desk.see(pod, NONE).written() == {"game.kruise.io/idle": None}
    assert desk.see(pod, IDLE).written() == {"game.kruise.io/idle": NOT_YET}
    assert desk.see(pod, NONE).written() == {"game.kruise.io/idle": None}


def test_a_condition_that_was_never_written_goes_before_it_comes() -> None:
    desk = Desk().at(1).see(a_probed_pod()).see(a_probed_pod(), NONE)

    assert desk.written() == {"game.kruise.io/idle": None}


def test_conditions_of_others_are_left_alone() -> None:
    gate = a_result("True", quality="gate")
    pod = a_probed_pod(
        conditions=(
            replace(a_result("True", quality="mine"), last_probe_time=None),
            replace(a_result("True", quality="told"), reason="Because"),
            replace(a_result("True"), type="example.com/idle"),
            gate,
        )
    )
    gated = replace(
        pod, spec=replace(pod.spec, readiness_gates=(PodReadinessGate(condition_type=gate.type),))
    )

    assert Desk().see(gated, NONE).written() == {}


def test_a_quality_that_cannot_be_probed_keeps_its_condition() -> None:
    probes = Probes(names=frozenset({"idle"}))

    assert Desk().see(a_probed_pod(conditions=(a_result("True"),)), probes).written() == {}


def test_another_container_for_a_quality_keeps_the_condition_and_starts_from_nothing() -> None:
    pod = a_probed_pod(running(), running(name="sidecar"), conditions=(a_result("True", "up"),))
    desk = Desk().at(100).see(pod)

    desk.see(pod, some_probes(a_quality(containerName="sidecar")))

    assert desk.written() == {"game.kruise.io/idle": a_result("False", at=100)}


def test_a_pod_that_ends_is_not_probed_and_not_written() -> None:
    desk = Desk().at(100).see(a_probed_pod())

    desk.see(a_probed_pod(terminating=True))

    assert desk.written() == {}
    assert desk.book.take_probe(desk.now) is None
    assert desk.book.sizes == (0, 0, 0)


def test_a_pod_that_is_gone_is_forgotten_even_while_it_is_probed() -> None:
    desk = Desk().at(100).see(a_probed_pod())

    assignment = desk.take()
    desk.book.lose("games", "xxx-0")
    desk.book.settle(assignment, Outcome(ok=True), desk.now)

    assert desk.written() == {}
    assert desk.book.sizes == (0, 0, 0)


def test_a_new_pod_of_the_same_name_takes_the_place_of_the_old_one() -> None:
    desk = Desk().at(100).see(a_probed_pod(uid="old"))

    desk.see(a_probed_pod(uid="new"))
    write = desk.at(101).book.take_write(desk.now)

    assert isinstance(write, Write)
    assert write.pod.uid == "new"
    assert desk.take().turn.job.key.uid == "new"
    assert desk.book.sizes == (1, 1, 0)


def test_a_container_that_was_never_started_is_waited_for() -> None:
    desk = Desk().at(1).see(a_probed_pod(waiting()))

    assert desk.written() == {}
    assert desk.book.take_probe(desk.now) is None


def test_a_container_whose_status_vanishes_is_not_probed() -> None:
    desk = Desk().at(100).see(a_probed_pod())

    desk.see(a_probed_pod(waiting()))

    assert desk.book.take_probe(desk.now) is None


def test_a_socket_is_probed_once_the_pod_has_an_address() -> None:
    probes = some_probes(a_quality(tcpSocket={"port": 1}))
    desk = Desk().at(100).see(a_probed_pod(pod_ip=""), probes)

    assert desk.book.take_probe(desk.now) is None
    desk.see(a_probed_pod(), probes)
    assert desk.take().pod.status.pod_ip == "10.0.0.1"


def test_a_node_whose_clock_is_ahead_delays_nothing() -> None:
    desk = Desk().at(1).see(a_probed_pod(running(since=3600)))

    assert desk.book.take_probe(desk.now) == pytest.approx(10)


def test_a_message_alone_is_no_hurry() -> None:
    desk = Desk().at(100).see(a_probed_pod(conditions=(a_result("True", "1", at=20),)))
    other = replace(a_probed_pod(), metadata=replace(a_probed_pod().metadata, name="yyy", uid="y"))

    desk.probe(ok=True, message="2").at(101).see(other).at(102)
    first, second = (desk.book.take_write(desk.now) for _ in range(2))

    assert isinstance(first, Write)
    assert isinstance(second, Write)
    assert (first.pod.name, second.pod.name) == ("yyy", "xxx-0")


def test_a_failed_write_is_made_again() -> None:
    desk = Desk().at(100).see(a_probed_pod()).at(101)
    write = desk.book.take_write(desk.now)
    assert isinstance(write, Write)

    desk.book.write_again(write, desk.now)

    assert desk.at(102).book.take_write(desk.now) == write
