"""Nodes: kubelets and a scheduler that do one thing to one pod when they are told to."""

from random import Random

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.testing.kubelet import running_status
from okg.workload.native.health import is_ended, is_terminating

UNPULLABLE = "missing"
"""What images begin with that no registry has."""


class Nodes:
    """Runs pods in virtual time."""

    def __init__(self, server: FakeApiServer, clock: FakeClock, random: Random) -> None:
        self._server = server
        self._clock = clock
        self._random = random

    def turn(self, pod: Pod) -> bool:
        """Do what is next for a pod; return whether there was anything."""
        if is_terminating(pod):
            if not pod.metadata.finalizers:
                self._server.remove(pod)
            return not pod.metadata.finalizers
        if is_ended(pod) or any(c.image.startswith(UNPULLABLE) for c in pod.spec.containers):
            return False
        if not pod.spec.node_name:
            self._merge(pod, spec={"nodeName": f"node-{self._random.randrange(3)}"})
            return True
        status = running_status(pod, self._clock.now().replace(microsecond=0), pod_ip="10.0.0.1")
        if status == pod.status:
            return False
        self._merge(pod, status=status)
        return True

    def fail(self, pod: Pod) -> None:
        """Evict a pod for want of memory."""
        self._merge(pod, status={"phase": "Failed", "reason": "Evicted"})

    def flip(self, pod: Pod) -> None:
        """Let the containers of a pod not be ready, until its kubelet looks again."""
        now = self._clock.now().replace(microsecond=0)
        conditions = tuple(
            replace(c, status="False", last_transition_time=now)
            if c.type in {"Ready", "ContainersReady"}
            else c
            for c in pod.status.conditions
        )
        self._merge(pod, status={"conditions": conditions})

    def _merge(self, pod: Pod, **change: object) -> None:
        self._server.merge(pod, msgspec.json.decode(msgspec.json.encode(change)))
