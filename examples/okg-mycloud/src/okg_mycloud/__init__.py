"""MyCloud as a provider: ports of its load balancers, which its cloud controller sets up."""

from collections.abc import Iterator

from okg.api.service import Service
from okg.cloudprovider.balanced import BalancedNetwork
from okg.cloudprovider.balancer import Balancer, Member, annotated, one_each, placed_by
from okg.cloudprovider.fingerprint import fingerprint
from okg.cloudprovider.grammar import ids, port_protocols
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.options import PoolOptions, bounded, broken, positive
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.provider import Provider, ProviderOptions
from okg.cloudprovider.service_parameters import FIXED

ID = "mycloud.example/balancer"
"""Annotation by which MyCloud's controller knows the load balancer of a Service."""

BALANCER_IDS = Parameter(
    name="BalancerIds",
    grammar=ids("ids of load balancers"),
    meaning="where servers get their ports",
    required=True,
)
PORT_PROTOCOLS = Parameter(
    name="PortProtocols",
    grammar=port_protocols("TCP", "UDP"),
    meaning="ports of the server",
    required=True,
)


def _dress(_: Conf, member: Member, service: Service) -> Service:
    return annotated(service, {ID: member.balancer})


LOAD_BALANCER = Balancer(
    name="MyCloud-LB",
    alias="LB-Network",
    parameters=Parameters(BALANCER_IDS, PORT_PROTOCOLS, FIXED, ALLOW_NOT_READY),
    id_keys=(ID,),
    groups=one_each(BALANCER_IDS),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=lambda conf: fingerprint(conf.entries()),
    dress=_dress,
)


class MyCloudOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``mycloud`` of the provider options."""

    ports: PoolOptions = PoolOptions(min_port=20000, max_port=20999)

    def problems(self) -> Iterator[str]:
        """Return what makes no sense."""
        return broken(positive("ports", self.ports), bounded("ports", self.ports))


class MyCloud(Provider[MyCloudOptions]):
    """The network types of MyCloud."""

    def plugins(self, options: MyCloudOptions) -> Iterator[NetworkPlugin]:
        """Make them."""
        allowed, place = options.ports.inclusive(), placed_by(LOAD_BALANCER.id_keys)
        pool = Pool("mycloud", options.manager_namespace, allowed, place)
        yield BalancedNetwork(LOAD_BALANCER, pool)


provider = MyCloud("MyCloud", section="mycloud", options=MyCloudOptions)
