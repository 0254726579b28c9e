"""Servers with load balancers of Huawei's container engine, each its own or all on one."""

from okg.api.service import Service
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.testing.network import Stage, entries
from okg.testing.network.judge import complaints
from unit.cloudprovider.scenarios import SCENARIOS

ID = "kubernetes.io/elb.id"
OWN = "kubernetes.io/elb.autocreate={}"
PORTS = "PortProtocols=80/TCP"


def _stage(*lines: str) -> Stage:
    """Return a stage with one server."""
    scenario = next(it for it in SCENARIOS if it.name == "HwCloud-CCE-ELB")
    stage = Stage(scenario)
    stage.configure(entries(*lines))
    stage.scale(1)
    stage.settle()
    return stage


def _balancer(stage: Stage, ordinal: int) -> str:
    service = stage.server.get(Service, "games", f"gss-{ordinal}")
    assert service is not None
    return service.metadata.annotations[ID]


def test_a_server_stays_where_it_is_and_the_next_goes_to_what_is_configured() -> None:
    stage = _stage(f"{ID}=elb-a", PORTS)

    stage.configure(entries(f"{ID}=elb-b", PORTS))
    stage.settle()
    stage.scale(2)
    stage.settle()

    assert (_balancer(stage, 0), _balancer(stage, 1)) == ("elb-a", "elb-b")
    assert [stage.is_ready(0), stage.is_ready(1)] == [True, True]
    assert list(complaints(stage)) == []


def test_a_server_stays_on_the_load_balancer_that_was_made_for_it() -> None:
    stage = _stage(OWN, PORTS)
    made = _balancer(stage, 0)

    stage.configure(entries(f"{ID}=elb-b", PORTS))
    stage.settle()

    assert made != "elb-b"
    assert _balancer(stage, 0) == made
    assert stage.is_ready(0)


def test_more_ports_than_a_load_balancer_has_are_told_with_their_numbers() -> None:
    stage = _stage(OWN, "PortProtocols=1,2,3,4,5,6,7")

    failure = stage.failures["gss-0"]

    assert isinstance(failure, PluginError)
    assert failure.type is PluginErrorType.PARAMETER
    assert "no available ports: 7 wanted for games/gss-0, a new one has 6 free of 6" in str(failure)
