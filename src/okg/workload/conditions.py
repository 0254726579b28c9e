"""Conditions of a game server: whether its pod, its node, its volumes and its network are normal.

Each is a list of small findings, joined into one message and one reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import (
    ContainerStateTerminated,
    ContainerStatus,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodStatus,
)
from okg.api.game import GameServerCondition
from okg.workload.notices import Notice

POD_NORMAL = "PodNormal"
NODE_NORMAL = "NodeNormal"
VOLUMES_NORMAL = "PersistentVolumeNormal"
NETWORK_NORMAL = "NetworkNormal"
"""Only there while the network cannot be had."""

NETWORK_FAILED = "NetworkFailed"

_NEEDED_TRUE = frozenset({"PodScheduled", "Initialized", "ContainersReady"})
_RESIZE_PENDING = "PodResizePending"
_NODE_NEEDED_TRUE = frozenset({"Ready", "SufficientIP"})
"""Node conditions that are good when True; every other type is good when False."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is not normal, or nothing if both texts are empty."""

    message: str = ""
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether there is something to say."""
        return bool(self.message or self.reason)


class ClaimFacts(msgspec.Struct, frozen=True):
    """What is known of one claim that a pod uses; None for what does not exist."""

    name: str
    claim: PersistentVolumeClaim | None
    volume: PersistentVolume | None


class PodFacts(msgspec.Struct, frozen=True):
    """A pod and what it stands on.

    Attributes:
        pod: the pod.
        node: its node; None if it is not scheduled or the node does not exist.
        claims: one entry for each of its volumes that is backed by a claim.
        network_trouble: why it cannot have its network; empty if nothing is known against it.
    """

    pod: Pod
    node: Node | None = None
    claims: tuple[ClaimFacts, ...] = ()
    network_trouble: str = ""


def compute_conditions(
    facts: PodFacts, stored: Sequence[GameServerCondition], now: datetime
) -> tuple[GameServerCondition, ...]:
    """Return the conditions of a server; one that did not change keeps its time.

    Args:
        facts: what is there.
        stored: the conditions as they were.
        now: the time that changed conditions carry.
    """
    found = [(POD_NORMAL, pod_finding(facts.pod.status))]
    if facts.pod.spec.node_name:
        found.append((NODE_NORMAL, node_finding(facts.pod.spec.node_name, facts.node)))
    found.append((VOLUMES_NORMAL, volumes_finding(facts.pod.metadata.namespace, facts.claims)))
    if facts.network_trouble:
        found.append((NETWORK_NORMAL, Finding(facts.network_trouble, NETWORK_FAILED)))
    before = {condition.type: condition for condition in stored}
    return tuple(_condition(type_, what, before.get(type_), now) for type_, what in found)


def notices_of(
    stored: Sequence[GameServerCondition], fresh: Sequence[GameServerCondition]
) -> tuple[Notice, ...]:
    """Return what to tell of conditions that turned, or changed while, abnormal."""
    return tuple(
        Notice(reason=condition.reason, message=condition.message, warning=True)
        for condition in fresh
        if condition.status == "False" and condition not in stored
    )


def join(findings: Iterable[Finding]) -> Finding:
    """Join findings; a text that was said already is not repeated."""
    joined = Finding()
    for finding in findings:
        if not joined:
            joined = finding
        elif finding:
            joined = Finding(
                message=_append(joined.message, finding.message),
                reason=_append(joined.reason, finding.reason),
            )
    return joined


def pod_finding(status: PodStatus) -> Finding:
    """Return what is not normal about a pod."""
    said = Finding(status.message, status.reason) if status.reason else Finding()
    containers = (
        join(_init_container_finding(c) for c in status.init_container_statuses),
        join(_container_finding(c) for c in status.container_statuses),
    )
    complete = (c for c in containers if c.message and c.reason)
    return join((said, *_pod_conditions(status), *complete))


def node_finding(name: str, node: Node | None) -> Finding:
    """Return what is not normal about the node a pod runs on."""
    if node is None:
        return Finding(f"There is no node named {name} in cluster", "Node Not Found")
    return join(
        Finding(condition.message, f"{condition.type}:{condition.reason}")
        for condition in node.status.conditions
        if condition.status != ("True" if condition.type in _NODE_NEEDED_TRUE else "False")
    )


def volumes_finding(namespace: str, claims: Iterable[ClaimFacts]) -> Finding:
    """Return what is not normal about the volumes of a pod."""
    return join(_claim_finding(f"{namespace}/{facts.name}", facts) for facts in claims)


def _claim_finding(key: str, facts: ClaimFacts) -> Finding:
    if facts.claim is None:
        return Finding(f"There is no pvc named {key} in cluster", "PersistentVolumeClaim Not Found")
    if facts.volume is None:
        return Finding(
            f"There is no pv which pvc {key} is bound with", "PersistentVolume Not Found"
        )
    status = facts.volume.status
    return Finding(status.message, status.reason) if status.reason else Finding()


def _pod_conditions(status: PodStatus) -> Iterator[Finding]:
    containers_ready = status.condition("ContainersReady")
    all_ready = containers_ready is not None and containers_ready.status == "True"
    for condition in status.conditions:
        if condition.type in _NEEDED_TRUE:
            abnormal = condition.status != "True"
        else:
            # With containers that are not ready the pod cannot be, which was said already.
            abnormal = condition.type == "Ready" and condition.status == "False" and all_ready
        if abnormal:
            yield Finding(condition.message, condition.reason)
        elif condition.type == _RESIZE_PENDING and condition.status == "True":
            yield Finding(condition.message, f"{_RESIZE_PENDING}:{condition.reason}")


def _init_container_finding(status: ContainerStatus) -> Finding:
    ended = status.state.terminated if status.state else None
    if ended is not None and ended.exit_code == 0:
        return Finding()
    return _container_finding(status)


def _container_finding(status: ContainerStatus) -> Finding:
    state, last = status.state, status.last_state
    waiting = state.waiting if state else None
    ended = state.terminated if state else None
    if (ended is None or not ended.reason) and not (state and state.running):
        ended = last.terminated if last else None
    return join(
        (
            Finding(waiting.message, waiting.reason) if waiting and waiting.reason else Finding(),
            _terminated_finding(ended),
        )
    )


def _terminated_finding(ended: ContainerStateTerminated | None) -> Finding:
    if ended is None or not ended.reason:
        return Finding()
    return Finding(
        f"{ended.message} ExitCode: {ended.exit_code}", f"ContainerTerminated:{ended.reason}"
    )


def _append(text: str, more: str) -> str:
    return text if more in text else f"{text}; {more}"


def _condition(
    type_: str, finding: Finding, stored: GameServerCondition | None, now: datetime
) -> GameServerCondition:
    fresh = GameServerCondition(
        type=type_,
        status="False" if finding else "True",
        reason=finding.reason,
        message=finding.message,
        last_transition_time=stored.last_transition_time if stored else None,
    )
    return fresh if fresh == stored else replace(fresh, last_transition_time=now)
