"""Servers and sets as values, for tests of what is measured of them."""

from datetime import UTC, datetime, timedelta

from okg.api.game import (
    GameServer,
    GameServerCondition,
    GameServerSet,
    GameServerSetStatus,
    GameServerSpec,
    GameServerStatus,
    NetworkStatus,
)
from okg.api.meta import IntOrString, ObjectMeta

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return a time after the creation of all servers."""
    return CREATED + timedelta(seconds=seconds)


def a_server(
    name: str = "lobby-0",
    *,
    state: str = "",
    ops_state: str = "None",
    network: str = "",
    trouble: str = "",
    deletion: IntOrString | None = None,
    update: IntOrString | None = None,
    owner: str = "lobby",
    uid: str = "1",
) -> GameServer:
    """Return a server of namespace ``games``, created at CREATED."""
    return GameServer(
        metadata=ObjectMeta(
            name=name,
            namespace="games",
            uid=uid,
            creation_timestamp=CREATED,
            labels={"game.kruise.io/owner-gss": owner},
        ),
        spec=GameServerSpec(ops_state=ops_state),
        status=GameServerStatus(
            current_state=state,
            network_status=NetworkStatus(
                network_type="Kubernetes-HostPort" if network else "",
                current_network_state=network,
            ),
            conditions=_troubles(trouble),
            deletion_priority=deletion,
            update_priority=update,
        ),
    )


def _troubles(message: str) -> tuple[GameServerCondition, ...]:
    if not message:
        return ()
    return (
        GameServerCondition(
            type="NetworkNormal", status="False", reason="NetworkFailed", message=message
        ),
    )


def a_set(
    name: str = "lobby", *, maintaining: int | None = None, waiting: int | None = None
) -> GameServerSet:
    """Return a set of namespace ``games`` with 3 servers, 2 ready and 1 available."""
    return GameServerSet(
        metadata=ObjectMeta(name=name, namespace="games"),
        status=GameServerSetStatus(
            replicas=4,
            current_replicas=3,
            ready_replicas=2,
            available_replicas=1,
            updated_replicas=3,
            maintaining_replicas=maintaining,
            wait_to_be_deleted_replicas=waiting,
            pre_delete_replicas=1,
        ),
    )
