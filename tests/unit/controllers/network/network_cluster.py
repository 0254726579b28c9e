"""A native cluster whose pods have a network of a plugin that a test decides on."""

import json
from collections.abc import Mapping
from datetime import timedelta

from okg.api.core import ConfigMap, Pod
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.start import PluginStart
from okg.context import Context
from okg.controllers.network import NetworkReconciler, PluginDesk
from okg.controllers.workload import WorkloadReconciler, WorkPool
from okg.controllers.workload.admission import PodAdmission
from okg.runtime.reconcile import Request, Result
from okg.workload.network_status import NetworkPatience
from unit.controllers.workload.native_cluster import NativeCluster, template
from unit.webhooks.plugins import Answer, ScriptedPlugin, annotate

NETWORK = {"game.kruise.io/network-type": "Test-Net", "game.kruise.io/network-conf": "[]"}
STATUS = "game.kruise.io/network-status"


class NetworkCluster(NativeCluster):
    """Set ``games/xxx`` of so many servers with a network."""

    def __init__(
        self, replicas: int = 1, answer: Answer = annotate, gss: Mapping[str, object] | None = None
    ) -> None:
        self.plugin = ScriptedPlugin(answer=answer)
        self.woken: list[Request] = []
        self.told: list[tuple[Request, str]] = []
        networked = template("game:1")
        networked["metadata"] = {**networked["metadata"], "annotations": NETWORK}  # type: ignore[dict-item] # JSON
        super().__init__({"replicas": replicas, "template": networked}, gss)

    def restart(self, *, resizing: bool = False) -> None:
        start = PluginStart(Registry([self.plugin]), self.client)
        start.run(Context())
        self.plugin.calls.clear()
        self.desk = PluginDesk(start, self.client, Context(clock=self.clock))
        wake = self.woken.append
        admission = PodAdmission(self.client, self.recorder, self.desk, wake)
        self.reconciler = WorkloadReconciler(
            self.client,
            self.client.api,
            self.recorder,
            WorkPool(0),
            resizing=resizing,
            admission=admission,
            clock=self.clock,
        )
        patience = NetworkPatience(total=timedelta(seconds=10), interval=timedelta(seconds=5))
        self.network = NetworkReconciler(
            self.client,
            self.client.api,
            self.recorder,
            self.desk,
            wake,
            tell=self._tell,
            patience=patience,
        )

    def _tell(self, request: Request) -> None:
        pod = self.client.get(Pod, request.namespace, request.name)
        self.told.append((request, self.desk.trouble_of(pod) if pod else ""))

    @property
    def notes(self) -> dict[str, str]:
        """Uid of the pod in each note."""
        found = self.server.objects(ConfigMap, "games")
        return {
            note.metadata.name: json.loads(note.data["pod"])["metadata"].get("uid", "")
            for note in found
            if "pod" in note.data
        }

    def network_of(self, number: int) -> str:
        return self.pods[number].metadata.annotations.get(STATUS, "")

    def look(self, number: int = 0) -> Result | None:
        """Look at the network of a pod, and let the plugin answer."""
        result = self.network.reconcile(Context(), Request("games", f"xxx-{number}"))
        self.desk.join()
        return result

    def make(self) -> None:
        """Let all pods be made: the first pass asks the plugin, the second has its answers."""
        self.reconcile()
        self.desk.join()
        self.reconcile()
