"""What changes of a configuration do to Services on Huawei's load balancers."""

from okg.api.service import Service
from okg.testing.network import Stage, entries
from unit.cloudprovider.scenarios import SCENARIOS

CONF = ("ElbIds=elb-a", "PortProtocols=80/TCP")


def _reaches_at_once(stage: Stage) -> bool:
    """Whether the server is reached before it is ready."""
    service = stage.server.get(Service, "games", "gss-0")
    assert service is not None
    return service.spec.publish_not_ready_addresses


def test_servers_that_are_not_ready_are_reached_as_long_as_that_is_configured() -> None:
    [scenario] = [it for it in SCENARIOS if it.name == "HwCloud-ELB"]
    stage = Stage(scenario)
    stage.configure(entries(*CONF, "PublishNotReadyAddresses=true"))
    stage.scale(1)
    stage.settle()
    before = _reaches_at_once(stage)

    stage.configure(entries(*CONF))
    stage.settle()
    without = _reaches_at_once(stage)
    stage.configure(entries(*CONF, "PublishNotReadyAddresses=true"))
    stage.settle()

    assert [before, without, _reaches_at_once(stage)] == [True, False, True]
    assert stage.is_ready(0)
