"""Servers by number of free ones: Kubernetes' own autoscaler asks, and writes the answer.

What KEDA does in between is small: it makes the autoscaler, and passes its questions on.
"""

import http.server
import json
import ssl
from collections.abc import Generator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from integration.arena import ROOT, Arena, names, rights, running
from keda import Keda, calling
from okg.context import Context
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.nodes import NodeSimulator
from okg.testing.ports import free_ports

pytestmark = pytest.mark.integration

GROUP = "external.metrics.k8s.io"
METRIC = "s0-gssReplicas"
OBJECT = "scaledobject.keda.sh/name"


class Adapter(http.server.ThreadingHTTPServer):
    """The metrics API of a cluster with KEDA, as far as it is ours.

    Args:
        port: on loopback.
        certificate: file with a serving certificate and its key.
        keda: whom it asks.
        metadata: of the trigger.
    """

    def __init__(
        self, port: int, certificate: Path, keda: Keda, metadata: Mapping[str, str]
    ) -> None:
        super().__init__(("127.0.0.1", port), _Questions)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self._keda = keda
        self._metadata = metadata

    def run(self, ctx: Context) -> None:
        """Serve until the context is done."""
        ctx.on_cancel(self.shutdown)
        self.serve_forever()

    def answer(self, url: str) -> dict[str, object]:
        """Return the object at a path."""
        parts = urlsplit(url)
        if "/namespaces/" not in parts.path:
            kind = {"name": METRIC, "namespaced": True, "kind": "ExternalMetricValueList"}
            resource = {**kind, "singularName": "", "verbs": ["get"]}
            version = f"{GROUP}/v1beta1"
            return {"kind": "APIResourceList", "groupVersion": version, "resources": [resource]}
        namespace = parts.path.split("/")[-2]
        name = parse_qs(parts.query)["labelSelector"][0].removeprefix(f"{OBJECT}=")
        value = self._keda.metric(namespace, name, **self._metadata)
        item = {
            "metricName": METRIC,
            "metricLabels": {},
            "timestamp": "2026-01-01T00:00:00Z",
            "value": str(value),
        }
        kind = {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUP}/v1beta1"}
        return {**kind, "metadata": {}, "items": [item]}


class _Questions(http.server.BaseHTTPRequestHandler):
    """One connection."""

    server: Adapter

    def do_GET(self) -> None:
        body = json.dumps(self.server.answer(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _way_to(port: int) -> list[dict[str, object]]:
    """What leads questions for external metrics to a port of this machine."""
    service = {"name": "keda-metrics", "namespace": "default"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": service,
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"v1beta1.{GROUP}"},
            "spec": {
                "group": GROUP,
                "version": "v1beta1",
                "service": {**service, "port": port},
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
            },
        },
    ]


def _autoscaler(namespace: str) -> dict[str, object]:
    """What KEDA makes of the ScaledObject in the documentation, but for a window of 45 seconds."""
    metric = {"name": METRIC, "selector": {"matchLabels": {OBJECT: "a"}}}
    target = {"type": "AverageValue", "averageValue": "1"}
    at_once = {
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}],
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "keda-hpa-a", "namespace": namespace},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "game.kruise.io/v1alpha1",
                "kind": "GameServerSet",
                "name": "a",
            },
            "minReplicas": 1,
            "maxReplicas": 6,
            "behavior": {"scaleDown": at_once},
            "metrics": [{"type": "External", "external": {"metric": metric, "target": target}}],
        },
    }


@pytest.fixture
def arena(tmp_path: Path) -> Generator[Arena]:
    """A plane whose autoscaler looks every second, and asks the manager through an adapter."""
    scaler, metrics = free_ports(2)
    with ControlPlane(
        controller_manager_args=[
            "--controllers=horizontal-pod-autoscaler-controller",
            "--horizontal-pod-autoscaler-sync-period=1s",
        ]
    ) as plane:
        plane.apply(*sorted((ROOT / "config/crd/bases").glob("*.yaml")), *rights())
        plane.apply(*_way_to(metrics))
        pair = plane.issue_server(["localhost"])
        (tmp_path / "serving.pem").write_bytes(pair.public + pair.private)
        arena = Arena(plane, tmp_path)
        address = f"127.0.0.1:{scaler}"
        flags = ("--workload-backend=native", f"--scale-server-bind-address={address}")
        with (
            arena.manager(*flags),
            calling(address) as keda,
            Adapter(metrics, tmp_path / "serving.pem", keda, {"minAvailable": "2"}) as adapter,
            running(NodeSimulator(arena.admin).run, adapter.run),
        ):
            yield arena


def test_the_autoscaler_of_kubernetes_keeps_so_many_servers_free(arena: Arena) -> None:
    namespace = arena.namespace()
    arena.play(namespace)

    arena.plane.apply(_autoscaler(namespace))
    arena.edit_server(namespace, "a-0", {"spec": {"opsState": "Allocated"}})
    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "Allocated"}})
    eventually(lambda: arena.ready(namespace) == names("a", range(4)), within=90)
    arena.edit_server(namespace, "a-2", {"spec": {"opsState": "Allocated"}})
    arena.edit_server(namespace, "a-3", {"spec": {"opsState": "Allocated"}})
    eventually(lambda: arena.ready(namespace) == names("a", range(6)), within=90)

    # Not more than it may, and those whose game is over go first.
    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "WaitToBeDeleted"}})
    arena.edit_server(namespace, "a-2", {"spec": {"opsState": "WaitToBeDeleted"}})
    eventually(lambda: arena.ready(namespace) == names("a", (0, 3, 4, 5)), within=90)
    assert arena.pods(namespace).keys() == names("a", (0, 3, 4, 5))
