"""Steps: the writes of one pod, one after the other, each asked for with what the last one made."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import msgspec

from okg.api.core import Pod
from okg.client.client import Client
from okg.controllers.reader import Reader
from okg.errors import Conflict, NotFound
from okg.workload.native.pod_step import PodStep

Ask: TypeAlias = Callable[[Pod], PodStep | None]

MOST_STEPS = 8
"""Writes of one pod in one pass; no way through its life has as many."""


class Trail(msgspec.Struct, frozen=True):
    """Where the steps of a pod have led.

    Attributes:
        pod: as it was stored last.
        wait: after which time there may be another step, None for no time alone.
    """

    pod: Pod
    wait: timedelta | None = None


def follow(client: Client, pod: Pod, ask: Ask, *, live: Reader | None = None) -> Trail:
    """Make the steps that ``ask`` names until there is none.

    Each is bound to the very pod that it was decided on, unless the step says otherwise. One that
    changed or went meanwhile is left as it is: the event that says so starts the next pass.

    Args:
        client: writes.
        pod: where the steps begin.
        ask: names the next one.
        live: given where no pass may come in between: a pod that changed is read and asked about
            again.
    """
    for _ in range(MOST_STEPS):
        step = ask(pod)
        if step is None or step.after is pod:
            return Trail(pod, step.requeue_after if step else None)
        try:
            pod = client.patch(pod, step.after, subresource=step.subresource, lock=step.lock)
        except (Conflict, NotFound):
            changed = _reread(live, pod)
            if changed is None:
                break
            pod = changed
            continue
        if step.requeue_after is not None:
            return Trail(pod, step.requeue_after)
    return Trail(pod)


def _reread(live: Reader | None, pod: Pod) -> Pod | None:
    """Return the very pod as it is by now, None if it is gone or may not be asked for."""
    if live is None:
        return None
    stored = live.get(Pod, pod.metadata.namespace, pod.metadata.name)
    return stored if stored is not None and stored.metadata.uid == pod.metadata.uid else None
