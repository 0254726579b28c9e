"""JD Cloud as a provider."""

from collections.abc import Iterator

from okg.cloudprovider.annotated import AnnotatedNetwork
from okg.cloudprovider.balanced import BalancedNetwork
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.jdcloud.eip import EIP
from okg.cloudprovider.jdcloud.nlb import NLB
from okg.cloudprovider.options import PoolOptions, bounded, broken, positive
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.provider import Provider, ProviderOptions


class JdcloudOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``jdcloud``.

    Attributes:
        nlb: ports of network load balancers, the last not included; none can be blocked.
    """

    nlb: PoolOptions = PoolOptions()

    def problems(self) -> Iterator[str]:
        """Return what makes no sense, as the Go manager judges it."""
        return broken(positive("nlb", self.nlb), bounded("nlb", self.nlb))


class Jdcloud(Provider[JdcloudOptions]):
    """JD Cloud's network types."""

    def plugins(self, options: JdcloudOptions) -> Iterator[NetworkPlugin]:
        """Make the network types."""
        allowed = options.nlb.unblocked().exclusive()
        place = placed_by(NLB.id_keys)
        yield BalancedNetwork(NLB, Pool("jdcloud-nlb", options.manager_namespace, allowed, place))
        yield AnnotatedNetwork(EIP)


provider = Jdcloud("Jdcloud", section="jdcloud", options=JdcloudOptions)
"""The provider."""
