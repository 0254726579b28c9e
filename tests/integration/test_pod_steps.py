"""The writes of an update in place, as a real API server takes them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import (
    Container,
    Namespace,
    Pod,
    PodCondition,
    PodReadinessGate,
    PodSpec,
    ResourceRequirements,
)
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import ObjectMeta
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.errors import Conflict
from okg.testing.controlplane import ControlPlane
from okg.testing.kubelet import running_status
from okg.workload.native.capability import InPlaceChange
from okg.workload.native.metadata_patch import MetadataPatch
from okg.workload.native.pod_refresh import refresh
from okg.workload.native.pod_step import PodStep
from okg.workload.native.pod_update import start_update

pytestmark = pytest.mark.integration

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STATE = "lifecycle.apps.kruise.io/state"
GATES = ("InPlaceUpdateReady", "KruisePodReady")
AMOUNTS = ResourceRequirements(limits={"cpu": "1", "memory": "64Mi"})
MORE = ResourceRequirements(limits={"cpu": "1500m"}, requests={"cpu": "1500m"})
CHANGE = InPlaceChange(
    images={"game": "game:2"},
    resources={"game": MORE},
    metadata=MetadataPatch(labels={"old": None, "new": "1"}),
)


@pytest.fixture
def api(local_control_plane: ControlPlane) -> ApiClient:
    return ApiClient(Urllib3Transport(connect(str(local_control_plane.kubeconfig))))


@pytest.fixture
def made(api: ApiClient) -> Pod:
    """Return a pod as the server has just stored it, its gates closed."""
    namespace = f"steps-{uuid4().hex[:8]}"
    api.create(Namespace(metadata=ObjectMeta(name=namespace)))
    return api.create(
        Pod(
            metadata=ObjectMeta(
                name="xxx-0",
                namespace=namespace,
                labels={"controller-revision-hash": "xxx-old", STATE: "Normal", "old": "1"},
            ),
            spec=PodSpec(
                node_name="node-1",
                containers=(Container(name="game", image="game:1", resources=AMOUNTS),),
                readiness_gates=tuple(PodReadinessGate(condition_type=kind) for kind in GATES),
            ),
        )
    )


@pytest.fixture
def pod(api: ApiClient, made: Pod) -> Pod:
    """Return a pod that runs on its node, its gates closed."""
    return report(api, made)


def report(api: ApiClient, pod: Pod) -> Pod:
    """Report a pod as its kubelet would, resources included."""
    status = running_status(pod, NOW)
    container = replace(status.container_statuses[0], resources=pod.spec.containers[0].resources)
    return api.patch(
        pod,
        replace(pod, status=replace(status, container_statuses=(container,))),
        subresource="status",
    )


def follow(api: ApiClient, pod: Pod, ask: Callable[[Pod], PodStep | None]) -> tuple[Pod, list[str]]:
    """Make one write after the other; return what is stored, and what was written to."""
    written: list[str] = []
    while (step := ask(pod)) is not None and step.after is not pod:
        pod = api.patch(pod, step.after, subresource=step.subresource, lock=step.lock)
        written.append(step.subresource)
    return pod, written


def a_workload(grace: int = 0) -> AdvancedStatefulSet:
    rolling = {"inPlaceUpdateStrategy": {"gracePeriodSeconds": grace}}
    document = {"spec": {"updateStrategy": {"rollingUpdate": rolling}}}
    return msgspec.json.decode(msgspec.json.encode(document), type=AdvancedStatefulSet)


def conditions(pod: Pod) -> dict[str, str]:
    return {c.type: c.status for c in pod.status.conditions if c.type in {"Ready", *GATES}}


def test_image_amounts_and_metadata_reach_a_running_pod(api: ApiClient, pod: Pod) -> None:
    workload = a_workload()
    opened, gates = follow(api, pod, lambda p: refresh(p, workload, "xxx-old", NOW))
    ready = report(api, opened)

    updated, writes = follow(
        api, ready, lambda p: start_update(p, workload, "xxx-new", CHANGE, NOW)
    )
    waiting, nothing = follow(api, updated, lambda p: refresh(p, workload, "xxx-new", NOW))
    led_in, last = follow(api, report(api, updated), lambda p: refresh(p, workload, "xxx-new", NOW))
    done, end = follow(api, report(api, led_in), lambda p: refresh(p, workload, "xxx-new", NOW))

    assert (gates, writes, nothing, last, end) == (
        ["status"],
        ["resize", "status", ""],
        [],
        ["status"],
        [""],
    )
    assert conditions(ready) == dict.fromkeys(("Ready", *GATES), "True")
    assert conditions(waiting) == {
        "Ready": "False",
        "InPlaceUpdateReady": "False",
        "KruisePodReady": "True",
    }
    assert updated.spec.containers == (
        Container(
            name="game",
            image="game:2",
            resources=ResourceRequirements(
                limits={"cpu": "1500m", "memory": "64Mi"},
                requests={"cpu": "1500m", "memory": "64Mi"},
            ),
        ),
    )
    assert updated.metadata.labels == {
        "controller-revision-hash": "xxx-new",
        STATE: "Updating",
        "new": "1",
    }
    assert done.metadata.labels[STATE] == "Normal"
    assert conditions(report(api, done)) == dict.fromkeys(("Ready", *GATES), "True")


def test_a_grace_period_ends_with_what_was_put_off(api: ApiClient, pod: Pod) -> None:
    workload = a_workload(grace=30)
    opened, _ = follow(api, pod, lambda p: refresh(p, workload, "xxx-old", NOW))
    ready = report(api, opened)

    waiting, writes = follow(
        api, ready, lambda p: start_update(p, workload, "xxx-new", CHANGE, NOW)
    )
    later = NOW + timedelta(seconds=30)
    updated, put_off = follow(api, waiting, lambda p: refresh(p, workload, "xxx-new", later))

    assert (writes, put_off) == (["status", ""], ["resize", ""])
    assert waiting.spec == ready.spec
    assert [c.image for c in updated.spec.containers] == ["game:2"]
    assert updated.metadata.labels.keys() == {"controller-revision-hash", STATE, "new"}


def test_the_gates_of_a_new_pod_are_opened_whatever_others_write_meanwhile(
    api: ApiClient, made: Pod
) -> None:
    theirs = PodCondition(type="game.kruise.io/probe", status="True", message="42")
    probed = replace(made, status=replace(made.status, conditions=(theirs,)))
    api.patch(made, probed, subresource="status")

    opened, _ = follow(api, made, lambda p: refresh(p, a_workload(), "xxx-old", NOW))

    assert opened.status.condition("game.kruise.io/probe") == theirs
    assert conditions(opened) == dict.fromkeys(GATES, "True")


def test_the_gates_of_another_pod_of_the_name_stay_closed(api: ApiClient, made: Pod) -> None:
    former = replace(made, metadata=replace(made.metadata, uid="another"))

    with pytest.raises(Conflict):
        follow(api, former, lambda p: refresh(p, a_workload(), "xxx-old", NOW))
