"""Amazon Web Services as a provider."""

from collections.abc import Iterator

from okg.api.elbv2 import TargetGroup
from okg.api.service import Service
from okg.cloudprovider.amazonswebservices.nlb import NlbNetwork
from okg.cloudprovider.amazonswebservices.objects import place
from okg.cloudprovider.options import PoolOptions, Rule, bounded, broken, positive
from okg.cloudprovider.plugin import NetworkPlugin, PluginErrorType
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.provider import Provider, ProviderOptions

_MOST_LISTENERS = 50
"""Ports that a load balancer can have (quotas of Elastic Load Balancing)."""


class AwsOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``aws``.

    Attributes:
        nlb: ports of network load balancers, the last included; none can be blocked.
    """

    nlb: PoolOptions = PoolOptions()

    def problems(self) -> Iterator[str]:
        """Return what makes no sense, as the Go manager judges it."""
        return broken(positive("nlb", self.nlb), bounded("nlb", self.nlb), _is_small(self.nlb))


class AmazonsWebServices(Provider[AwsOptions]):
    """The network types of AWS."""

    def plugins(self, options: AwsOptions) -> Iterator[NetworkPlugin]:
        """Make the network types."""
        yield NlbNetwork(
            Pool(
                "aws-nlb",
                options.manager_namespace,
                options.nlb.unblocked().inclusive(),
                place,
                kinds=(Service, TargetGroup),
                shortage=PluginErrorType.API_CALL,
            )
        )


def _is_small(pool: PoolOptions) -> Rule:
    """Return the rule that a load balancer can have all the ports."""
    holds = pool.max_port - pool.min_port + 1 <= _MOST_LISTENERS
    return holds, f"nlb.min_port to nlb.max_port must be at most {_MOST_LISTENERS} ports"


provider = AmazonsWebServices("AmazonsWebServices", section="aws", options=AwsOptions)
"""The provider; its name is spelled as it always was."""
