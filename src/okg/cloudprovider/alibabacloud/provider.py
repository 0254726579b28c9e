"""Alibaba Cloud as a provider."""

from collections.abc import Iterator

from okg.cloudprovider.alibabacloud.auto_network import AutoNetwork
from okg.cloudprovider.alibabacloud.auto_nlbs import AutoNlbs
from okg.cloudprovider.alibabacloud.auto_nlbs_v2 import AUTO_NLBS_V2
from okg.cloudprovider.alibabacloud.eip import EIP
from okg.cloudprovider.alibabacloud.marks import ID_KEYS
from okg.cloudprovider.alibabacloud.multi_nlbs import MULTI_NLBS
from okg.cloudprovider.alibabacloud.natgw import NATGW
from okg.cloudprovider.alibabacloud.nlb import NLB
from okg.cloudprovider.alibabacloud.nlb_shared import NLB_SHARED
from okg.cloudprovider.alibabacloud.places import places
from okg.cloudprovider.alibabacloud.shared import SharedNetwork
from okg.cloudprovider.alibabacloud.slb import SLB
from okg.cloudprovider.alibabacloud.slb_shared import MOST_PODS, SLB_SHARED
from okg.cloudprovider.annotated import AnnotatedNetwork
from okg.cloudprovider.balanced import BalancedNetwork
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.options import PoolOptions, Rule, blocked_between, broken, positive
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.provider import Provider, ProviderOptions

_MOST_LISTENERS = 200
"""Ports that a classic load balancer can have, one less of which may be given."""


class AlibabaCloudOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``alibabacloud``.

    Attributes:
        slb: ports of classic load balancers, the last included.
        nlb: ports of network load balancers, the last included.
    """

    slb: PoolOptions = PoolOptions()
    nlb: PoolOptions = PoolOptions()

    def problems(self) -> Iterator[str]:
        """Return what makes no sense, as the Go manager judges it."""
        return broken(
            positive("slb", self.slb),
            blocked_between("slb", self.slb),
            _is_small("slb", self.slb),
            positive("nlb", self.nlb),
            blocked_between("nlb", self.nlb),
        )


class AlibabaCloud(Provider[AlibabaCloudOptions]):
    """Alibaba Cloud's network types."""

    def plugins(self, options: AlibabaCloudOptions) -> Iterator[NetworkPlugin]:
        """Make the network types; those of network load balancers draw from one pool."""
        namespace, place = options.manager_namespace, placed_by(ID_KEYS)
        slb = Pool("alibabacloud-slb", namespace, options.slb.inclusive(), place)
        nlb = Pool("alibabacloud-nlb", namespace, options.nlb.inclusive(), place)
        yield BalancedNetwork(SLB, slb)
        yield BalancedNetwork(NLB, nlb)
        yield BalancedNetwork(MULTI_NLBS, nlb)
        yield AutoNlbs()
        yield AutoNetwork(AUTO_NLBS_V2)
        shared = places("alibabacloud-slb-shared", namespace, MOST_PODS)
        yield SharedNetwork(SLB_SHARED, shared)
        yield SharedNetwork(NLB_SHARED)
        yield AnnotatedNetwork(NATGW)
        yield AnnotatedNetwork(EIP)


def _is_small(key: str, pool: PoolOptions) -> Rule:
    """Return the rule that a load balancer can have all the ports."""
    holds = pool.max_port - pool.min_port - len(pool.block_ports) < _MOST_LISTENERS
    return holds, (
        f"{key}.max_port - {key}.min_port, less the number of {key}.block_ports, must be less than"
        f" {_MOST_LISTENERS}: take a smaller range or block a port"
    )


provider = AlibabaCloud("AlibabaCloud", section="alibabacloud", options=AlibabaCloudOptions)
"""The provider."""
