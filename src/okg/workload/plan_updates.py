"""Updates of a plan: which servers get the new template, how, and in which order."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from okg.api.core import Pod
from okg.api.meta import Opaque
from okg.workload.changes import Change
from okg.workload.in_place import obstacle, template_changes
from okg.workload.names import REVISION
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
    """

    target: Opaque
    of_revisions: Mapping[str, Opaque] = {}


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
    changes = {
        revision: template_changes(template, templates.target)
        for revision, template in templates.of_revisions.items()
    }
    old = [pod for pod in pods if changes.get(_revision(pod)) != ()]
    new = len(pods) - len(old) + absent
    budget = max(0, rules.replicas - rules.partition - new)
    batches = 0
    for position, pod in enumerate(in_update_order(old, by_priority=rules.by_priority)):
        action, reason = _action(pod, rules, changes.get(_revision(pod)))
        held = _held(rules, within=position < budget)
        if held or action is Action.KEEP:
            yield Update(pod, Action.KEEP, 0, held or reason)
            continue
        yield Update(pod, action, 1 + batches // rules.at_a_time, reason)
        batches += 1


def _held(rules: Rules, *, within: bool) -> str:
    if rules.on_delete:
        return "OnDelete: until somebody deletes its pod"
    if not within:
        return f"partition {rules.partition}"
    return "paused" if rules.paused else ""


def _action(pod: Pod, rules: Rules, changes: tuple[Change, ...] | None) -> tuple[Action, str]:
    """Return how a pod is updated and why so; its own template may be unknown."""
    why = "its revision is unknown" if changes is None else obstacle(changes)
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
