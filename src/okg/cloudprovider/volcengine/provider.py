"""Volcengine as a provider."""

from collections.abc import Iterator

from okg.cloudprovider.annotated import AnnotatedNetwork
from okg.cloudprovider.balanced import BalancedNetwork
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.options import PoolOptions, Rule, bounded, broken, positive
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.provider import Provider, ProviderOptions
from okg.cloudprovider.volcengine.clb import CLB
from okg.cloudprovider.volcengine.eip import EIP


class VolcengineOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``volcengine``.

    Attributes:
        clb: ports of classic load balancers, the last not included.
    """

    clb: PoolOptions = PoolOptions()

    def problems(self) -> Iterator[str]:
        """Return what makes no sense, as the Go manager judges it."""
        return broken(
            positive("clb", self.clb), bounded("clb", self.clb), _blocks_own("clb", self.clb)
        )


class Volcengine(Provider[VolcengineOptions]):
    """Volcengine's network types."""

    def plugins(self, options: VolcengineOptions) -> Iterator[NetworkPlugin]:
        """Make the network types."""
        allowed, place = options.clb.exclusive(), placed_by(CLB.id_keys)
        yield BalancedNetwork(
            CLB, Pool("volcengine-clb", options.manager_namespace, allowed, place)
        )
        yield AnnotatedNetwork(EIP)


def _blocks_own(key: str, pool: PoolOptions) -> Rule:
    """Return the rule that blocked ports are of the range, the first included."""
    holds = all(pool.min_port <= port < pool.max_port for port in pool.block_ports)
    return holds, f"{key}.block_ports must be from {key}.min_port to {key}.max_port - 1"


provider = Volcengine("Volcengine", section="volcengine", options=VolcengineOptions)
"""The provider."""
