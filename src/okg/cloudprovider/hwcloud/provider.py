"""Huawei Cloud as a provider."""

from collections.abc import Iterator

import msgspec

from okg.cloudprovider.annotated import AnnotatedNetwork
from okg.cloudprovider.balanced import BalancedNetwork
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.hwcloud.eip_cce import CCE_EIP
from okg.cloudprovider.hwcloud.elb import ELB
from okg.cloudprovider.hwcloud.elb_cce import CCE_ELB
from okg.cloudprovider.options import (
    PoolOptions,
    Rule,
    blocked_between,
    bounded,
    broken,
    positive,
)
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.provider import Provider, ProviderOptions

_MOST_LISTENERS = 200
"""How much higher than the first the last port may be, blocked ports not counted."""


class CceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Section ``hwcloud.cce``.

    Attributes:
        elb: ports of load balancers of the container engine, the last included.
    """

    elb: PoolOptions = PoolOptions()


class HwCloudOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``hwcloud``.

    Attributes:
        elb: ports of load balancers, the last included.
        cce: of the container engine.
    """

    elb: PoolOptions = PoolOptions()
    cce: CceOptions = CceOptions()

    def problems(self) -> Iterator[str]:
        """Return what makes no sense, as the Go manager judges it."""
        return broken(
            positive("elb", self.elb),
            bounded("elb", self.elb),
            blocked_between("elb", self.elb),
            _is_small("elb", self.elb),
            positive("cce.elb", self.cce.elb),
            bounded("cce.elb", self.cce.elb),
            blocked_between("cce.elb", self.cce.elb),
        )


class HwCloud(Provider[HwCloudOptions]):
    """Huawei Cloud's network types."""

    def plugins(self, options: HwCloudOptions) -> Iterator[NetworkPlugin]:
        """Make the network types; those of the container engine have ports of their own."""
        namespace = options.manager_namespace
        elb, cce = options.elb.inclusive(), options.cce.elb.inclusive()
        yield BalancedNetwork(ELB, Pool("hwcloud-elb", namespace, elb, placed_by(ELB.id_keys)))
        yield BalancedNetwork(
            CCE_ELB, Pool("hwcloud-cce-elb", namespace, cce, placed_by(CCE_ELB.id_keys))
        )
        yield AnnotatedNetwork(CCE_EIP)


def _is_small(key: str, pool: PoolOptions) -> Rule:
    """Return the rule that a load balancer can have all the ports."""
    holds = pool.max_port - pool.min_port - len(pool.block_ports) <= _MOST_LISTENERS
    return holds, (
        f"{key}.max_port - {key}.min_port, less the number of {key}.block_ports, must be at most"
        f" {_MOST_LISTENERS}"
    )


provider = HwCloud("HwCloud", section="hwcloud", options=HwCloudOptions)
"""The provider."""
