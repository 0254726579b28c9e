"""Updates of a plan: which servers get the new template, how, and in which order."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from okg.api.core import Pod
from okg.api.meta import Opaque
from okg.workload.in_place import obstacle, template_changes
from okg.workload.names import REVISION
from okg.workload.native.capability import in_place_change
from okg.workload.native.template_defaults import completed_like
from okg.workload.rolling_rules import IN_PLACE_ONLY, RECREATE, Rules
from okg.workload.update_order import in_update_order, update_priority


class Action(StrEnum):
    """What happens to a server; KEEP leaves it on an older template."""

    GO = "go"
    COME = "come"
    IN_PLACE = "in-place"
    RECREATE = "recreate"
    KEEP = "keep"


class Update(msgspec.Struct, frozen=True):
    """What happens to one server that has an older template.

    Attributes:
        pod: the server's.
        action: how it is updated, if it is.
        batch: which servers are updated together, from 1; 0 for never.
        reason: why in this way or at this time.
    """

    pod: Pod
    action: Action
    batch: int
    reason: str


class Templates(msgspec.Struct, frozen=True):
    """Pod templates in one form, so that two of them differ only where pods would.

    Attributes:
        target: what the workload would have.
        of_revisions: what pods were made from or updated to, by the name of the revision.
        native: whether the manager updates the pods and not OpenKruise.
        resizing: whether it can change amounts of resources of running pods.
    """

    target: Opaque
    of_revisions: Mapping[str, Opaque] = {}
    native: bool = False
    resizing: bool = False


class _Way(msgspec.Struct, frozen=True):
    """How far it is from one template to another.

    Attributes:
        is_none: whether a pod of the one is one of the other.
        obstacle: what only a new pod can bring, empty if all can be done in place.
    """

    is_none: bool
    obstacle: str


_UNKNOWN = _Way(is_none=False, obstacle="its revision is unknown")


def plan_updates(
    pods: Sequence[Pod], rules: Rules, templates: Templates, *, absent: int
) -> Iterator[Update]:
    """Yield what happens to the servers with an older template, first to be updated first.

    Args:
        pods: of the servers that stay.
        rules: of the set.
        templates: what the pods are compared by.
        absent: servers that are still to come; they come with the new template.
    """
    ways = {name: _way(template, templates) for name, template in templates.of_revisions.items()}
    old = [pod for pod in pods if not ways.get(_revision(pod), _UNKNOWN).is_none]
    new = len(pods) - len(old) + absent
    budget = max(0, rules.replicas - rules.partition - new)
    batches = 0
    for position, pod in enumerate(in_update_order(old, by_priority=rules.by_priority)):
        action, reason = _action(pod, rules, ways.get(_revision(pod), _UNKNOWN).obstacle)
        held = _held(rules, within=position < budget)
        if held or action is Action.KEEP:
            yield Update(pod, Action.KEEP, 0, held or reason)
            continue
        yield Update(pod, action, 1 + batches // rules.at_a_time, reason)
        batches += 1


def _way(template: Opaque, templates: Templates) -> _Way:
    target = templates.target
    if not templates.native:
        changes = template_changes(template, target)
        return _Way(not changes, obstacle(changes))
    same = not template_changes(template, completed_like(template, target))
    return _Way(same, in_place_change(template, target, resizing=templates.resizing).obstacle)


def _held(rules: Rules, *, within: bool) -> str:
    if rules.on_delete:
        return "OnDelete: until somebody deletes its pod"
    if not within:
        return f"partition {rules.partition}"
    return "paused" if rules.paused else ""


def _action(pod: Pod, rules: Rules, why: str) -> tuple[Action, str]:
    """Return how a pod is updated that cannot be in place for a reason, and why so."""
    order = _order(pod, rules)
    if rules.policy == IN_PLACE_ONLY and why:
        return Action.KEEP, f"InPlaceOnly, and not possible: {why}"
    if rules.policy == RECREATE:
        return Action.RECREATE, order
    if why:
        return Action.RECREATE, f"{order}; not possible in place: {why}"
    return Action.IN_PLACE, order


def _order(pod: Pod, rules: Rules) -> str:
    priority = update_priority(pod) if rules.by_priority else 0
    if priority is None:
        return "no updatePriority yet"
    return f"updatePriority {priority}" if priority else "highest id first"


def _revision(pod: Pod) -> str:
    return pod.metadata.labels.get(REVISION, "")
