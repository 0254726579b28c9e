"""Clusters that tests reach through a kubeconfig: one that is there, or one made by kind."""

import shutil
import subprocess
import tempfile
from base64 import b64decode
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from okg.errors import ConfigError
from okg.testing.kubeconfig import kubeconfig_text, token_credentials
from okg.testing.manifests import Manifest, apply_manifests
from okg.testing.rest import RestClient

_ADMIN = "okg-test-admin"
_NAMESPACE = "kube-system"
_TOKEN_SECONDS = 24 * 3600
_ADMIN_OBJECTS: tuple[Manifest, ...] = (
    {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": _ADMIN, "namespace": _NAMESPACE},
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _ADMIN},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [{"kind": "ServiceAccount", "name": _ADMIN, "namespace": _NAMESPACE}],
    },
)


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What the current context of a kubeconfig says: PEM texts, and one kind of credentials."""

    server: str
    authority: bytes
    token: str = ""
    certificate: bytes = b""
    key: bytes = b""


class _Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""


class _User(msgspec.Struct, frozen=True, rename="kebab"):
    token: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""


class _Context(msgspec.Struct, frozen=True):
    cluster: str
    user: str


class _NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: _User


class _NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: _Context


class _Kubeconfig(msgspec.Struct, frozen=True, rename="kebab"):
    clusters: tuple[_NamedCluster, ...]
    users: tuple[_NamedUser, ...]
    contexts: tuple[_NamedContext, ...]
    current_context: str


class _TokenStatus(msgspec.Struct, frozen=True):
    token: str


class _TokenAnswer(msgspec.Struct, frozen=True):
    status: _TokenStatus


def read_access(kubeconfig: Path) -> Access:
    """Return what the current context of a kubeconfig says.

    Raises:
        ConfigError: the file cannot be read, or uses another way than a token or a certificate.
    """
    import yaml  # noqa: PLC0415 - not a dependency of okg itself, and slow to import

    try:
        config = msgspec.convert(yaml.safe_load(kubeconfig.read_bytes()), _Kubeconfig)
        context = {c.name: c.context for c in config.contexts}[config.current_context]
        cluster = {c.name: c.cluster for c in config.clusters}[context.cluster]
        user = {u.name: u.user for u in config.users}[context.user]
    except (OSError, KeyError, msgspec.ValidationError) as error:
        raise ConfigError(f"{kubeconfig} cannot be used for tests: {error!r}") from error
    folder = kubeconfig.parent
    access = Access(
        server=cluster.server,
        authority=_pem(folder, cluster.certificate_authority_data, cluster.certificate_authority),
        token=user.token,
        certificate=_pem(folder, user.client_certificate_data, user.client_certificate),
        key=_pem(folder, user.client_key_data, user.client_key),
    )
    if not (access.token or access.certificate):
        raise ConfigError(f"{kubeconfig}: tests need a user with a token or a client certificate")
    return access


class ExistingCluster:
    """A cluster that was there before the tests; context manager.

    Tests work as a service account of their own, bound to cluster-admin, which stays behind.

    Args:
        source: kubeconfig of somebody who may create such a service account.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        self._folder = Path()
        self._rest: RestClient | None = None
        self.url = ""
        self.admin_token = ""

    def __enter__(self) -> Self:
        """Log in."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Log out."""
        self.stop()

    @property
    def ca_file(self) -> Path:
        """PEM certificate that the server's certificate is checked with."""
        return self._folder / "ca.crt"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig file of the administrator."""
        return self._folder / "admin.kubeconfig"

    @property
    def rest(self) -> RestClient:
        """JSON requests as the administrator."""
        if self._rest is None:
            self._rest = RestClient(self.url, ca_file=self.ca_file, token=self.admin_token)
        return self._rest

    def start(self) -> None:
        """Create the tests' service account and get a token of it.

        Raises:
            ConfigError: the kubeconfig cannot be used.
            ApiError: its user may not do that.
        """
        access = read_access(self._source)
        self._folder = Path(tempfile.mkdtemp(prefix="okg-cluster-"))
        self.url = access.server
        self.ca_file.write_bytes(access.authority)
        self.admin_token = self._log_in(access)
        self.write_kubeconfig(self.kubeconfig, user=_ADMIN, token=self.admin_token)

    def stop(self) -> None:
        """Forget the credentials; the cluster stays."""
        if self._rest is not None:
            self._rest.close()
        if self._folder.name:
            shutil.rmtree(self._folder, ignore_errors=True)

    def write_kubeconfig(self, path: Path, *, user: str, token: str) -> Path:
        """Write a kubeconfig that sends a bearer token, and return its path."""
        text = kubeconfig_text(
            server=self.url,
            authority=self.ca_file.read_bytes(),
            user=user,
            credentials=token_credentials(token),
        )
        path.write_text(text)
        return path

    def apply(self, *sources: Path | Manifest) -> None:
        """Create or update objects and wait for CRDs (see ``apply_manifests``)."""
        apply_manifests(self.rest, *sources)

    def _log_in(self, access: Access) -> str:
        certificate, key = self._folder / "client.crt", self._folder / "client.key"
        certificate.write_bytes(access.certificate)
        key.write_bytes(access.key)
        with RestClient(
            access.server,
            ca_file=self.ca_file,
            token=access.token or None,
            client_certificate=(certificate, key) if access.certificate else None,
        ) as client:
            apply_manifests(client, *_ADMIN_OBJECTS)
            answer = client.call(
                "POST",
                f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts/{_ADMIN}/token",
                {"spec": {"expirationSeconds": _TOKEN_SECONDS}},
            )
        return msgspec.convert(answer, _TokenAnswer).status.token


class KindCluster(ExistingCluster):
    """A cluster of ``kind``, made for the tests and deleted after them; context manager.

    Attributes:
        name: by which kind knows it.
    """

    def __init__(self, name: str = "okg-test") -> None:
        self.name = name
        self._kind_folder = Path(tempfile.mkdtemp(prefix="okg-kind-"))
        super().__init__(self._kind_folder / "kubeconfig")

    def start(self) -> None:
        """Create the cluster, wait until its node is ready, and log in.

        Raises:
            ConfigError: kind failed; its own words are on stderr.
        """
        created = subprocess.run(
            ["kind", "create", "cluster", "--wait=120s", *self._arguments()], check=False
        )
        if created.returncode:
            raise ConfigError("`kind create cluster` failed; see its output")
        super().start()

    def stop(self) -> None:
        """Delete the cluster."""
        super().stop()
        subprocess.run(["kind", "delete", "cluster", *self._arguments()], check=False)
        shutil.rmtree(self._kind_folder, ignore_errors=True)

    def _arguments(self) -> list[str]:
        return [f"--name={self.name}", f"--kubeconfig={self._source}"]


def _pem(folder: Path, data: str, file: str) -> bytes:
    if data:
        return b64decode(data)
    return (folder / file).read_bytes() if file else b""
