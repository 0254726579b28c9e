"""A server's own containers at the creation of its pod."""

import msgspec
from msgspec.structs import replace

from okg.api.admitted import AdmittedContainer, AdmittedPod, AdmittedPodSpec
from okg.api.core import ResourceRequirements
from okg.api.game import GameServer, GameServerContainer, GameServerSpec
from okg.workload.container_overrides import override_containers


def _pod(*containers: AdmittedContainer) -> AdmittedPod:
    return AdmittedPod(spec=AdmittedPodSpec(containers=containers))


def _server(*containers: GameServerContainer) -> GameServer:
    return GameServer(spec=GameServerSpec(containers=containers))


A = AdmittedContainer(
    name="a",
    image="v1",
    resources=ResourceRequirements(requests={"cpu": "500m", "memory": "2Gi"}),
)
B = AdmittedContainer(name="b", image="v1")


def test_each_container_takes_what_its_override_names_and_keeps_the_rest() -> None:
    override = GameServerContainer(
        name="a",
        image="v2",
        resources=ResourceRequirements(requests={"memory": "2Gi"}, limits={"cpu": 1}),
    )

    wanted = override_containers(_pod(A, B), _server(override))

    expected = ResourceRequirements(requests={"cpu": "500m", "memory": "2Gi"}, limits={"cpu": 1})
    assert wanted.spec.containers == (replace(A, image="v2", resources=expected), B)


def test_an_override_without_an_image_keeps_that_of_the_pod() -> None:
    override = GameServerContainer(name="b", resources=ResourceRequirements(limits={"memory": 5}))

    wanted = override_containers(_pod(A, B), _server(override))

    expected = ResourceRequirements(limits={"memory": 5})
    assert wanted.spec.containers == (A, replace(B, resources=expected))


def test_only_cpu_and_memory_are_overridden() -> None:
    override = GameServerContainer(
        name="a",
        resources=msgspec.convert(
            {"limits": {"nvidia.com/gpu": 1}, "claims": [{"name": "gpu"}]}, ResourceRequirements
        ),
    )
    pod = _pod(A)

    assert override_containers(pod, _server(override)) is pod


def test_an_override_of_no_container_of_the_pod_changes_nothing() -> None:
    pod = _pod(A, B)

    assert override_containers(pod, _server(GameServerContainer(name="c", image="v2"))) is pod
