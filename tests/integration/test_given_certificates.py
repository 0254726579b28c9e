"""Webhooks whose certificate and configurations are cert-manager's, or the user's."""

import base64
import ssl
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml

from integration.arena import ROOT, SYSTEM
from integration.hooked import SECRET, SERVICE, Hooked, Load, Replica, a_pod, open_hooked
from okg.api.core import Secret
from okg.errors import ServerError
from okg.testing.certificates import Authority, KeyPair
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

HOST = f"{SERVICE}.{SYSTEM}.svc"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hooked]:
    with open_hooked(tmp_path_factory.mktemp("given")) as hooked:
        yield hooked


@pytest.fixture
def authority(hooked: Hooked) -> Authority:
    """Whose certificates the shipped configurations trust, as cert-manager would see to."""
    authority = Authority("given")
    bundle = base64.b64encode(authority.certificate).decode()
    documents = list(
        yaml.safe_load_all((ROOT / "config/components/cert-manager/webhooks.yaml").read_text())
    )
    for document in documents:
        for webhook in document["webhooks"]:
            webhook["clientConfig"]["caBundle"] = bundle
    hooked.arena.plane.apply(*documents)
    return authority


def _give(folder: Path, pair: KeyPair) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "tls.crt").write_bytes(pair.public)
    (folder / "tls.key").write_bytes(pair.private)


def _served(replica: Replica) -> str:
    return ssl.get_server_certificate(("127.0.0.1", replica.port))


def _bundle_and_version(hooked: Hooked) -> tuple[object, object]:
    found = hooked.arena.rest.get(f"{CONFIGURATIONS}/kruise-game-mutating-webhook")
    metadata, webhooks = found["metadata"], found["webhooks"]
    assert isinstance(metadata, dict)
    assert isinstance(webhooks, list)
    return webhooks[0]["clientConfig"]["caBundle"], metadata["resourceVersion"]


def test_a_given_certificate_is_served_and_replaced_under_load_and_nothing_is_registered(
    hooked: Hooked, authority: Authority, tmp_path: Path
) -> None:
    folder, namespace = tmp_path / "given", hooked.arena.namespace()
    first, second = authority.issue_server([HOST]), authority.issue_server([HOST])
    _give(folder, first)
    registered = _bundle_and_version(hooked)
    load = Load(hooked.arena.admin, namespace, 40.0)
    flags = ("--enable-cert-generation=false", f"--webhook-server-certs-dir={folder}")

    with hooked.replica(*flags) as replica, load.running():
        assert _served(replica) == first.public.decode()
        eventually(lambda: len(load.seconds) > 40, within=30)
        _give(folder, second)
        eventually(lambda: _served(replica) == second.public.decode(), within=20)
        made = len(load.seconds)
        eventually(lambda: len(load.seconds) > made + 40, within=30)

    assert load.failures == []
    assert _bundle_and_version(hooked) == registered
    assert hooked.arena.admin.get(Secret, SYSTEM, SECRET) is None


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_a_stranger_is_refused_by_the_api_server(
    hooked: Hooked, tmp_path: Path
) -> None:
    folder = tmp_path / "given"
    _give(folder, Authority("stranger").issue_server([HOST]))
    flags = ("--enable-cert-generation=false", f"--webhook-server-certs-dir={folder}")

    with (
        hooked.replica(*flags),
        pytest.raises(ServerError, match="certificate signed by unknown authority"),
    ):
        hooked.arena.admin.create(a_pod(hooked.arena.namespace(), "a-0"))
