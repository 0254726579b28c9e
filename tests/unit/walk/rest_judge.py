"""What must hold of a set when nobody has done anything to it for long enough."""

from collections.abc import Iterator, Mapping

import msgspec

from okg.api.core import ConfigMap, PersistentVolumeClaim, Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.testing.apiserver import FakeApiServer
from okg.workload.names import (
    DELETION_PRIORITY,
    LIFECYCLE_NORMAL,
    LIFECYCLE_STATE,
    OPS_STATE,
    PREPARING_DELETE,
    PREPARING_UPDATE,
    RESERVE_IDS,
    REVISION,
    UPDATE_PRIORITY,
)
from okg.workload.native.health import is_in_service, is_ready, is_terminating
from okg.workload.native.history import revision_hash
from okg.workload.native.layout import replicas_of
from okg.workload.native.record import record_name, record_of
from okg.workload.native.rolling import SPECIFIED_DELETE
from okg.workload.native.storage import claim_names
from okg.workload.ordinals import format_text, ordinal_of, parse_ordinals
from okg.workload.rolling_rules import Rules
from unit.walk.scene import managed_by, own_pods


def rest_complaints(server: FakeApiServer, gss: GameServerSet) -> Iterator[str]:
    """Yield what is not as a set asks for, now that it had all the time."""
    meta = gss.metadata
    record = server.get(ConfigMap, meta.namespace, record_name(meta.name))
    if record is None:
        yield f"{meta.name}: no record"
        return
    workload = record_of(record)
    pods = own_pods(server.objects(Pod, meta.namespace), meta.uid, meta.name)
    servers = {
        ordinal_of(s.metadata.name): s
        for s in server.objects(GameServer, meta.namespace)
        if s.metadata.labels.get("game.kruise.io/owner-gss") == meta.name
    }
    claims = {c.metadata.name: c for c in server.objects(PersistentVolumeClaim, meta.namespace)}
    for words in (
        *_size_complaints(gss, workload, pods),
        *_pod_complaints(workload, pods),
        *_update_complaints(workload, pods),
        *_status_complaints(gss, workload, pods),
        *_server_complaints(gss, servers, pods),
        *_claim_complaints(gss, workload, pods, claims),
    ):
        yield f"{meta.name} at rest: {words}"


def _size_complaints(
    gss: GameServerSet, workload: AdvancedStatefulSet, pods: Mapping[int, Pod]
) -> Iterator[str]:
    assert gss.spec is not None
    managed = managed_by(workload)
    explicit = parse_ordinals(gss.spec.reserve_game_server_ids, "")
    if len(managed) != gss.spec.replicas or managed & explicit:
        yield f"{sorted(managed)} shall be, asked for {gss.spec.replicas} but {sorted(explicit)}"
    if pods.keys() != managed:
        yield f"{sorted(pods)} are, {sorted(managed)} shall be"
    if gss.metadata.annotations.get(RESERVE_IDS, "") != format_text(explicit):
        yield f"noted is {gss.metadata.annotations.get(RESERVE_IDS)}, listed {sorted(explicit)}"


def _pod_complaints(workload: AdvancedStatefulSet, pods: Mapping[int, Pod]) -> Iterator[str]:
    rules = Rules.of(workload.spec.update_strategy, replicas_of(workload))
    for id_, pod in pods.items():
        state = pod.metadata.labels.get(LIFECYCLE_STATE, LIFECYCLE_NORMAL)
        if state == PREPARING_UPDATE and (rules.paused or rules.on_delete or rules.partition):
            continue  # begun with, and then stopped
        if state == PREPARING_DELETE and SPECIFIED_DELETE in pod.metadata.labels and rules.paused:
            continue
        if is_terminating(pod) or not is_ready(pod) or state != LIFECYCLE_NORMAL:
            yield f"{id_} is {pod.status.phase} in {state}, ready {is_ready(pod)}"
        if pod.metadata.labels.get(OPS_STATE) == "Kill":
            yield f"{id_} was killed and lives"


def _update_complaints(workload: AdvancedStatefulSet, pods: Mapping[int, Pod]) -> Iterator[str]:
    rules = Rules.of(workload.spec.update_strategy, replicas_of(workload))
    newest = f"{workload.metadata.name}-{revision_hash(workload.spec.template, 0)}"
    old = {id_ for id_, pod in pods.items() if pod.metadata.labels.get(REVISION) != newest}
    stands = rules.on_delete or rules.paused
    if not stands and len(old) > rules.partition:
        yield f"{sorted(old)} are not updated, {rules.partition} may stay"
    image = _image(workload)
    wrong = {
        id_: pod.spec.containers[0].image
        for id_, pod in pods.items()
        if id_ not in old and pod.spec.containers[0].image != image
    }
    if wrong:
        yield f"of the newest revision, but not of image {image}: {wrong}"


def _status_complaints(
    gss: GameServerSet, workload: AdvancedStatefulSet, pods: Mapping[int, Pod]
) -> Iterator[str]:
    status, told = workload.status, gss.status
    newest = f"{workload.metadata.name}-{revision_hash(workload.spec.template, 0)}"
    updated = sum(pod.metadata.labels.get(REVISION) == newest for pod in pods.values())
    marks = [pod.metadata.labels.get(OPS_STATE) for pod in pods.values()]
    ready, many = sum(map(is_ready, pods.values())), len(pods)
    serving = sum(is_ready(pod) and is_in_service(pod) for pod in pods.values())
    counted = (
        status.observed_generation,
        status.replicas,
        status.ready_replicas,
        status.available_replicas,
        status.updated_replicas,
        status.conditions,
    )
    if counted != (workload.metadata.generation, many, ready, serving, updated, ()):
        yield f"the record's status is {status}"
    if told is None:
        yield "no status"
        return
    numbers = (
        told.observed_generation,
        told.replicas,
        told.current_replicas,
        told.ready_replicas,
        told.available_replicas,
        told.updated_replicas,
        told.maintaining_replicas or 0,
        told.wait_to_be_deleted_replicas or 0,
    )
    wanted = (
        gss.metadata.generation,
        many,
        many,
        ready,
        serving,
        updated,
        marks.count("Maintaining"),
        marks.count("WaitToBeDeleted"),
    )
    if numbers != wanted:
        yield f"the status says {numbers}, it is {wanted}"


def _server_complaints(
    gss: GameServerSet, servers: Mapping[int, GameServer], pods: Mapping[int, Pod]
) -> Iterator[str]:
    assert gss.spec is not None
    if servers.keys() != pods.keys():
        yield f"servers {sorted(servers)} for pods {sorted(pods)}"
    for id_ in servers.keys() & pods.keys():
        server, labels = servers[id_], pods[id_].metadata.labels
        spec, follows = server.spec, (OPS_STATE, UPDATE_PRIORITY, DELETION_PRIORITY)
        asked = (spec.ops_state, str(spec.update_priority), str(spec.deletion_priority))
        if tuple(labels.get(key) for key in follows) != asked:
            yield f"the pod of {id_} does not follow {asked}"
        state = server.status.current_state
        held = labels.get(LIFECYCLE_STATE) in {PREPARING_DELETE, PREPARING_UPDATE}
        if state != "Ready" and not held:
            yield f"server {id_} is {server.status.current_state}"


def _claim_complaints(
    gss: GameServerSet,
    workload: AdvancedStatefulSet,
    pods: Mapping[int, Pod],
    claims: Mapping[str, PersistentVolumeClaim],
) -> Iterator[str]:
    policy = workload.spec.persistent_volume_claim_retention_policy
    goes_with_set = policy is not None and policy.when_deleted == "Delete"
    for id_, pod in pods.items():
        for name in claim_names(workload, id_):
            claim = claims.get(name)
            owners = {o.uid for o in claim.metadata.owner_references} if claim else set[str]()
            if pod.metadata.uid in owners:
                yield f"claim {name} goes with a pod that stays"
            if claim is not None and (gss.metadata.uid in owners) != goes_with_set:
                yield f"claim {name} is owned by {owners}"


def _image(workload: AdvancedStatefulSet) -> str:
    template = msgspec.json.decode(bytes(workload.spec.template))
    return str(template["spec"]["containers"][0]["image"])
