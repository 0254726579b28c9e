"""ProbeReconciler: tells the desk of each pod, and how its set is probed."""

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.context import Context
from okg.controllers.probing.desk import Desk
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request
from okg.workload.names import OWNER_GSS
from okg.workload.native.probing.probe import Probes, read_probes
from okg.workload.scaling import spec_of

NOT_PROBED = "NotProbed"
"""Reason of the Warning about a quality that is not probed."""


class ProbeReconciler:
    """Looks at one pod; nothing is written, and nobody is waited for.

    For one worker: what was read of sets is kept without a lock.

    Args:
        client: reads pods and sets.
        desk: is told.
        recorder: tells users of qualities that cannot be probed.
        exec_allowed: whether commands may be run in containers.
    """

    def __init__(
        self, client: Client, desk: Desk, recorder: EventRecorder, *, exec_allowed: bool = True
    ) -> None:
        self._client = client
        self._desk = desk
        self._recorder = recorder
        self._exec_allowed = exec_allowed
        self._read: dict[str, tuple[str, int, Probes]] = {}

    def reconcile(self, ctx: Context, request: Request) -> None:
        """Tell the desk of a pod."""
        del ctx
        pod = self._client.get(Pod, request.namespace, request.name)
        owner = pod.metadata.labels.get(OWNER_GSS, "") if pod is not None else ""
        gss = self._client.get(GameServerSet, request.namespace, owner) if owner else None
        if pod is None or gss is None or gss.metadata.deletion_timestamp is not None:
            self._desk.lose(request.namespace, request.name)
        else:
            self._desk.see(pod, gss.key, self._probes_of(gss))
        if owner and gss is None:
            self._read.pop(f"{request.namespace}/{owner}", None)

    def _probes_of(self, gss: GameServerSet) -> Probes:
        """Return how a set is probed; what cannot be is told once for each of its generations."""
        meta = gss.metadata
        uid, generation, probes = self._read.get(gss.key, ("", 0, Probes()))
        if (uid, generation) != (meta.uid, meta.generation):
            qualities = spec_of(gss).service_qualities or ()
            probes = read_probes(qualities, exec_allowed=self._exec_allowed)
            self._read[gss.key] = (meta.uid, meta.generation, probes)
            for problem in probes.problems:
                self._recorder.warning(gss, NOT_PROBED, str(problem))
        return probes
