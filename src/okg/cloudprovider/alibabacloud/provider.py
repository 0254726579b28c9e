"""Alibaba Cloud as a provider."""

from collections.abc import Sequence

import msgspec

from okg.cloudprovider.alibabacloud.nlb import NLB
from okg.cloudprovider.alibabacloud.slb import SLB
from okg.cloudprovider.balanced import balanced
from okg.cloudprovider.options import PoolOptions, Section, decode, require
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import Provider, Site

_MOST_LISTENERS = 200
"""Ports that a classic load balancer can have, one less of which may be given."""

_TOO_MANY = (
    "slb.max_port - slb.min_port, less the number of slb.block_ports, must be less than"
    f" {_MOST_LISTENERS}: take a smaller range or block a port"
)


class Options(msgspec.Struct, frozen=True):
    """Section ``alibabacloud``."""

    slb: PoolOptions = PoolOptions()
    nlb: PoolOptions = PoolOptions()


def networks(section: Section, site: Site) -> Sequence[NetworkPlugin]:
    """Return the network types.

    Raises:
        InvalidOptions: a range makes no sense.
    """
    options = decode(section, Options, "alibabacloud")
    slb, nlb = options.slb, options.nlb
    require(
        "alibabacloud",
        [
            (slb.min_port > 0, "slb.min_port must be greater than 0"),
            (nlb.min_port > 0, "nlb.min_port must be greater than 0"),
            (_within(slb), "slb.block_ports must lie between slb.min_port and slb.max_port"),
            (_within(nlb), "nlb.block_ports must lie between nlb.min_port and nlb.max_port"),
            (slb.max_port - slb.min_port - len(slb.block_ports) < _MOST_LISTENERS, _TOO_MANY),
        ],
    )
    return [balanced(SLB, slb.inclusive(), site), balanced(NLB, nlb.inclusive(), site)]


def _within(pool: PoolOptions) -> bool:
    return all(pool.min_port < port < pool.max_port for port in pool.block_ports)


PROVIDER = Provider(name="AlibabaCloud", section="alibabacloud", networks=networks)
"""The provider."""
