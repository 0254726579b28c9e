"""Servers that are updated in place while users, kubelets and the manager do what they like."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeAlias

import msgspec
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from msgspec.structs import replace

from okg.api.core import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodCondition,
)
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import Opaque
from okg.workload.native.capability import InPlaceChange, changes_to
from okg.workload.native.completion import is_complete
from okg.workload.native.health import is_available, is_healthy
from okg.workload.native.in_place_state import read_replaced, read_state
from okg.workload.native.layout import lay_out
from okg.workload.native.pod_refresh import refresh
from okg.workload.native.pod_step import PodStep
from okg.workload.native.pod_update import start_update
from okg.workload.native.rolling import walk
from unit.workload.native.native_pods import (
    GRACE,
    LIFECYCLE,
    NOW,
    REVISION,
    a_server_pod,
    a_template,
)

SIZE = 2
PODS = st.integers(0, SIZE - 1)
NAMES = st.sampled_from([{"game"}, {"side"}, {"game", "side"}])
BLOCK = "example.com/block"
GAME, SIDE = "game", "side"
STOPPED = ""
Images: TypeAlias = dict[str, str]

TAGS: dict[str, Images] = {
    "xxx-a": {GAME: "game:1", SIDE: "side:1"},
    "xxx-b": {GAME: "game:2", SIDE: "side:1"},
    "xxx-c": {GAME: "game:3", SIDE: "side:2"},
    # The very same content as revision a under another name.
    "xxx-d": {GAME: "game:1b", SIDE: "side:1"},
    # The same images: only metadata, or something that takes a new pod.
    "xxx-e": {GAME: "game:1", SIDE: "side:1"},
    "xxx-f": {GAME: "game:2", SIDE: "side:1"},
    "xxx-g": {GAME: "game:2", SIDE: "side:2"},
}
NEEDS_NEW_POD = "xxx-f"
REVISIONS = st.sampled_from(sorted(TAGS))


def content_of(image: str) -> str:
    return image.removesuffix("b")


def by_digest(image: str) -> str:
    name, _, tag = content_of(image).partition(":")
    return f"{name}@sha256:{tag}"


class Crashed(Exception):
    """The manager ends in the middle of a pass."""


class Updates(RuleBasedStateMachine):
    """Stored pods, kubelets that lag behind them, and a manager that remembers nothing."""

    @initialize(
        hooks=st.sampled_from(["none", "hook", "marking hook", "other hook"]),
        names=st.sampled_from(["tags", "tags", "digests", "no names"]),
        grace=st.sampled_from([0, 5]),
        limit=st.integers(1, 2),
    )
    def begin(self, hooks: str, names: str, grace: int, limit: int) -> None:
        self.names, self.limit, self.now = names, limit, NOW
        self.target, self.paused, self.writes_left = "xxx-a", False, -1
        hook = {"labelsHandler": {BLOCK: "true"}, "markPodNotReady": hooks == "marking hook"}
        self.lifecycle = {
            "none": None,
            "hook": {"inPlaceUpdate": hook},
            "marking hook": {"inPlaceUpdate": hook},
            "other hook": {"preDelete": {"labelsHandler": {"other": "1"}}},
        }[hooks]
        self.hook = "hook" in hooks and hooks != "other hook"
        self.rolling = {
            "podUpdatePolicy": "InPlaceIfPossible",
            "maxUnavailable": limit,
            "inPlaceUpdateStrategy": {"gracePeriodSeconds": grace},
        }
        self.pods: dict[int, Pod] = {}
        self.seen: dict[int, tuple[Container, ...]] = {}
        self.runs: dict[int, Images] = {}
        for ordinal in range(SIZE):
            self.make_anew(ordinal)
        self.settle()

    # The manager.

    @rule(crash_after=st.sampled_from([-1, -1, 0, 1, 2, 3]))
    def pass_over_the_set(self, crash_after: int) -> None:
        """Refresh and update; nothing of it is remembered."""
        self.writes_left = crash_after
        try:
            for ordinal in self.pods:
                self.repeat(ordinal, lambda pod: refresh(pod, self.workload, self.target, self.now))
            self.walk()
        except Crashed:
            pass

    def walk(self) -> None:
        templates = {name: self.template(name) for name in TAGS}
        changes = changes_to(templates[self.target], templates)
        layout = lay_out(self.workload, self.pods.values())
        unavailable = {i for i, pod in self.pods.items() if not self.is_available(pod)}
        found = walk(layout, self.workload, self.target, changes, self.now)
        chosen = {int(turn.pod.metadata.name[-1]) for turn in found.turns}
        assert len(unavailable | chosen) <= max(self.limit, len(unavailable))
        for turn in found.turns:
            ordinal, change = int(turn.pod.metadata.name[-1]), turn.change
            if change is None:
                self.make_anew(ordinal)
                continue
            self.repeat(ordinal, partial(self.update, change))

    def update(self, change: InPlaceChange, pod: Pod) -> PodStep | None:
        return start_update(pod, self.workload, self.target, change, self.now)

    def repeat(self, ordinal: int, ask: Callable[[Pod], PodStep | None]) -> None:
        """Make one write after the other until there is none."""
        for _ in range(8):
            pod = self.pods[ordinal]
            step = ask(pod)
            if step is None or step.after is pod:
                return
            if self.writes_left == 0:
                raise Crashed
            self.writes_left -= 1
            self.store(ordinal, pod, step)
        raise AssertionError(f"no end of writes: {self.pods[ordinal]}")

    def store(self, ordinal: int, before: Pod, step: PodStep) -> None:
        """Store what an API server would take, and check that it may be written now."""
        after = step.after
        assert after != before
        if step.subresource:
            assert step.subresource == "status"
            assert (after.metadata, after.spec) == (before.metadata, before.spec)
            self.check_led_in(ordinal, before, after)
        else:
            assert after.status == before.status
            self.check_spec(before, after)
        self.pods[ordinal] = after

    def check_led_in(self, ordinal: int, before: Pod, after: Pod) -> None:
        if (gate(before), gate(after)) != ("False", "True"):
            return
        wanted = {c.name: content_of(c.image) for c in after.spec.containers}
        running = {n: content_of(image) for n, image in self.runs[ordinal].items() if image}
        assert GRACE not in after.metadata.annotations
        assert running.items() <= wanted.items()

    def check_spec(self, before: Pod, after: Pod) -> None:
        if before.metadata.labels[REVISION] != after.metadata.labels[REVISION] and self.hook:
            state, block = (before.metadata.labels[key] for key in (LIFECYCLE, BLOCK))
            assert state == "Updating" or (state != "Updated" and block == "false")
        old = {c.name: c.image for c in before.spec.containers}
        new = {c.name: c.image for c in after.spec.containers}
        if old == new:
            return
        assert gate(before) == "False"
        assert not is_ready(before)
        revision = after.metadata.labels[REVISION]
        assert new == self.images(revision)
        overtakes = before.metadata.labels[REVISION] != revision
        assert overtakes or GRACE in before.metadata.annotations

    def make_anew(self, ordinal: int) -> None:
        self.pods[ordinal] = self.new_pod(ordinal)
        self.seen[ordinal] = self.pods[ordinal].spec.containers
        self.runs[ordinal] = {}

    # The kubelet.

    @rule(ordinal=PODS)
    def kubelet_sees_the_spec(self, ordinal: int) -> None:
        self.seen[ordinal] = self.pods[ordinal].spec.containers

    @rule(ordinal=PODS, names=NAMES)
    def kubelet_stops_what_has_changed(self, ordinal: int, names: set[str]) -> None:
        """Stop containers that are to run something else; what never ran cannot be stopped."""
        if not self.runs[ordinal]:
            return
        changed = {c.name for c in self.changed(ordinal)} & names
        statuses = self.pods[ordinal].status.container_statuses
        waiting = ContainerState(waiting=ContainerStateWaiting(reason="Pulling"))
        stopped = tuple(
            replace(s, ready=False, state=waiting) if s.name in changed else s for s in statuses
        )
        self.runs[ordinal].update(dict.fromkeys(changed, STOPPED))
        self.report(ordinal, stopped)

    @rule(ordinal=PODS, names=NAMES)
    def kubelet_starts_what_has_changed(self, ordinal: int, names: set[str]) -> None:
        """Start containers; the first ones of a pod together, as its spec is at that moment.

        A kubelet that had not yet heard of a new image would start the old one again, or one from
        before the last update that was done. That is taken for a new name of the same image, and
        left out here.
        """
        changed = self.changed(ordinal)
        if not self.runs[ordinal]:
            names = {GAME, SIDE}
            self.kubelet_sees_the_spec(ordinal)
        elif any(self.is_seen(ordinal, c) or self.is_forgotten(ordinal, c) for c in changed):
            self.kubelet_sees_the_spec(ordinal)
        for container in self.changed(ordinal):
            if container.name in names:
                self.start(ordinal, container)

    @rule(ordinal=PODS, name=st.sampled_from([GAME, SIDE]))
    def a_container_crashes(self, ordinal: int, name: str) -> None:
        """Start a container again, with what its kubelet has to run by now."""
        self.kubelet_sees_the_spec(ordinal)
        for container in self.seen[ordinal]:
            if container.name == name and self.runs[ordinal]:
                self.start(ordinal, container)

    def changed(self, ordinal: int) -> list[Container]:
        runs = self.runs[ordinal]
        return [c for c in self.seen[ordinal] if runs.get(c.name) != c.image]

    def is_seen(self, ordinal: int, container: Container) -> bool:
        """Whether a container has been reported with the same image before."""
        statuses = self.pods[ordinal].status.container_statuses
        return any(
            s.name == container.name and s.image_id == self.image_id(container.image)
            for s in statuses
        )

    def is_forgotten(self, ordinal: int, container: Container) -> bool:
        """Whether an image is neither wanted nor noted as one that might still come."""
        pod = self.pods[ordinal]
        state = read_state(pod)
        noted = read_replaced(pod, state.revision).get(container.name) if state else None
        images = {c.image for c in pod.spec.containers if c.name == container.name}
        return noted is not None and container.image not in images.union(noted.images)

    def start(self, ordinal: int, container: Container) -> None:
        statuses = {s.name: s for s in self.pods[ordinal].status.container_statuses}
        old = statuses.get(container.name)
        restarts = old.restart_count + 1 if old else 0
        statuses[container.name] = ContainerStatus(
            name=container.name,
            image=self.shown(container.image),
            image_id=self.image_id(container.image),
            container_id=f"{container.name}-{restarts}",
            ready=True,
            restart_count=restarts,
            state=ContainerState(running=ContainerStateRunning(started_at=self.now)),
        )
        self.runs[ordinal][container.name] = container.image
        self.report(ordinal, tuple(statuses.values()))

    def image_id(self, image: str) -> str:
        return f"registry/{image if self.names == 'digests' else by_digest(image)}"

    def shown(self, image: str) -> str:
        return f"docker.io/library/{image}" if self.names == "tags" else "sha256:config"

    def report(self, ordinal: int, statuses: tuple[ContainerStatus, ...]) -> None:
        """Report containers, and Ready as the readiness gates are."""
        pod = self.pods[ordinal]
        gates = {g.condition_type for g in pod.spec.readiness_gates}
        true = {c.type for c in pod.status.conditions if c.status == "True"}
        containers = len(statuses) == len(self.seen[ordinal]) and all(s.ready for s in statuses)
        told = {
            "ContainersReady": containers,
            "Ready": containers and gates <= true,
        }
        others = tuple(c for c in pod.status.conditions if c.type not in told)
        own = tuple(
            PodCondition(type=kind, status="True" if value else "False")
            for kind, value in told.items()
        )
        status = replace(
            pod.status,
            phase="Running",
            container_statuses=statuses,
            conditions=(*others, *own),
        )
        self.pods[ordinal] = replace(pod, status=status)

    # The user.

    @rule(changes=st.lists(st.tuples(REVISIONS, st.booleans()), min_size=1, max_size=3))
    def the_template_changes(self, changes: list[tuple[str, bool]]) -> None:
        """Change it, also back and in the middle of an update, while kubelets look or not.

        Where a runtime shows no names, the one image cannot be told from the other that overtook
        it, as with OpenKruise.
        """
        for revision, look in changes:
            if self.names == "no names" and not self.all_complete():
                return
            self.target = revision
            self.pass_over_the_set(-1)
            if look:
                self.seen = {i: pod.spec.containers for i, pod in self.pods.items()}

    @rule(paused=st.booleans())
    def the_update_is_paused_or_not(self, *, paused: bool) -> None:
        self.paused = paused

    @rule(ordinal=PODS, value=st.sampled_from(["true", "false"]))
    def a_hook_is_released_or_set_back(self, ordinal: int, value: str) -> None:
        self.label(ordinal, value)

    @rule(seconds=st.sampled_from([1, 6]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def label(self, ordinal: int, value: str) -> None:
        pod = self.pods[ordinal]
        labels = {**pod.metadata.labels, BLOCK: value}
        self.pods[ordinal] = replace(pod, metadata=replace(pod.metadata, labels=labels))

    # What holds.

    @invariant()
    def no_pod_is_ready_while_it_is_led_out(self) -> None:
        for pod in self.pods.values():
            assert gate(pod) != "False" or not is_ready(pod)

    def teardown(self) -> None:
        """Everybody does their part, and every pod is as it shall be."""
        if hasattr(self, "pods"):
            self.paused, self.writes_left = False, -1
            self.settle()
            for ordinal, pod in self.pods.items():
                self.check_settled(ordinal, pod)

    def check_settled(self, ordinal: int, pod: Pod) -> None:
        assert pod.metadata.labels[REVISION] == self.target
        assert pod.metadata.labels[LIFECYCLE] == "Normal"
        assert {c.name: c.image for c in pod.spec.containers} == self.images(self.target)
        assert self.runs[ordinal] == self.images(self.target)
        assert is_complete(pod)
        assert is_ready(pod)
        assert {c.type: c.status for c in pod.status.conditions} == {
            "InPlaceUpdateReady": "True",
            "KruisePodReady": "True",
            "ContainersReady": "True",
            "Ready": "True",
        }

    def settle(self) -> None:
        """Let everybody do their part until nothing changes any more, which is soon."""
        for _ in range(20 * SIZE):
            before = dict(self.pods)
            # A grace period is over in the second round.
            for _ in range(2):
                self.pass_over_the_set(-1)
                for ordinal in self.pods:
                    self.do_all_at(ordinal)
                self.now += timedelta(seconds=6)
            if self.pods == before:
                return
        raise AssertionError(f"no end of changes: {self.pods}")

    def do_all_at(self, ordinal: int) -> None:
        self.kubelet_sees_the_spec(ordinal)
        self.kubelet_stops_what_has_changed(ordinal, {GAME, SIDE})
        self.kubelet_starts_what_has_changed(ordinal, {GAME, SIDE})
        self.report(ordinal, self.pods[ordinal].status.container_statuses)
        waits = self.pods[ordinal].metadata.labels[LIFECYCLE] == "PreparingUpdate"
        self.label(ordinal, "false" if waits else "true")

    # What there is.

    @property
    def workload(self) -> AdvancedStatefulSet:
        strategy = {
            "type": "RollingUpdate",
            "rollingUpdate": {**self.rolling, "paused": self.paused},
        }
        document = {
            "metadata": {"name": "xxx", "namespace": "games"},
            "spec": {"replicas": SIZE, "updateStrategy": strategy, "lifecycle": self.lifecycle},
        }
        return msgspec.json.decode(msgspec.json.encode(document), type=AdvancedStatefulSet)

    def images(self, revision: str) -> Images:
        named = TAGS[revision]
        if self.names != "digests":
            return dict(named)
        return {name: by_digest(image) for name, image in named.items()}

    def template(self, revision: str) -> Opaque:
        containers = [
            {"name": name, "image": image} for name, image in self.images(revision).items()
        ]
        if revision == NEEDS_NEW_POD:
            containers[0]["workingDir"] = "/new"
        return a_template(*containers, metadata={"labels": {"of": revision}})

    def new_pod(self, ordinal: int) -> Pod:
        return a_server_pod(
            name=f"xxx-{ordinal}",
            revision=self.target,
            images=self.images(self.target),
            labels={BLOCK: "true", "of": self.target},
            containers=(),
            conditions=(),
            phase="Pending",
        )

    def is_available(self, pod: Pod) -> bool:
        return is_healthy(pod) and is_complete(pod) and is_available(pod, self.workload, self.now)

    def all_complete(self) -> bool:
        return all(is_complete(pod) for pod in self.pods.values())


def gate(pod: Pod) -> str:
    condition = pod.status.condition("InPlaceUpdateReady")
    return condition.status if condition else ""


def is_ready(pod: Pod) -> bool:
    condition = pod.status.condition("Ready")
    return condition is not None and condition.status == "True"


TestUpdates = Updates.TestCase
TestUpdates.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
