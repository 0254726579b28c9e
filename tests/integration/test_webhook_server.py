"""The webhook server behind a real API server, run by a manager."""

import base64
import os
import threading
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from okg.api.admission import AdmissionRequest, AdmissionResponse, allowed, denied, patched
from okg.api.core import ConfigMap, Namespace
from okg.api.meta import ObjectMeta
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import Forbidden
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.manager import Manager, ManagerOptions
from okg.runtime.webhook import WebhookServer
from okg.testing.certificates import Authority
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup

pytestmark = pytest.mark.integration


def _stamp(_ctx: Context, request: AdmissionRequest) -> AdmissionResponse:
    """Write into each ConfigMap who made it."""
    value = {"by": request.user_info.username}
    return patched([{"op": "add", "path": "/data", "value": value}])


def _judge(_ctx: Context, request: AdmissionRequest) -> AdmissionResponse:
    made = msgspec.json.decode(request.object, type=ConfigMap)
    if made.metadata.labels.get("good") == "no":
        return denied("label good must not be no: remove it or say yes")
    return allowed(warnings=["this is a test"])


def _write_pair(folder: Path, authority: Authority) -> None:
    pair = authority.issue_server(["127.0.0.1", "localhost"])
    for name, content in (("tls.key", pair.private), ("tls.crt", pair.public)):
        (folder / f"{name}.new").write_bytes(content)
        os.replace(folder / f"{name}.new", folder / name)  # noqa: PTH105 - says what it does


class Hooks:
    """A manager with two webhooks, and the configurations that lead to them."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.authority = Authority("webhook-test")
        self.folder = folder
        self.namespace = f"hooks-{uuid4().hex[:8]}"
        _write_pair(folder, self.authority)
        self.transport = Urllib3Transport(connect(str(plane.kubeconfig)))
        self.api = ApiClient(self.transport)
        self.server = WebhookServer("127.0.0.1:0", CertificateWatcher(folder))
        self.server.register("/stamp", _stamp)
        self.server.register("/judge", _judge)
        self.manager = Manager(self.transport, ManagerOptions())
        self.manager.add_server(self.server, name="webhook")
        self.api.create(
            Namespace(metadata=ObjectMeta(name=self.namespace, labels={"hooks": self.namespace}))
        )
        plane.apply(
            self._configuration("MutatingWebhookConfiguration", "stamp"),
            self._configuration("ValidatingWebhookConfiguration", "judge"),
        )

    def create(self, name: str, **labels: str) -> ConfigMap:
        meta = ObjectMeta(name=name, namespace=self.namespace, labels=labels)
        return self.api.create(ConfigMap(metadata=meta))

    def _configuration(self, kind: str, path: str) -> dict[str, object]:
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": self.namespace},
            "webhooks": [
                {
                    "name": f"{path}.test.okg.dev",
                    "clientConfig": {
                        "url": f"https://127.0.0.1:{self.server.port}/{path}",
                        "caBundle": base64.b64encode(self.authority.certificate).decode(),
                    },
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE"],
                            "resources": ["configmaps"],
                        }
                    ],
                    "namespaceSelector": {"matchLabels": {"hooks": self.namespace}},
                    "sideEffects": "None",
                    "failurePolicy": "Fail",
                    "admissionReviewVersions": ["v1"],
                }
            ],
        }


@pytest.fixture
def hooks(local_control_plane: ControlPlane, tmp_path: Path) -> Generator[Hooks]:
    plane = local_control_plane
    hooks = Hooks(plane, tmp_path)
    group = ThreadGroup(Context())
    group.start("manager", hooks.manager.run)
    # A configuration is in force a moment after it was stored.
    numbers = iter(range(1000))
    eventually(lambda: "by" in hooks.create(f"probe-{next(numbers)}").data, within=20)
    try:
        yield hooks
    finally:
        for kind in ("mutating", "validating"):
            path = f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations"
            plane.rest.call("DELETE", f"{path}/{hooks.namespace}")
        group.stop()
        group.join()


def test_a_mutating_handler_changes_what_is_stored(hooks: Hooks) -> None:
    assert hooks.create("a").data == {"by": "okg-admin"}


def test_a_validating_handler_refuses_in_its_own_words(hooks: Hooks) -> None:
    with pytest.raises(Forbidden, match="label good must not be no: remove it or say yes"):
        hooks.create("bad", good="no")


def test_rotating_the_certificate_under_load_refuses_nobody(hooks: Hooks) -> None:
    failures: list[str] = []
    made: list[str] = []
    stop = threading.Event()

    def load(worker: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                made.append(hooks.create(f"load-{worker}-{number}").metadata.name)
            except Exception as error:  # noqa: BLE001 - any failure is what this looks for
                failures.append(str(error))

    workers = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(3):
        before = len(made)
        _write_pair(hooks.folder, hooks.authority)
        # The watcher looks each second; this many more are certain to meet the new pair.
        threading.Event().wait(1.5)
        eventually(lambda: len(made) > before + 20, within=30)  # noqa: B023 - called at once
    stop.set()
    for worker in workers:
        worker.join()

    assert failures == []
    assert len(made) > 60
