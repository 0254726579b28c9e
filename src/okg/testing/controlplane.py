"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager.

There is no scheduler and no kubelet: Pods stay Pending until somebody writes their status, or a
``ContainerNode`` runs them. RBAC is on, every connection but etcd's is TLS, and the controllers are
those that objects depend on: garbage collection (a new CRD's objects count as owners up to 30 s
later), namespaces, the binding and protection of volume claims, and the aggregated cluster roles.
Everything lives in one temporary folder, logs included, which goes when the plane stops.
"""

import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import msgspec
import urllib3

from okg.testing.binaries import (
    ETCD,
    KUBE_APISERVER,
    KUBE_CONTROLLER_MANAGER,
    Program,
    find_program,
)
from okg.testing.certificates import Authority, KeyPair, create_key_pair
from okg.testing.kubeconfig import certificate_credentials, kubeconfig_text, token_credentials
from okg.testing.manifests import Manifest, apply_manifests
from okg.testing.ports import free_ports
from okg.testing.processes import ServerProcess
from okg.testing.rest import RestClient

ADMIN = "okg-admin"
# Users of no group: what they may do is what a test binds to them.
PLAIN_USERS = ("okg-manager", "okg-viewer")

SERVICE_ADDRESS = "10.0.0.1"
"""Address of the Service ``kubernetes``, by which pods know the API server."""

_LOOPBACK = "127.0.0.1"
_START_SECONDS = 60.0
# etcd's gateway takes bytes as base64; this is "/". Every answer tells the current revision.
_ANY_KEY = "Lw=="
_CONTROLLERS = (
    # Fills the cluster roles admin, edit and view, which are empty without it.
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    # Binds claims to volumes that are there; nothing makes volumes.
    "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller",
)
# What programs in the cluster need: pods, accounts, and a way from Services to them.
_WORKLOAD_CONTROLLERS = (
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)


class _EtcdHeader(msgspec.Struct, frozen=True):
    revision: str


class _EtcdAnswer(msgspec.Struct, frozen=True):
    """What etcd's HTTP gateway answers; 64-bit numbers are strings there."""

    header: _EtcdHeader


class ControlPlane:
    """One control plane; use it as a context manager, or with ``start()`` and ``stop()``, once.

    Start it from a thread that outlives it, the main thread at best (see ``ServerProcess``).

    Args:
        apiserver_args: more flags for kube-apiserver, e.g. ``--watch-cache=false``; they win over
            the plane's own.
        controller_manager_args: the same for kube-controller-manager; ``--controllers`` adds to
            those that run anyway.
        workloads: whether Deployments become pods, which have accounts and may be what a webhook
            is served by: for programs that run in the cluster themselves.

    Attributes:
        tokens: bearer token of each user that has one: ``okg-admin`` in ``system:masters``, and
            ``okg-manager`` and ``okg-viewer`` in no group, for tests to bind roles to.
        folder: data and logs of this run; there while the plane runs.
    """

    def __init__(
        self,
        *,
        apiserver_args: Sequence[str] = (),
        controller_manager_args: Sequence[str] = (),
        workloads: bool = False,
    ) -> None:
        self.workloads = workloads
        self.tokens: Mapping[str, str] = MappingProxyType(
            {user: secrets.token_hex(16) for user in (ADMIN, *PLAIN_USERS)}
        )
        self.folder = Path()
        self._extra_args = tuple(apiserver_args)
        self._extra_manager_args = tuple(controller_manager_args)
        self._authority = Authority("okg-test")
        self._servers: dict[str, ServerProcess] = {}
        self._rest: RestClient | None = None
        self._etcd_port, self._etcd_peer_port, self._port, self._manager_port = free_ports(4)

    def __enter__(self) -> Self:
        """Start the plane."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the plane."""
        self.stop()

    @property
    def url(self) -> str:
        """Address of the API server; stays the same when it is restarted."""
        return f"https://{_LOOPBACK}:{self._port}"

    @property
    def port(self) -> int:
        """Port of the API server on loopback."""
        return self._port

    @property
    def ca_file(self) -> Path:
        """PEM certificate that the server's certificate is checked with."""
        return self.folder / "ca.crt"

    @property
    def admin_token(self) -> str:
        """Bearer token that may do everything."""
        return self.tokens[ADMIN]

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig file of the administrator."""
        return self.folder / "admin.kubeconfig"

    @property
    def rest(self) -> RestClient:
        """JSON requests as the administrator."""
        if self._rest is None:
            self._rest = RestClient(self.url, ca_file=self.ca_file, token=self.admin_token)
        return self._rest

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the servers that run."""
        return tuple(server.pid for server in self._servers.values() if server.running)

    def start(self) -> None:
        """Return when the API server is ready: in seconds, once the programs are built.

        Raises:
            ConfigError: a program cannot be had.
            StartFailed: a server did not start; carries the end of its log.
        """
        # All three before the first starts: building takes longer than anyone waits for a server.
        for program in (ETCD, KUBE_APISERVER, KUBE_CONTROLLER_MANAGER):
            find_program(program)
        self.folder = Path(tempfile.mkdtemp(prefix="okg-plane-"))
        try:
            self._write_files()
            self._start_etcd()
            self.start_apiserver()
            self._start_controller_manager()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every server and remove the folder; harmless when nothing runs."""
        if self._rest is not None:
            self._rest.close()
        # etcd last: without it the others would not end in order.
        for name in reversed(tuple(self._servers)):
            self._servers.pop(name).stop()
        if self.folder.name:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start_apiserver(self) -> None:
        """Start kube-apiserver, on the port it had before, and return when it is ready.

        Raises:
            StartFailed: it did not start; carries the end of its log.
        """
        server = self._start(KUBE_APISERVER, [*self._apiserver_args(), *self._extra_args])
        server.wait_ready(lambda: self.rest.answers("/readyz"), timeout=_START_SECONDS)

    def stop_apiserver(self) -> None:
        """End kube-apiserver in order: requests are drained, watches are closed."""
        self._servers[KUBE_APISERVER.name].stop()

    def kill_apiserver(self) -> None:
        """End kube-apiserver at once, as a crash would."""
        self._servers[KUBE_APISERVER.name].kill()

    def compact_etcd(self) -> int:
        """Forget etcd's history up to its current revision, and return that revision.

        The API server still answers from what its watch cache has seen; start the plane with
        ``--watch-cache=false``, or restart the API server, for answers of 410.
        """
        revision = self._etcd("range", {"key": _ANY_KEY})
        self._etcd("compaction", {"revision": str(revision), "physical": True})
        return revision

    def write_kubeconfig(self, path: Path, *, user: str = ADMIN, token: str | None = None) -> Path:
        """Write a kubeconfig that sends a bearer token, and return its path.

        Args:
            path: file to write.
            user: name of the user entry.
            token: what to send; None for that of ``user`` in ``tokens``.
        """
        credentials = token_credentials(token or self.tokens[user])
        return self._write_kubeconfig(path, user, credentials)

    def add_user_kubeconfig(self, user: str, *, groups: Sequence[str] = ()) -> Path:
        """Return a new kubeconfig of any user, known by a client certificate.

        Args:
            user: the name that RBAC sees.
            groups: the groups that RBAC sees.
        """
        credentials = certificate_credentials(self._authority.issue_client(user, groups))
        return self._write_kubeconfig(
            self.folder / f"{user.replace('/', '_')}.kubeconfig", user, credentials
        )

    def issue_server(self, hosts: Sequence[str]) -> KeyPair:
        """Return a serving certificate that the plane's clients and API server trust.

        Args:
            hosts: names and addresses it is for.
        """
        return self._authority.issue_server(hosts)

    def apply(self, *sources: Path | Manifest) -> None:
        """Create or update objects and wait for CRDs (see ``apply_manifests``)."""
        apply_manifests(self.rest, *sources)

    def _write_files(self) -> None:
        serving = self._authority.issue_server([_LOOPBACK, "localhost", SERVICE_ADDRESS])
        kubelets = self._authority.issue_client("kube-apiserver-kubelet-client")
        signing = create_key_pair()
        groups = {ADMIN: "system:masters"}
        users = [
            f"{token},{user},{user},{groups.get(user, '')}\n" for user, token in self.tokens.items()
        ]
        files = {
            self.ca_file.name: self._authority.certificate,
            "serving.crt": serving.public,
            "serving.key": serving.private,
            "kubelet-client.crt": kubelets.public,
            "kubelet-client.key": kubelets.private,
            "accounts.pub": signing.public,
            "accounts.key": signing.private,
            "tokens.csv": "".join(users).encode(),
        }
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        self.write_kubeconfig(self.kubeconfig)

    def _write_kubeconfig(self, path: Path, user: str, credentials: Mapping[str, str]) -> Path:
        text = kubeconfig_text(
            server=self.url,
            authority=self._authority.certificate,
            user=user,
            credentials=credentials,
        )
        path.write_text(text)
        return path

    def _start(self, program: Program, args: Sequence[str]) -> ServerProcess:
        server = ServerProcess(
            program.name,
            [find_program(program), *args],
            log=self.folder / f"{program.name}.log",
        )
        self._servers[program.name] = server
        return server

    def _start_etcd(self) -> None:
        client = f"http://{_LOOPBACK}:{self._etcd_port}"
        peer = f"http://{_LOOPBACK}:{self._etcd_peer_port}"
        server = self._start(
            ETCD,
            [
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                "--unsafe-no-fsync",
                # The one member needs no time to wait for others before it elects itself.
                "--heartbeat-interval=20",
                "--election-timeout=200",
            ],
        )
        server.wait_ready(self._etcd_healthy, timeout=_START_SECONDS)

    def _etcd_healthy(self) -> bool:
        try:
            return self._etcd("range", {"key": _ANY_KEY}) > 0
        except urllib3.exceptions.HTTPError:
            return False

    def _etcd(self, call: str, body: Mapping[str, object]) -> int:
        """Send one request to etcd's HTTP gateway and return the revision it answers."""
        url = f"http://{_LOOPBACK}:{self._etcd_port}/v3/kv/{call}"
        answer = urllib3.request("POST", url, json=body, retries=False, timeout=10.0)
        return int(msgspec.json.decode(answer.data, type=_EtcdAnswer).header.revision)

    def _apiserver_args(self) -> list[str]:
        folder = self.folder
        return [
            f"--etcd-servers=http://{_LOOPBACK}:{self._etcd_port}",
            f"--bind-address={_LOOPBACK}",
            f"--advertise-address={_LOOPBACK}",
            f"--secure-port={self._port}",
            *self._serving_args(),
            f"--client-ca-file={self.ca_file}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            f"--service-account-key-file={folder / 'accounts.pub'}",
            f"--service-account-signing-key-file={folder / 'accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_ADDRESS.rpartition('.')[0]}.0/24",
            "--authorization-mode=Node,RBAC",
            *self._workload_args(),
            "--endpoint-reconciler-type=none",
            "--allow-privileged=true",
            # For nodes that run on this machine: exec, logs and port-forward.
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-certificate-authority={self.ca_file}",
            f"--kubelet-client-certificate={folder / 'kubelet-client.crt'}",
            f"--kubelet-client-key={folder / 'kubelet-client.key'}",
            # Without it, open watches hold up an orderly end for a minute.
            "--shutdown-watch-termination-grace-period=2s",
        ]

    def _workload_args(self) -> list[str]:
        if self.workloads:
            # Nobody leads the addresses of Services to pods: the server itself looks for them.
            return ["--enable-aggregator-routing=true"]
        # Nothing makes the service account that this plug-in would put into each Pod.
        return ["--disable-admission-plugins=ServiceAccount"]

    def _serving_args(self) -> list[str]:
        return [
            f"--tls-cert-file={self.folder / 'serving.crt'}",
            f"--tls-private-key-file={self.folder / 'serving.key'}",
        ]

    def _start_controller_manager(self) -> None:
        controllers = [*_CONTROLLERS, *(_WORKLOAD_CONTROLLERS if self.workloads else ())]
        server = self._start(
            KUBE_CONTROLLER_MANAGER,
            [
                f"--kubeconfig={self.kubeconfig}",
                f"--controllers={','.join(controllers)}",
                f"--root-ca-file={self.ca_file}",
                "--leader-elect=false",
                f"--bind-address={_LOOPBACK}",
                f"--secure-port={self._manager_port}",
                *self._serving_args(),
                "--kube-api-qps=200",
                "--kube-api-burst=400",
                *self._extra_manager_args,
            ],
        )
        url = f"https://{_LOOPBACK}:{self._manager_port}"
        with RestClient(url, ca_file=self.ca_file) as client:
            server.wait_ready(lambda: client.answers("/healthz"), timeout=_START_SECONDS)
