"""Discovery: which kinds the API server has, asked before anything waits for them."""

import time
from collections.abc import Callable

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, PersistentVolumeClaim
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.resource import Object
from okg.client.decoding import decode_page
from okg.client.rest import ApiClient
from okg.errors import (
    ApiError,
    ConfigError,
    DecodeError,
    Forbidden,
    NotFound,
    TransportError,
    Unauthorized,
)
from okg.runtime.first_requests import insist
from okg.workload.names import WORKLOAD_RECORD

Sleep = Callable[[float], None]


def check_server(api: ApiClient, *, kruise: bool = True, sleep: Sleep = time.sleep) -> None:
    """Say at once what is missing, instead of waiting for caches that can never fill.

    Args:
        api: of the server.
        kruise: whether OpenKruise is needed.
        sleep: how to wait between two tries.

    Raises:
        ConfigError: the server cannot be asked or does not serve what we need.
    """
    needed = (GameServerSet, GameServer, *((AdvancedStatefulSet,) if kruise else ()))
    for kind in needed:
        if not is_served(api, kind, sleep=sleep):
            resource = kind.resource_type
            remedy = (
                "install OpenKruise 1.8 or newer, or set --workload-backend=native"
                if kind is AdvancedStatefulSet
                else "kubectl apply -f config/crd/bases"
            )
            raise ConfigError(
                f"the API server does not serve {resource.group_resource} ({resource.version}): "
                + remedy
            )


def is_served(api: ApiClient, kind: type[Object], *, sleep: Sleep = time.sleep) -> bool:
    """Ask the server whether it has a kind; more than once, if it is in trouble.

    Raises:
        ConfigError: it cannot be asked.
    """
    resource = kind.resource_type
    return resource.plural in _served(api, f"/apis/{resource.group}/{resource.version}", sleep)


def why_not_listed(api: ApiClient, kind: type[Object], namespace: str) -> str:
    """Return why objects of a kind cannot be listed, and so not be cached; empty if they can.

    Raises:
        ConfigError: the server cannot be asked.
    """
    resource = kind.resource_type
    path = resource.path(namespace if resource.namespaced else "")
    try:
        insist(lambda: api.request("GET", path, query={"limit": "1"}))
    except NotFound:
        return (
            f"the API server does not serve {resource.group_resource} ({resource.version}); install"
            " its CustomResourceDefinition and restart the manager"
        )
    except Forbidden as error:
        return f"the manager may not list {resource.group_resource} ({error.message})"
    except (ApiError, TransportError) as error:
        raise ConfigError(str(error)) from error
    return ""


def can_resize_pods(api: ApiClient, *, sleep: Sleep = time.sleep) -> bool:
    """Ask the server whether it changes amounts of resources of running pods.

    Raises:
        ConfigError: it cannot be asked.
    """
    return "pods/resize" in _served(api, "/api/v1", sleep)


def _served(api: ApiClient, path: str, sleep: Sleep) -> frozenset[str]:
    """Return the names of the resources below a path."""
    try:
        answer = insist(lambda: api.request("GET", path), sleep=sleep)
        served = msgspec.json.decode(answer.body, type=_ApiResources)
    except NotFound:
        return frozenset()
    except (Forbidden, Unauthorized) as error:
        raise ConfigError(
            f"{error}; are the credentials valid, and have they the ClusterRole system:discovery?"
        ) from error
    except ApiError as error:
        raise ConfigError(f"{error}; wait until `kubectl get --raw /readyz` says ok") from error
    except (TransportError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{error}; is the address in the kubeconfig right?") from error
    return frozenset(entry.name for entry in served.resources)


def has_native_sets(api: ApiClient, namespace: str) -> bool:
    """Whether there is a workload record; who may not look has made none.

    Raises:
        ConfigError: the server cannot be asked.
    """
    query = {"labelSelector": f"{WORKLOAD_RECORD}=true", "limit": "1"}
    path = ConfigMap.resource_type.path(namespace)
    try:
        answer = insist(lambda: api.request("GET", path, query=query))
        return bool(decode_page(ConfigMap, answer.body).items)
    except Forbidden:
        return False
    except (ApiError, DecodeError, TransportError) as error:
        raise ConfigError(str(error)) from error


def may_make_pods(api: ApiClient, namespace: str) -> bool:
    """Whether we have the rights of the native back end.

    Raises:
        ConfigError: the server cannot be asked.
    """
    return all(_may(api, verb, kind, namespace) for kind in _NATIVE_KINDS for verb in _VERBS)


_NATIVE_KINDS = (ConfigMap, ControllerRevision, PersistentVolumeClaim)
_VERBS = ("list", "watch", "create", "patch", "delete")


def _may(api: ApiClient, verb: str, kind: type[Object], namespace: str) -> bool:
    resource = kind.resource_type
    wanted = {"verb": verb, "group": resource.group, "resource": resource.plural}
    spec = {"resourceAttributes": {**wanted, "namespace": namespace}}
    body = msgspec.json.encode(
        {"apiVersion": _REVIEW_VERSION, "kind": "SelfSubjectAccessReview", "spec": spec}
    )
    path = f"/apis/{_REVIEW_VERSION}/selfsubjectaccessreviews"
    try:
        answer = insist(lambda: api.request("POST", path, body=body))
        return msgspec.json.decode(answer.body, type=_Review).status.allowed
    except Forbidden:
        return False
    except (ApiError, TransportError) as error:
        raise ConfigError(str(error)) from error


_REVIEW_VERSION = "authorization.k8s.io/v1"


class _Verdict(msgspec.Struct, frozen=True):
    allowed: bool = False


class _Review(msgspec.Struct, frozen=True):
    status: _Verdict = _Verdict()


class _Named(msgspec.Struct):
    name: str


class _ApiResources(msgspec.Struct):
    resources: tuple[_Named, ...] = ()
