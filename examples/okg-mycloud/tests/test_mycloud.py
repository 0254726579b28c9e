"""MyCloud's network type does what every network type must do."""

import pytest
from okg_mycloud import ID, LOAD_BALANCER, provider

from okg.api.service import LoadBalancerIngress
from okg.cloudprovider.options import InvalidOptions
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import Site
from okg.testing.cloud.balancing import Balancing
from okg.testing.network import SYSTEM, Scenario, entries
from okg.testing.network_conformance import NetworkConformance

SIX_PORTS = {"enable": True, "ports": {"min_port": 20000, "max_port": 20005}}

CONTROLLER = Balancing(
    name="load balancers of MyCloud",
    id_of=lambda service: service.metadata.annotations.get(ID, ""),
    hosts=lambda _, balancer: (LoadBalancerIngress(ip="192.0.2.1", hostname=balancer),),
).line()


def install() -> NetworkPlugin:
    [plugin] = provider.offered(SIX_PORTS, Site(SYSTEM))
    return plugin


class TestMyCloud(NetworkConformance):
    scenarios = (
        Scenario(
            name="MyCloud-LB",
            install=install,
            parameters=LOAD_BALANCER.parameters,
            conf=entries("BalancerIds=a", "PortProtocols=80/TCP,81/UDP"),
            cloud=(CONTROLLER,),
            other_ports=entries("BalancerIds=a", "PortProtocols=82/TCP"),
            fixed=entries("BalancerIds=a", "PortProtocols=80/TCP,81/UDP", "Fixed=true"),
            capacity=3,
            isolates=True,
            withdraws=True,
        ),
    )


def test_options_that_make_no_sense_are_told() -> None:
    options = {"enable": True, "ports": {"min_port": 0, "max_port": 70000}}

    with pytest.raises(InvalidOptions, match=r"ports\.min_port must be greater than 0"):
        provider.offered(options, Site(SYSTEM))
