"""What the span of a look at one server tells."""

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerStatus, NetworkStatus
from okg.controllers.spans import family_of
from okg.runtime.reconcile import Request
from okg.telemetry import fields
from okg.telemetry.tracing import NO_SPAN, Attributes, Span

INITIALIZED = "gameserver.reconcile.gameserver_initialized"
CLEANUP = "gameserver.reconcile.cleanup"
WAITING = "gameserver.reconcile.wait_network_state"
POD_PATCHED = "gameserver.manager.patch_pod"
SERVER_PATCHED = "gameserver.manager.patch_gameserver"
STATUS_PATCHED = "gameserver.manager.patch_status"


def tell_trigger(span: Span, request: Request, pod: Pod | None, server: GameServer | None) -> None:
    """Tell what there is to look at."""
    if span is NO_SPAN:
        return
    trigger = "delete" if pod is None else "create" if server is None else "update"
    span.set({**family_of(request, pod, server), fields.TRIGGER: trigger})


def pod_changes(before: Pod, after: Pod) -> Attributes:
    """Return what of a pod was written."""
    return {
        fields.LABEL_COUNT: len(after.metadata.labels),
        fields.ANNOTATION_COUNT: len(after.metadata.annotations),
        "containersUpdated": before.spec.containers != after.spec.containers,
    }


def server_changes(before: GameServer, after: GameServer) -> Attributes:
    """Return what of a server was written."""
    keys = before.spec.__struct_fields__
    changed = [key for key in keys if getattr(before.spec, key) != getattr(after.spec, key)]
    return {"specFields": changed, "metadataChanged": before.metadata != after.metadata}


def status_told(status: GameServerStatus) -> Attributes:
    """Return what a server tells of itself."""
    return {
        "currentState": status.current_state,
        "desiredState": status.desired_state,
        fields.NETWORK_DESIRED: status.network_status.desired_network_state,
        fields.NETWORK_CURRENT: status.network_status.current_network_state,
    }


def tell_end(span: Span, network: NetworkStatus, *, waits: bool) -> None:
    """Tell how the look ended; neither well nor badly while the network is waited for."""
    if span is NO_SPAN:
        return
    if not waits:
        span.succeed()
        return
    span.set({fields.REQUEUE: True})
    span.event(
        WAITING,
        {
            fields.NETWORK_DESIRED: network.desired_network_state,
            fields.NETWORK_CURRENT: network.current_network_state,
        },
    )
