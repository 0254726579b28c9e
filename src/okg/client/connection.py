"""The one door to the official client: where the API server is and what lets us in.

The ``kubernetes`` package reads kubeconfigs, certificates, exec plug-ins, OIDC, proxies and
service account tokens. From here on only an address, a connection pool and the current
``Authorization`` header are used, so its breaking changes stop in this file.
"""

# The official client carries no usable types; what leaves this file is typed again.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportPrivateImportUsage=false

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, cast

import urllib3
from kubernetes import client, config
from kubernetes.client.rest import RESTClientObject

from okg.client.tls import share_context
from okg.errors import ConfigError

IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_DEFAULT_KUBECONFIG = Path("~/.kube/config")

AUTHORIZATION_SECONDS = 1.0
"""How long a header is used before the official client is asked again, which takes a millisecond;
a token that was replaced meanwhile is refused, and that reads everything anew."""


class _Context(TypedDict):
    name: str
    context: Mapping[str, str]


class Connection:
    """An API server's address and our credentials for it.

    Args:
        load: reads the configuration anew; called again when the server refuses our credentials.
        namespace: what "the current namespace" means for this configuration.
        connections: how many connections are kept open; more are opened when needed.
        monotonic: where time comes from.
    """

    def __init__(
        self,
        load: Callable[[], client.Configuration],
        *,
        namespace: str = "default",
        connections: int = 64,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.namespace = namespace
        self._load = load
        self._connections = connections
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._header: str | None = None
        self._header_until = -math.inf
        self._configuration, self._pool = self._open()

    @property
    def host(self) -> str:
        """Scheme, host and port of the API server."""
        return str(self._configuration.host)

    @property
    def pool(self) -> urllib3.HTTPConnectionPool:
        """The pool of connections to the server."""
        return self._pool

    def authorization(self) -> str | None:
        """Return the current Authorization header; a rotated token is picked up."""
        with self._lock:  # the loader's refresh hook is not made for threads
            now = self._monotonic()
            if now >= self._header_until:
                self._header = _authorization(self._configuration)
                self._header_until = now + AUTHORIZATION_SECONDS
            return self._header

    def reload(self) -> None:
        """Read the configuration again: new token, certificate or address.

        Raises:
            ConfigError: it can no longer be read.
        """
        configuration, pool = self._open()
        with self._lock:
            old, self._pool, self._configuration = self._pool, pool, configuration
            self._header_until = -math.inf
        old.close()

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _open(self) -> tuple[client.Configuration, urllib3.HTTPConnectionPool]:
        configuration = self._load()
        configuration.connection_pool_maxsize = self._connections
        with _explained(f"the TLS configuration for {configuration.host}"):
            manager = RESTClientObject(configuration).pool_manager
            changes = share_context(manager.connection_pool_kw)
        return configuration, manager.connection_from_url(configuration.host, dict(changes))


def _authorization(configuration: client.Configuration) -> str | None:
    token = configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    return token or configuration.get_basic_auth_token() or None


def connect(kubeconfig: str = "", *, context: str | None = None) -> Connection:
    """Find the API server: ``kubeconfig``, then $KUBECONFIG, then in-cluster, then ~/.kube/config.

    Raises:
        ConfigError: none of them is there, or the one that is there cannot be used.
    """
    chosen = kubeconfig or os.environ.get("KUBECONFIG", "")
    if chosen:
        return _from_kubeconfig(chosen, context)
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        namespace = in_cluster_namespace()
        return Connection(_read_in_cluster, namespace=namespace or "default")
    fallback = _DEFAULT_KUBECONFIG.expanduser()
    if fallback.is_file():
        return _from_kubeconfig(str(fallback), context)
    raise ConfigError(
        "no API server configured: pass --kubeconfig, set KUBECONFIG, or run inside a cluster"
    )


def in_cluster_namespace() -> str | None:
    """Return the namespace of the pod we run in, or None outside a cluster."""
    try:
        return IN_CLUSTER_NAMESPACE.read_text().strip() or None
    except OSError:
        return None


def _from_kubeconfig(path: str, context: str | None) -> Connection:
    def load() -> client.Configuration:
        configuration = client.Configuration()
        with _explained(f"kubeconfig {path}"):
            config.load_kube_config(  # type: ignore[no-untyped-call] # the loaders are untyped
                path, context=context, client_configuration=configuration, persist_config=False
            )
        return configuration

    for part in path.split(os.pathsep):
        if not Path(part).is_file():
            raise ConfigError(
                f"kubeconfig {part} does not exist: correct --kubeconfig or KUBECONFIG"
            )
    return Connection(load, namespace=_context_namespace(path, context))


def _context_namespace(path: str, context: str | None) -> str:
    with _explained(f"kubeconfig {path}"):
        answer = config.list_kube_config_contexts(path)  # type: ignore[no-untyped-call]
    contexts, active = cast("tuple[list[_Context], _Context]", answer)
    chosen = next((c for c in contexts if c["name"] == context), active)
    return chosen["context"].get("namespace", "default")


def _read_in_cluster() -> client.Configuration:
    configuration = client.Configuration()
    with _explained("the in-cluster configuration"):
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    return configuration


class _explained:  # noqa: N801 - reads as a word in a with statement
    """Turns the loaders' many exceptions into one that names what was being read."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ConfigError):
            text = " ".join(str(error).split())
            raise ConfigError(f"{self.what} cannot be used: {text}") from error
