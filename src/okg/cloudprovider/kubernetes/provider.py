"""What every Kubernetes has, as a provider."""

from collections.abc import Iterator

from okg.cloudprovider.kubernetes.host_port import HostPort, host_ports
from okg.cloudprovider.kubernetes.ingress import IngressNetwork
from okg.cloudprovider.kubernetes.node_port import NodePort
from okg.cloudprovider.options import PoolOptions, broken, positive
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import Provider, ProviderOptions


class KubernetesOptions(ProviderOptions, frozen=True, kw_only=True):
    """Section ``kubernetes``.

    Attributes:
        hostport: ports of nodes, the last included.
    """

    hostport: PoolOptions = PoolOptions()

    def problems(self) -> Iterator[str]:
        """Return what makes no sense, as the Go manager judges it."""
        rises = self.hostport.max_port > self.hostport.min_port
        return broken(
            positive("hostport", self.hostport),
            (rises, "hostport.max_port must be greater than hostport.min_port"),
        )


class Kubernetes(Provider[KubernetesOptions]):
    """The network types that need no cloud."""

    def plugins(self, options: KubernetesOptions) -> Iterator[NetworkPlugin]:
        """Make the network types."""
        yield HostPort(host_ports(options.manager_namespace, options.hostport.inclusive()))
        yield NodePort()
        yield IngressNetwork()


provider = Kubernetes("Kubernetes", section="kubernetes", options=KubernetesOptions)
"""The provider."""
