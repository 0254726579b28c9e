"""What controllers may write to what users own: sets and game servers."""

from collections.abc import Iterator

from msgspec.structs import replace

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServer, GameServerSet
from okg.controllers import gameserver, gameserverset
from okg.workload.names import OPS_STATE, RESERVE_IDS, WORKLOAD_BACKEND
from okg.workload.native.record import record_name, record_of
from okg.workload.ordinals import ordinal_of, parse_ordinals
from unit.walk.scene import Scene, managed_by
from unit.walk.wire import Write

_OURS = {RESERVE_IDS, WORKLOAD_BACKEND}


def judge_set(
    scene: Scene, write: Write, before: GameServerSet, after: GameServerSet
) -> Iterator[str]:
    """Yield what must not be done to a set."""
    assert before.spec is not None
    assert after.spec is not None
    if scene.actor != gameserverset.NAME:
        yield "nobody else writes sets"
    if write.subresource == "status":
        return
    was, is_ = before.metadata.annotations, after.metadata.annotations
    foreign = {k for k in {*was, *is_} - _OURS if was.get(k) != is_.get(k)}
    if foreign or before.metadata.labels != after.metadata.labels:
        yield f"metadata of users was changed: {sorted(foreign)}"
    spec = replace(
        after.spec,
        replicas=before.spec.replicas,
        reserve_game_server_ids=before.spec.reserve_game_server_ids,
    )
    if spec != before.spec:
        yield "the spec was changed"
    killed = sum(
        pod.metadata.labels.get(OPS_STATE) == "Kill" for pod in scene.known_pods().values()
    )
    fewer = before.spec.replicas - after.spec.replicas
    if fewer and not 0 < fewer <= killed:
        yield f"{fewer} fewer replicas, {killed} were killed"
    keeps = before.spec.scale_strategy.scale_down_strategy_type == "ReserveIds"
    listed = before.spec.reserve_game_server_ids != after.spec.reserve_game_server_ids
    lost = _ids(before) - _ids(after)
    if listed and (lost or not keeps):
        yield f"the user's reserved ids were changed, {sorted(lost)} are free"


def judge_server(
    scene: Scene, before: GameServer | None, after: GameServer | None
) -> Iterator[str]:
    """Yield what must not be done to a game server."""
    if before is None:
        assert after is not None
        if scene.server.get(Pod, after.metadata.namespace, after.metadata.name) is None:
            return  # its pod went a moment ago: the garbage collector takes it along
    elif after is None or after.metadata.deletion_timestamp != before.metadata.deletion_timestamp:
        name = record_name(scene.request.name)
        record = scene.client.get(ConfigMap, scene.request.namespace, name)
        if record is None:
            return  # only the mark is left to go by
        managed = managed_by(record_of(record))
        if scene.actor != gameserver.NAME or ordinal_of(before.metadata.name) in managed:
            yield "a server was deleted that shall be"
    elif before.spec != after.spec:
        yield "the spec of a server was changed"


def _ids(gss: GameServerSet) -> frozenset[int]:
    assert gss.spec is not None
    return parse_ordinals(gss.spec.reserve_game_server_ids, "spec.reserveGameServerIds")
