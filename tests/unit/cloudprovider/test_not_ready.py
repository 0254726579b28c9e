"""Connections that outlive an update in place."""

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import ContainerStatus, Pod, PodCondition, PodStatus
from okg.api.game import (
    GameServerSet,
    GameServerSetSpec,
    GameServerSetStatus,
    GameServerTemplate,
    Network,
)
from okg.api.meta import ObjectMeta
from okg.api.service import Service, ServiceSpec
from okg.cloudprovider.not_ready import ALLOW_NOT_READY, keep_connected, prepare
from okg.cloudprovider.parameters import Parameters
from unit.cloudprovider.golden import GSS, POD, conf_of
from unit.controllers.memory import MemoryClient

BLOCKER = "game.kruise.io/inplace-update-not-ready-blocker"
CONF = conf_of("AllowNotReadyContainers=game")
SPEC = GameServerSetSpec(
    replicas=1,
    game_server_template=GameServerTemplate(
        spec=msgspec.Raw(
            b'{"containers":[{"name":"game","image":"new"},{"name":"side","image":"1"}]}'
        )
    ),
    network=Network(network_conf=CONF),
)
SET = replace(GSS, spec=SPEC)


def _service(*, publishes: bool) -> Service:
    meta = ObjectMeta(name="gss-3", namespace="ns")
    return Service(metadata=meta, spec=ServiceSpec(publish_not_ready_addresses=publishes))


def _pod(state: str, image: str, *, ready: bool) -> Pod:
    labels = {**POD.metadata.labels, "lifecycle.apps.kruise.io/state": state}
    status = PodStatus(
        conditions=(PodCondition(type="Ready", status=str(ready)),),
        container_statuses=(
            ContainerStatus(name="game", image=image, image_id="", ready=ready, restart_count=0),
            ContainerStatus(name="side", image="0", image_id="", ready=ready, restart_count=0),
        ),
    )
    return replace(POD, metadata=replace(POD.metadata, labels=labels), status=status)


@pytest.mark.parametrize(
    ("state", "image", "ready", "before", "after", "label"),
    [
        ("PreparingUpdate", "old", True, False, True, None),
        ("PreparingUpdate", "old", True, True, True, "false"),
        ("PreparingUpdate", "new", True, False, False, "false"),
        ("Updating", "new", True, True, False, "true"),
        ("Updating", "new", False, True, True, "true"),
        ("Normal", "new", True, False, False, "true"),
    ],
)
def test_a_service_reaches_a_pod_from_before_its_update_until_it_is_ready_again(
    *, state: str, image: str, ready: bool, before: bool, after: bool, label: str | None
) -> None:
    prepared = prepare(_pod(state, image, ready=ready), _service(publishes=before), SET)

    assert prepared.service.spec.publish_not_ready_addresses is after
    assert prepared.pod.metadata.labels.get(BLOCKER) == label


@pytest.mark.parametrize(
    ("updated", "all_ready", "after"), [(2, True, False), (1, True, True), (2, False, True)]
)
def test_a_shared_service_reaches_all_until_the_whole_set_is_updated_and_ready(
    *, updated: int, all_ready: bool, after: bool
) -> None:
    status = GameServerSetStatus(
        replicas=2,
        ready_replicas=2,
        available_replicas=2,
        current_replicas=2,
        updated_replicas=updated,
    )
    peers = [_pod("Normal", "new", ready=True), _pod("Normal", "new", ready=all_ready)]

    prepared = prepare(peers[0], _service(publishes=True), replace(SET, status=status), peers)

    assert prepared.service.spec.publish_not_ready_addresses is after


def test_what_is_prepared_is_written() -> None:
    client = MemoryClient(SET)
    service = client.put(_service(publishes=False))
    pod = _pod("PreparingUpdate", "old", ready=True)

    keep_connected(client, Parameters(ALLOW_NOT_READY).read(CONF), pod, service)

    stored = client.get(Service, "ns", "gss-3")
    assert stored is not None
    assert stored.spec.publish_not_ready_addresses


def test_an_update_goes_on_at_once_if_no_container_is_named() -> None:
    conf = conf_of("AllowNotReadyContainers=")
    gss = replace(SET, spec=replace(SPEC, network=Network(network_conf=conf)))
    client = MemoryClient(gss)
    service = client.put(_service(publishes=False))
    pod = _pod("PreparingUpdate", "old", ready=True)

    kept = keep_connected(client, Parameters(ALLOW_NOT_READY).read(conf), pod, service)

    assert kept.pod.metadata.labels[BLOCKER] == "false"
    assert client.writes == []


@pytest.mark.parametrize(("sets", "lines"), [([SET], []), ([], ["AllowNotReadyContainers=game"])])
def test_nothing_is_prepared_unless_it_is_asked_for_by_a_set_that_is_there(
    sets: list[GameServerSet], lines: list[str]
) -> None:
    client = MemoryClient(*sets)
    service = client.put(_service(publishes=False))
    pod = _pod("PreparingUpdate", "old", ready=True)

    kept = keep_connected(client, Parameters(ALLOW_NOT_READY).read(conf_of(*lines)), pod, service)

    assert kept.pod is pod
    assert client.writes == []
