from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from okg.api.core import Container, Pod, ResourceRequirements
from okg.api.game import GameServer, GameServerContainer, GameServerSpec
from okg.errors import Invalid
from okg.workload.native.amounts import amounts_refused, with_server_amounts
from okg.workload.notices import Notice
from unit.workload.native.native_pods import a_server_pod

Amounts = Mapping[str, str]


def a_resized_pod(limits: Amounts, requests: Amounts) -> Pod:
    pod = a_server_pod()
    resources = ResourceRequirements(limits=limits, requests=requests)
    game = Container(name="game", image="game:1", resources=resources)
    return replace(pod, spec=replace(pod.spec, containers=(game, Container(name="side"))))


def asking(limits: Amounts, requests: Amounts) -> GameServer:
    resources = ResourceRequirements(limits=limits, requests=requests)
    return GameServer(
        spec=GameServerSpec(
            containers=(
                GameServerContainer(name="game", resources=resources),
                GameServerContainer(name="side", image="side:2"),
                GameServerContainer(name="gone", resources=resources),
            )
        )
    )


@pytest.mark.parametrize(
    ("has", "asks", "gets"),
    [
        pytest.param(
            ({"cpu": "1"}, {"cpu": "500m"}),
            ({"cpu": "2"}, {}),
            ({"cpu": "2"}, {"cpu": "500m"}),
            id="a limit alone",
        ),
        pytest.param(
            ({"cpu": "1"}, {"cpu": "1000m"}),
            ({"cpu": "2"}, {}),
            ({"cpu": "2"}, {"cpu": "2"}),
            id="a request as large as its limit follows",
        ),
        pytest.param(
            ({"cpu": "1"}, {"cpu": "1"}),
            ({"cpu": "2"}, {"cpu": "1500m"}),
            ({"cpu": "2"}, {"cpu": "1500m"}),
            id="a request that is named does not",
        ),
        pytest.param(
            ({"cpu": "1", "memory": "1Gi"}, {"x/gpu": "1"}),
            ({"x/gpu": "2"}, {"memory": "1Gi", "x/gpu": "2"}),
            ({"cpu": "1", "memory": "1Gi"}, {"memory": "1Gi", "x/gpu": "1"}),
            id="cpu and memory only",
        ),
    ],
)
def test_a_running_pod_gets_what_its_server_names_and_keeps_the_rest(
    has: tuple[Amounts, Amounts], asks: tuple[Amounts, Amounts], gets: tuple[Amounts, Amounts]
) -> None:
    assert with_server_amounts(a_resized_pod(*has), asking(*asks)) == a_resized_pod(*gets)


@pytest.mark.parametrize("server", [GameServer(), asking({"cpu": "1000m"}, {"memory": "1024Mi"})])
def test_a_pod_that_has_as_much_stays_the_very_same(server: GameServer) -> None:
    pod = a_resized_pod({"cpu": "1"}, {"memory": "1Gi"})

    assert with_server_amounts(pod, server) is pod


def test_a_refusal_names_the_field() -> None:
    assert amounts_refused(Invalid(422, "Invalid", "no")) == Notice(
        "InvalidResources",
        "spec.containers[].resources cannot be changed while the server runs: 422 Invalid: no",
        warning=True,
    )
