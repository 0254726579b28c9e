"""OpenKruise's manager beside a control plane, without kubelets and without its daemon.

It makes Pods from Advanced StatefulSets and copies probe results from NodePodProbes into Pod
conditions; Pods stay Pending until somebody writes their status. Of OpenKruise's webhooks only
those that OpenKruiseGame needs are installed: the defaults and checks of StatefulSet, the checks
of PodProbeMarker, and the readiness gate of Pods.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import urllib3

from okg.errors import ConnectFailed, NotFound
from okg.testing.binaries import KRUISE_MANAGER, find_kruise_manifests, find_program
from okg.testing.cluster import Cluster
from okg.testing.manifests import Manifest, load_manifests
from okg.testing.ports import free_ports
from okg.testing.processes import ServerProcess

QPS = 200
SHIPPED_QPS = 30
"""What OpenKruise's flags and manifests have it at, with a burst of 50."""

_OK = 200
_LOOPBACK = "127.0.0.1"
_START_SECONDS = 90.0
# A too early restart would find the ports taken, so its orderly end gets its time.
_STOP_SECONDS = 30.0
# The manager looks for its webhook configurations by these names.
_PREFIX = "kruise-"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_CONFIGURATIONS = (
    f"{_ADMISSION}/mutatingwebhookconfigurations/kruise-mutating-webhook-configuration",
    f"{_ADMISSION}/validatingwebhookconfigurations/kruise-validating-webhook-configuration",
)
_WEBHOOKS = frozenset(
    {"mpod.kb.io", "mstatefulset.kb.io", "vstatefulset.kb.io", "vpodprobemarker.kb.io"}
)


class _Name(msgspec.Struct, frozen=True):
    name: str


class _WebhookConfiguration(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of a webhook configuration that are changed here."""

    api_version: str
    kind: str
    metadata: _Name
    webhooks: tuple[dict[str, object], ...]


class KruiseManager:
    """kruise-manager as a process of this machine; a context manager, used once.

    Args:
        cluster: its API server must reach this machine's loopback, for the webhooks. The CRDs of
            OpenKruise are installed into it and stay there.
        qps: requests a second that it sends at most. As shipped it is ``SHIPPED_QPS``; tests would
            wait for it.
    """

    def __init__(self, cluster: Cluster, *, qps: int = QPS) -> None:
        self.cluster = cluster
        self._qps = qps
        self._folder = Path()
        self._server: ServerProcess | None = None

    def __enter__(self) -> Self:
        """Start the manager."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the manager."""
        self.stop()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of what runs."""
        return (self._server.pid,) if self._server is not None and self._server.running else ()

    def start(self) -> None:
        """Install OpenKruise, and return when its webhooks answer and its workers run.

        Raises:
            ConfigError: the program or its manifests cannot be had.
            StartFailed: it did not start; carries the end of its log.
        """
        program, manifests = find_program(KRUISE_MANAGER), find_kruise_manifests()
        self._folder = Path(tempfile.mkdtemp(prefix="okg-kruise-"))
        try:
            self.cluster.apply(manifests / "crds")
            self.cluster.apply(*webhook_configurations(manifests / "webhooks/manifests.yaml"))
            self._start_server(program)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Remove the webhooks, end the manager and wait for its end; harmless when stopped."""
        if not self._folder.name:
            return
        # First the webhooks: with nobody to answer them, no Pod could be created any more.
        for path in _CONFIGURATIONS:
            with contextlib.suppress(NotFound, ConnectFailed):
                self.cluster.rest.call("DELETE", path)
        if self._server is not None:
            self._server.stop(grace=_STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = Path()

    def _start_server(self, program: Path) -> None:
        health, metrics, webhook = free_ports(3)
        log = self._folder / "kruise-manager.log"
        self._server = ServerProcess(
            program.name,
            [
                program,
                "--enable-leader-election=false",
                "--enable-pprof=false",
                f"--health-probe-addr={_LOOPBACK}:{health}",
                f"--metrics-addr={_LOOPBACK}:{metrics}",
                f"--protection-log-path={self._folder / 'protection'}",
                f"--rest-config-qps={self._qps}",
                f"--rest-config-burst={self._qps * 5 // 3}",
                "--v=2",
            ],
            log=log,
            environment={
                **os.environ,
                "KUBECONFIG": str(self.cluster.kubeconfig),
                "POD_NAMESPACE": "kruise-system",
                # Webhooks by address instead of by Service, with certificates in a folder.
                "WEBHOOK_HOST": _LOOPBACK,
                "WEBHOOK_PORT": str(webhook),
                "WEBHOOK_CERT_DIR": str(self._folder / "certificates"),
            },
        )
        url = f"http://{_LOOPBACK}:{health}/readyz"
        self._server.wait_ready(
            lambda: _answers(url) and _works(log.read_text()), timeout=_START_SECONDS
        )


def webhook_configurations(manifest: Path) -> Iterator[Manifest]:
    """Yield OpenKruise's two webhook configurations, reduced to what OpenKruiseGame needs."""
    for document in load_manifests(manifest):
        configuration = msgspec.convert(document, _WebhookConfiguration)
        yield {
            "apiVersion": configuration.api_version,
            "kind": configuration.kind,
            "metadata": {"name": f"{_PREFIX}{configuration.metadata.name}"},
            "webhooks": [hook for hook in configuration.webhooks if hook["name"] in _WEBHOOKS],
        }


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2.0).status == _OK
    except urllib3.exceptions.HTTPError:
        return False


def _works(log: str) -> bool:
    """Whether the log tells that workers of the StatefulSet controller run."""
    return any(
        "Starting workers" in line and "statefulset-controller" in line for line in log.splitlines()
    )
