"""Update: the writes that bring a changed template to a running pod, one at a time.

First hooks hold the pod, then it is led out of service, then its spec changes. Until then nothing
has started again: should the manager end in between, the next one leads the pod in and begins anew.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet, LifecycleHook
from okg.workload.names import (
    LIFECYCLE_NORMAL,
    PREPARING_DELETE,
    PREPARING_UPDATE,
    REVISION,
    UPDATED,
    UPDATING,
)
from okg.workload.native.capability import InPlaceChange
from okg.workload.native.health import is_of_revision, is_terminating
from okg.workload.native.lifecycle import (
    go_into,
    in_place_hook,
    in_state,
    is_hooked,
    set_hook,
    state_of,
)
from okg.workload.native.pod_step import PodStep
from okg.workload.native.readiness import lead_out
from okg.workload.native.spec_change import (
    apply_change,
    begin,
    joined,
    new_images,
    pending_change,
    postpone,
    resize,
)


def start_update(
    pod: Pod,
    workload: AdvancedStatefulSet,
    update_revision: str,
    change: InPlaceChange,
    now: datetime,
) -> PodStep | None:
    """Return the next write of an update in place, None if it waits for a hook or is written.

    All writes belong into one pass: a refresh in between takes a pod that was led out for one
    whose update is over.

    Args:
        pod: the pod.
        workload: of its set.
        update_revision: what it is updated to.
        change: what that is; nothing stands in its way.
        now: the time.
    """
    now = now.replace(microsecond=0)
    if is_terminating(pod) or is_of_revision(pod, update_revision):
        return None
    hook = in_place_hook(workload)
    if before := _state_before(pod, hook):
        step = go_into(pod, workload.spec.lifecycle, before, now)
        return _hooked_again(step, hook) if state_of(pod) == UPDATED else step
    return _write(pod, workload, update_revision, joined(pending_change(pod), change), now)


def _state_before(pod: Pod, hook: LifecycleHook | None) -> str:
    """Return the state a pod goes into or stays in before its update, empty if that begins."""
    state = state_of(pod)
    if state == PREPARING_DELETE:
        return LIFECYCLE_NORMAL
    if state == UPDATING:
        return ""
    if state == UPDATED:
        return PREPARING_UPDATE if hook is not None else ""
    return PREPARING_UPDATE if is_hooked(hook, pod) else ""


def _hooked_again(step: PodStep | None, hook: LifecycleHook | None) -> PodStep | None:
    """Return a step into the wait for a hook that was released for an earlier update."""
    if step is None or step.subresource or hook is None:
        return step
    return replace(step, after=set_hook(step.after, hook))


def _write(
    pod: Pod,
    workload: AdvancedStatefulSet,
    revision: str,
    change: InPlaceChange,
    now: datetime,
) -> PodStep:
    resized = resize(pod, change)
    restarts = bool(new_images(pod, change)) or change.resize_restarts
    grace = _grace_seconds(workload) if restarts else 0
    if resized is not None and not change.resize_restarts and not grace:
        # What may be refused comes before the pod is led out.
        return resized
    led_out = lead_out(pod, now) if restarts else pod
    if led_out.status != pod.status:
        return PodStep(led_out, "status")
    state = begin(pod, change, revision, now)
    if grace > 0:
        waiting = _labelled(postpone(pod, change, state, grace), revision, now)
        return PodStep(waiting, requeue_after=timedelta(seconds=grace))
    return resized or PodStep(_labelled(apply_change(pod, change, state, now), revision, now))


def _labelled(pod: Pod, revision: str, now: datetime) -> Pod:
    """Return a pod of another revision; a pod without a state gets none."""
    labels = {**pod.metadata.labels, REVISION: revision}
    labelled = replace(pod, metadata=replace(pod.metadata, labels=labels))
    return in_state(labelled, UPDATING, now) if state_of(pod) else labelled


def _grace_seconds(workload: AdvancedStatefulSet) -> int:
    strategy = workload.spec.update_strategy
    rolling = strategy.rolling_update if strategy else None
    in_place = rolling.in_place_update_strategy if rolling else None
    return in_place.grace_period_seconds if in_place else 0
