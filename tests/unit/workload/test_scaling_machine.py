"""A set that is edited, scaled, killed and interrupted, against what OpenKruise would keep."""

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from okg.api.core import Pod
from okg.workload.ordinals import format_ordinals, format_text, target_ordinals
from okg.workload.priorities import in_deletion_order
from okg.workload.scaling import Reservations, Scale, decide_scale, read_explicit, record_scale
from unit.fleet import a_pod, a_set

SMALL_IDS = st.frozensets(st.integers(0, 12))
OPS_STATES = st.sampled_from(["None", "WaitToBeDeleted", "Maintaining", "Allocated", "Kill", "own"])


@st.composite
def fleets(draw: st.DrawFn) -> list[Pod]:
    ids = draw(SMALL_IDS)
    return [
        a_pod(
            f"xxx-{id_}",
            ops_state=draw(OPS_STATES),
            priority=draw(st.sampled_from(["", "1", "7", "-2", "x"])),
            terminating=draw(st.sampled_from([False, False, False, True])),
            lifecycle=draw(st.sampled_from(["", "", "", "PreparingDelete"])),
        )
        for id_ in sorted(ids)
    ]


@given(st.integers(0, 8), fleets(), SMALL_IDS, SMALL_IDS, SMALL_IDS)
def test_the_workload_keeps_exactly_what_was_decided(
    want: int,
    fleet: list[Pod],
    explicit: frozenset[int],
    seen: frozenset[int],
    workload: frozenset[int],
) -> None:
    scale = decide_scale(want, fleet, Reservations(explicit, seen, workload))

    assert len(scale.managed) == want
    assert target_ordinals(want, scale.reserved) == scale.managed


@given(st.integers(0, 8), fleets(), SMALL_IDS, SMALL_IDS, SMALL_IDS)
def test_reserved_ids_are_never_managed(
    want: int,
    fleet: list[Pod],
    explicit: frozenset[int],
    seen: frozenset[int],
    workload: frozenset[int],
) -> None:
    scale = decide_scale(want, fleet, Reservations(explicit, seen, workload))

    assert explicit <= scale.reserved
    assert not scale.managed & scale.reserved


@given(st.integers(0, 8), SMALL_IDS, st.data())
def test_no_more_servers_go_than_asked_and_they_go_in_order(
    want: int, ids: frozenset[int], data: st.DataObject
) -> None:
    fleet = [a_pod(f"xxx-{id_}", ops_state=data.draw(OPS_STATES)) for id_ in sorted(ids)]
    surplus = max(0, len(fleet) - want)

    scale = decide_scale(want, fleet, Reservations())

    gone = [pod for pod in fleet if ordinal(pod) not in scale.managed]
    assert len(gone) == surplus
    assert set(map(ordinal, gone)) == set(map(ordinal, in_deletion_order(fleet)[:surplus]))


def ordinal(pod: Pod) -> int:
    return int(pod.metadata.name.removeprefix("xxx-"))


class Fleet(RuleBasedStateMachine):
    """What is stored in a cluster, and pods that follow it with a delay."""

    keeps_ids = False

    def __init__(self) -> None:
        super().__init__()
        self.replicas = 3
        self.explicit: frozenset[int] = frozenset()
        self.seen: frozenset[int] = frozenset()
        self.workload = Scale(managed=frozenset({0, 1, 2}), reserved=frozenset())
        self.alive: dict[int, Pod] = {}
        self.run_workload()

    @rule(replicas=st.integers(0, 6))
    def resize(self, replicas: int) -> None:
        self.replicas = replicas

    @rule(ids=st.frozensets(st.integers(0, 8), max_size=4))
    def reserve(self, ids: frozenset[int]) -> None:
        self.explicit = ids

    @rule(data=st.data(), state=OPS_STATES)
    def change_ops_state(self, data: st.DataObject, state: str) -> None:
        for id_ in data.draw(st.sets(st.sampled_from(sorted(self.alive) or [0]))):
            self.alive[id_] = a_pod(f"xxx-{id_}", ops_state=state)

    @rule(id_=st.integers(0, 8))
    def terminate_by_hand(self, id_: int) -> None:
        if id_ in self.alive:
            self.alive[id_] = a_pod(f"xxx-{id_}", terminating=True)

    @rule()
    def run_workload(self) -> None:
        """Let OpenKruise finish: what it should not keep is gone, what is missing is there."""
        targets = target_ordinals(len(self.workload.managed), self.workload.reserved)
        kept = {i: p for i, p in self.alive.items() if not p.metadata.deletion_timestamp}
        self.alive = {i: kept.get(i, a_pod(f"xxx-{i}")) for i in targets}

    @rule()
    def scale(self) -> None:
        self.write(self.decide())

    @rule()
    def scale_and_lose_the_second_write(self) -> None:
        self.workload = self.decide()

    @rule()
    def settle(self) -> None:
        """Whatever happened before: one more pass, then OpenKruise, and nobody moves any more."""
        self.write(self.decide())
        self.run_workload()
        servers = set(self.alive)

        self.write(self.decide())
        self.run_workload()

        assert set(self.alive) == servers
        assert len(servers) == self.replicas
        assert not servers & self.explicit

    @invariant()
    def the_workload_keeps_what_was_decided(self) -> None:
        wanted = len(self.workload.managed)
        assert target_ordinals(wanted, self.workload.reserved) == self.workload.managed

    def reservations(self) -> Reservations:
        return Reservations(self.explicit, self.seen, self.workload.reserved)

    def decide(self) -> Scale:
        return decide_scale(self.replicas, self.alive.values(), self.reservations())

    def write(self, scale: Scale) -> None:
        ids = self.reservations()
        self.workload = scale
        strategy = {"scaleDownStrategyType": "ReserveIds" if self.keeps_ids else "General"}
        stored = a_set(
            {
                "reserveGameServerIds": list(format_ordinals(self.explicit)),
                "scaleStrategy": strategy,
            },
            annotations={"game.kruise.io/reserve-ids": format_text(self.seen)},
        )
        after = record_scale(stored, ids, scale)
        self.explicit = read_explicit(after)
        self.seen = self.explicit


class IdKeepingFleet(Fleet):
    """The same under the strategy that never reuses an id."""

    keeps_ids = True


TestFleet = Fleet.TestCase
TestFleet.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestIdKeepingFleet = IdKeepingFleet.TestCase
TestIdKeepingFleet.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
