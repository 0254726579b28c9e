"""Replay: what must hold at every step of a set's history, judged after the fact.

OpenKruise and the manager act on what their caches told them a moment ago, so a step is judged by
any version that was in force within the last ``LAG`` seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from integration.history import Version
from okg.api.core import Pod
from okg.api.game import GameServerSet, GameServerSetSpec
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.ordinals import ordinal_of, parse_ordinals, target_ordinals
from okg.workload.priorities import in_deletion_order

LAG = 8.0

T = TypeVar("T")


class Plan(msgspec.Struct, frozen=True):
    """A workload's size and ids at one moment."""

    replicas: int
    reserved: frozenset[int]

    @property
    def managed(self) -> frozenset[int]:
        return target_ordinals(self.replicas, self.reserved)


class Recent(Generic[T]):
    """The values of something that were in force within the last ``LAG`` seconds."""

    def __init__(self) -> None:
        self._values: list[tuple[float, T]] = []

    def add(self, at: float, value: T) -> None:
        self._values.append((at, value))

    def at(self, now: float) -> list[T]:
        values = self._values
        ends = [at for at, _ in values[1:]] + [now]
        return [value for (_, value), end in zip(values, ends, strict=True) if end >= now - LAG]


class Replay:
    """Steps through a history; ``violations`` tells what did not hold, and when."""

    def __init__(self, image: str, max_unavailable: int) -> None:
        self.violations: list[str] = []
        self.decisions = 0
        self.removed: set[str] = set()
        self._image = image
        self._max_unavailable = max_unavailable
        self._pods: dict[str, Pod] = {}
        self._looks: defaultdict[str, Recent[Pod]] = defaultdict(Recent)
        self._plans: Recent[Plan] = Recent()
        self._specs: Recent[GameServerSetSpec] = Recent()
        self._plan: Plan | None = None

    def run(self, versions: list[Version]) -> "Replay":
        for version in versions:
            judge = _judges(self)[type(version.obj).__name__]
            for complaint in judge(version):
                self.violations.append(f"at {version.revision}: {complaint}")
        return self

    def workload(self, version: Version) -> Iterator[str]:
        workload = version.obj
        assert isinstance(workload, AdvancedStatefulSet)
        reserved = parse_ordinals(workload.spec.reserve_ordinals, "reserveOrdinals")
        plan, before = Plan(workload.spec.replicas or 0, reserved), self._plan
        if plan == before:
            return
        self._plan = plan
        self._plans.add(version.at, plan)
        if before is not None:
            self.decisions += 1
            yield from self._judge_decision(before, plan, version.at)

    def _judge_decision(self, before: Plan, plan: Plan, now: float) -> Iterator[str]:
        living = {n: p for n, p in self._pods.items() if not p.metadata.deletion_timestamp}
        here = {ordinal_of(name) for name in living} & before.managed
        explicit = frozenset[int]().union(*map(_explicit, self._specs.at(now)))
        dropped = here - plan.managed
        asked = max(0, before.replicas - plan.replicas) + len(here & explicit & plan.reserved)
        if len(dropped) > asked:
            yield f"{len(dropped)} servers were dropped, {asked} asked for: {sorted(dropped)}"
        chosen, kept = dropped - explicit, here & plan.managed
        for one in chosen:
            for other in kept:
                if not self._may_go_before(f"a-{one}", f"a-{other}", now):
                    yield f"server {one} was dropped before {other}"

    def _may_go_before(self, first: str, second: str, now: float) -> bool:
        return any(
            in_deletion_order([one, other])[0] is one
            for one in self._looks[first].at(now)
            for other in self._looks[second].at(now)
        )

    def game_server_set(self, version: Version) -> Iterator[str]:
        gss = version.obj
        assert isinstance(gss, GameServerSet)
        assert gss.spec is not None
        self._specs.add(version.at, gss.spec)
        status = gss.status
        if status is None:
            return
        if status.observed_generation > gss.metadata.generation:
            yield "the status is about a generation that is still to come"
        is_current = status.observed_generation == gss.metadata.generation
        if is_current and status.replicas != gss.spec.replicas:
            yield f"status.replicas is {status.replicas}, asked for {gss.spec.replicas}"
        marked = (status.maintaining_replicas or 0) + (status.wait_to_be_deleted_replicas or 0)
        if marked > status.current_replicas:
            yield f"{marked} servers in an opsState, but only {status.current_replicas} in all"

    def pod(self, version: Version) -> Iterator[str]:
        pod = version.obj
        assert isinstance(pod, Pod)
        name, before = pod.metadata.name, self._pods.get(pod.metadata.name)
        if version.gone:
            self._pods.pop(name, None)
            return
        self._pods[name] = pod
        self._looks[name].add(version.at, pod)
        if before is None or before.metadata.uid != pod.metadata.uid:
            yield from self._judge_birth(pod, version.at)
            before = None
        if pod.metadata.deletion_timestamp and not (before and before.metadata.deletion_timestamp):
            self.removed.add(name)
            yield from self._judge_end(pod, version.at)
        yield from self._judge_update(pod, version.at)

    def _judge_birth(self, pod: Pod, now: float) -> Iterator[str]:
        id_ = ordinal_of(pod.metadata.name)
        if not any(id_ in plan.managed for plan in self._plans.at(now)):
            yield f"pod {id_} was made, nobody asked for it"

    def _judge_end(self, pod: Pod, now: float) -> Iterator[str]:
        id_ = ordinal_of(pod.metadata.name)
        if all(id_ in plan.managed for plan in self._plans.at(now)):
            yield f"pod {id_} was removed, nobody asked for it"

    def _judge_update(self, pod: Pod, now: float) -> Iterator[str]:
        statuses = {status.name: status for status in pod.status.container_statuses}
        if "sidecar" in statuses and statuses["sidecar"].restart_count:
            yield f"the sidecar of {pod.metadata.name} was restarted"
        old = sum(_image_of(other) != self._image for other in self._pods.values())
        least = min(self._stay_old(spec) for spec in self._specs.at(now))
        if old < least:
            yield f"{old} servers have the old image, at least {least} keep it"
        away = sum(map(_is_away_for_update, self._pods.values()))
        if away > self._max_unavailable:
            yield f"{away} servers are unavailable, at most {self._max_unavailable} may be"

    def _stay_old(self, spec: GameServerSetSpec) -> int:
        """How many servers a set keeps from the new image."""
        if self._image.encode() not in bytes(spec.game_server_template.spec):
            return len(self._pods)
        rolling = spec.update_strategy.rolling_update
        return rolling.partition or 0 if rolling else 0


def _judges(replay: Replay) -> dict[str, Callable[[Version], Iterator[str]]]:
    return {
        "Pod": replay.pod,
        "GameServerSet": replay.game_server_set,
        "AdvancedStatefulSet": replay.workload,
    }


def _explicit(spec: GameServerSetSpec) -> frozenset[int]:
    return parse_ordinals(spec.reserve_game_server_ids, "reserveGameServerIds")


def _image_of(pod: Pod) -> str:
    return next(c.image for c in pod.spec.containers if c.name == "game")


def _is_away_for_update(pod: Pod) -> bool:
    """Whether OpenKruise holds a pod that ran already out of service to update it."""
    gate = pod.status.condition("InPlaceUpdateReady")
    return gate is not None and gate.status == "False" and pod.metadata.deletion_timestamp is None
