"""Keeping certificate, Secret and configurations in step, on the fake server."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.admissionregistration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from okg.api.core import Namespace, Secret
from okg.api.meta import ObjectMeta
from okg.api.resource import O
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.reconcile import Result
from okg.testing.apiserver import FakeApiServer, LoseAnswer, Refuse, Unreachable
from okg.testing.clock import FakeClock
from okg.webhooks.certificates.configurations import MUTATING, VALIDATING, Service
from okg.webhooks.certificates.keeper import Keeper, install
from okg.webhooks.certificates.pair import make_pair
from okg.webhooks.certificates.registration import EVERYTHING, prepare
from okg.webhooks.certificates.store import Store, read_store

SERVICE = Service("games", "hook")
NAMES = ("hook.games.svc", "localhost")
DAY = 24 * 3600.0


class Cluster:
    """A server, a clock, and what replicas have left behind."""

    def __init__(self, folder: Path) -> None:
        self.server = FakeApiServer()
        self.server.put(Namespace(metadata=ObjectMeta(name="games")))
        self.api = ApiClient(self.server)
        self.clock = FakeClock()
        self._folder = folder

    def folder(self, replica: str) -> Path:
        return self._folder / replica

    def look(self, replica: str = "one") -> Result | None:
        keeper = Keeper(self.api, self.api, SERVICE, self.folder(replica), clock=self.clock)
        return keeper.reconcile(Context(), EVERYTHING)

    def served(self, replica: str = "one") -> str:
        return (self.folder(replica) / "tls.crt").read_text()

    @property
    def secret(self) -> Secret:
        found = self.server.get(Secret, "games", "hook-certs")
        assert found is not None
        return found

    @property
    def store(self) -> Store:
        store = read_store(self.secret)
        assert store is not None
        return store

    @property
    def pods(self) -> MutatingWebhookConfiguration:
        found = self.server.get(MutatingWebhookConfiguration, "", MUTATING)
        assert found is not None
        return found

    def stored_webhooks(self) -> list[dict[str, Any]]:
        """Return the webhooks for pods with every field that is stored."""
        tree: Any = self.server.tree(MutatingWebhookConfiguration.resource_type, "", MUTATING)
        return list(tree["webhooks"])

    @property
    def bundles(self) -> set[str]:
        sets = self.server.get(ValidatingWebhookConfiguration, "", VALIDATING)
        assert sets is not None
        webhooks = (*self.pods.webhooks, *sets.webhooks)
        return {base64.b64decode(w.client_config.ca_bundle).decode() for w in webhooks}


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_the_first_replica_makes_a_certificate_and_registers_the_webhooks(
    cluster: Cluster,
) -> None:
    result = cluster.look()

    assert result == Result(requeue_after=timedelta(seconds=10))
    assert cluster.served() == cluster.store.current.certificate
    assert cluster.bundles == {cluster.store.current.authority}


def test_without_openkruise_pods_are_not_registered_and_an_old_registration_goes(
    cluster: Cluster,
) -> None:
    fresh = Keeper(cluster.api, cluster.api, SERVICE, cluster.folder("a"), pods=False)
    fresh.reconcile(Context(), EVERYTHING)
    found = cluster.server.get(MutatingWebhookConfiguration, "", MUTATING)
    cluster.look("b")
    before = cluster.pods.webhooks

    Keeper(cluster.api, cluster.api, SERVICE, cluster.folder("c"), pods=False).reconcile(
        Context(), EVERYTHING
    )

    assert found is None
    assert len(before) == 1
    assert cluster.pods.webhooks == ()
    assert cluster.served("c") == cluster.store.current.certificate


class OldServer:
    """Reads and writes of a server that drops what it does not know, as before Kubernetes 1.28."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self.writes = 0

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        return self._api.get(kind, namespace, name)

    def create(self, obj: O) -> O:
        self.writes += 1
        return self._api.create(_without_conditions(obj))

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        self.writes += 1
        return self._api.patch(before, _without_conditions(after), lock=lock)


def _without_conditions(obj: O) -> O:
    webhooks = getattr(obj, "webhooks", ())
    return replace(obj, webhooks=tuple(replace(w, match_conditions=()) for w in webhooks))


def test_a_server_that_drops_conditions_is_served_all_the_same(cluster: Cluster) -> None:
    old = OldServer(cluster.api)
    keeper = Keeper(cluster.api, old, SERVICE, cluster.folder("one"), clock=cluster.clock)

    keeper.reconcile(Context(), EVERYTHING)
    keeper.reconcile(Context(), EVERYTHING)

    assert cluster.served() == cluster.store.current.certificate
    assert old.writes == 2


def test_every_other_replica_serves_the_same_certificate(cluster: Cluster) -> None:
    cluster.look("one")
    before = cluster.secret

    cluster.look("two")

    assert cluster.served("two") == cluster.served("one")
    assert cluster.secret == before


@pytest.mark.parametrize(
    ("verb", "resource", "reason"),
    [
        ("create", "secrets", "AlreadyExists"),
        ("patch", "secrets", "Conflict"),
        ("create", "mutatingwebhookconfigurations", "AlreadyExists"),
        ("patch", "validatingwebhookconfigurations", "Conflict"),
    ],
)
def test_a_replica_that_was_too_late_looks_again(
    cluster: Cluster, verb: str, resource: str, reason: str
) -> None:
    late = cluster.server.faults.inject(
        Refuse(status=409, reason=reason), verbs=[verb], resource=resource, times=1
    )

    cluster.look()
    cluster.clock.advance(276 * DAY)
    cluster.look()

    assert late.hits == 1
    store = cluster.store
    assert store.next is not None
    assert cluster.bundles == {store.current.authority + store.next.authority}


def test_a_bundle_that_somebody_breaks_is_put_right(cluster: Cluster) -> None:
    cluster.look()
    cluster.server.merge(cluster.pods, {"webhooks": []})

    cluster.look()

    assert cluster.bundles == {cluster.store.current.authority}


def test_fields_that_nobody_declares_survive_a_correction(cluster: Cluster) -> None:
    cluster.look()
    [webhook] = cluster.stored_webhooks()
    edited = {**webhook, "timeoutSeconds": 5, "clientConfig": {"url": "https://nowhere"}}
    cluster.server.merge(cluster.pods, {"webhooks": [edited]})

    cluster.look()

    [webhook] = cluster.stored_webhooks()
    assert webhook["timeoutSeconds"] == 5
    assert "url" not in webhook["clientConfig"]
    assert webhook["clientConfig"]["service"]["name"] == "hook"


def test_a_damaged_secret_is_replaced_by_a_new_certificate(cluster: Cluster) -> None:
    cluster.look()
    before = cluster.served()
    cluster.server.merge(cluster.secret, {"data": {"tls.key": "bm9uc2Vuc2U="}})

    cluster.look()

    assert cluster.served() == cluster.store.current.certificate != before
    assert cluster.bundles == {cluster.store.current.authority}


def test_a_renewal_trusts_first_serves_then_and_forgets_at_last(cluster: Cluster) -> None:
    cluster.look()
    old = cluster.store.current

    cluster.clock.advance(276 * DAY)
    cluster.look()
    coming = cluster.store.next
    assert coming is not None
    assert cluster.bundles == {old.authority + coming.authority}
    assert cluster.served() == old.certificate

    cluster.clock.advance(20)
    cluster.look()
    assert cluster.served() == coming.certificate
    assert cluster.bundles == {coming.authority + old.authority}

    cluster.clock.advance(3600)
    cluster.look()
    assert cluster.bundles == {coming.authority}


def test_keys_are_readable_by_nobody_else_and_never_logged(cluster: Cluster) -> None:
    with capture_logs() as logs:
        cluster.look()

    assert (cluster.folder("one") / "tls.key").stat().st_mode & 0o777 == 0o600
    assert cluster.folder("one").stat().st_mode & 0o777 == 0o700
    assert [line["event"] for line in logs] == [
        "changing the webhook certificate",
        "registering the webhooks",
    ]
    assert "PRIVATE" not in str(logs)


def test_a_pair_that_is_installed_already_is_not_written_again(tmp_path: Path) -> None:
    pair = make_pair(NAMES, FakeClock().now())
    install(pair, tmp_path)
    before = (tmp_path / "tls.key").stat().st_ino

    install(pair, tmp_path)

    assert (tmp_path / "tls.key").stat().st_ino == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tls.crt", "tls.key"]


def _prepare(cluster: Cluster, folder: Path, namespace: str = "games") -> None:
    prepare(Context(), cluster.api, Service(namespace, "hook"), folder, sleep=lambda _: None)


def test_before_anybody_is_served_a_certificate_is_there_and_registered(
    cluster: Cluster, tmp_path: Path
) -> None:
    _prepare(cluster, tmp_path / "certs")

    assert (tmp_path / "certs" / "tls.crt").read_text() == cluster.store.current.certificate
    assert cluster.bundles == {cluster.store.current.authority}


def test_a_missing_right_is_told_with_its_remedies(cluster: Cluster, tmp_path: Path) -> None:
    cluster.server.faults.inject(Refuse(status=403, reason="Forbidden"), resource="secrets")

    with pytest.raises(
        ConfigError, match=r"config/rbac, or .* of your own with --enable-cert-generation=false"
    ):
        _prepare(cluster, tmp_path)


def test_a_missing_namespace_is_told_with_the_flag(cluster: Cluster, tmp_path: Path) -> None:
    cluster.server.faults.inject(
        Refuse(status=404, reason="NotFound", message='namespaces "gone" not found'),
        verbs=["create"],
        resource="secrets",
    )

    with pytest.raises(ConfigError, match='"gone" not found; correct --webhook-service-namespace'):
        _prepare(cluster, tmp_path, namespace="gone")


def test_a_folder_that_cannot_be_written_is_told_with_the_flag(
    cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "certs").write_text("a file, not a folder")

    with pytest.raises(ConfigError, match="choose another folder with --webhook-server-certs-dir"):
        _prepare(cluster, tmp_path / "certs")


@pytest.mark.parametrize(
    "trouble", [Refuse(status=500), Refuse(status=429), Refuse(status=503), LoseAnswer()]
)
def test_a_short_trouble_of_the_server_is_waited_for(
    cluster: Cluster, tmp_path: Path, trouble: Refuse | LoseAnswer
) -> None:
    cluster.server.faults.inject(trouble, verbs=["create"], times=2)

    with capture_logs() as logs:
        _prepare(cluster, tmp_path / "certs")

    assert cluster.bundles == {cluster.store.current.authority}
    told = [line for line in logs if line["event"].startswith("the API server is not ready")]
    assert [line["attempt"] for line in told] == [1, 2]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Refuse(status=500), "500 .*wait until `kubectl get --raw /readyz` says ok, or bring"),
        (Refuse(status=401), "401 .*wait until `kubectl get --raw /readyz` says ok, or bring"),
        (Refuse(status=422), "422 .*correct --webhook-service-namespace and --webhook-service-nam"),
        (LoseAnswer(), "wait until `kubectl get --raw /readyz` says ok, or bring"),
        (Unreachable(), "wait until `kubectl get --raw /readyz` says ok, or bring"),
    ],
)
def test_a_trouble_that_lasts_is_one_line(
    cluster: Cluster, tmp_path: Path, trouble: Refuse | LoseAnswer | Unreachable, words: str
) -> None:
    cluster.server.faults.inject(trouble)

    with pytest.raises(ConfigError, match=words):
        _prepare(cluster, tmp_path)
