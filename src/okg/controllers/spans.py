"""What the spans of reconciles tell, under the names that dashboards of OpenKruiseGame's know."""

from collections.abc import Mapping

from okg.api.core import Pod
from okg.api.game import GameServer
from okg.runtime.reconcile import Request
from okg.telemetry import fields
from okg.telemetry.tracing import Opening, Value
from okg.workload.names import OWNER_GSS


def server_span(request: Request) -> Opening:
    """Return the span of a look at a server."""
    return Opening("reconcile game_server", _server(request))


def set_span(request: Request) -> Opening:
    """Return the span of a look at a set."""
    return Opening("reconcile game_server_set", _set(request))


def workload_span(request: Request) -> Opening:
    """Return the span of a look at a set's workload; upstream has none to look at."""
    return Opening("reconcile workload", _set(request))


def network_span(request: Request) -> Opening:
    """Return the span of a look at the network of a pod that we make ourselves; likewise."""
    return Opening("reconcile network", _server(request))


def family_of(request: Request, *members: Pod | GameServer | None) -> Mapping[str, Value]:
    """Return which set a server is of: by a label of its own, else by its name."""
    labels = (member.metadata.labels.get(OWNER_GSS, "") for member in members if member is not None)
    name = next(filter(None, labels), request.name.rpartition("-")[0])
    return {fields.SET_NAME: name, fields.SET_NAMESPACE: request.namespace}


def _server(request: Request) -> Mapping[str, Value]:
    return {
        fields.K8S_NAMESPACE: request.namespace,
        fields.SERVER_NAMESPACE: request.namespace,
        fields.SERVER_NAME: request.name,
    }


def _set(request: Request) -> Mapping[str, Value]:
    return {
        fields.K8S_NAMESPACE: request.namespace,
        fields.SET_NAMESPACE: request.namespace,
        fields.SET_NAME: request.name,
    }
