"""PortCollector: how full the pools of ports are, read when somebody asks."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from okg.cloudprovider.pool import Pool


class PortCollector(Collector):
    """Tells of pools what the objects of the cluster say.

    Args:
        is_asked: whether to tell at all; where it says no, there is not one series.
        pools: what there is.
    """

    def __init__(self, is_asked: Callable[[], bool], pools: Sequence[Pool]) -> None:
        self._is_asked = is_asked
        self._pools = pools

    def collect(self) -> Iterable[Metric]:
        """Return all metrics, or none."""
        if not self._is_asked():
            return
        size = GaugeMetricFamily(
            "okg_network_ports_size",
            "Ports of each load balancer of a pool that may be given.",
            labels=["pool"],
        )
        used = GaugeMetricFamily(
            "okg_network_ports_used",
            "Ports that may be given and are not free, of each load balancer that has such.",
            labels=["pool", "balancer"],
        )
        for pool in self._pools:
            size.add_metric([pool.name], pool.allowed.size)
            for balancer, count in pool.used().items():
                used.add_metric([pool.name, balancer], count)
        yield size
        yield used
