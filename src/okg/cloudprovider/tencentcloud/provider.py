"""Tencent Cloud as a provider."""

from collections.abc import Iterator

from okg.cloudprovider.annotated import AnnotatedNetwork
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import Provider, ProviderOptions
from okg.cloudprovider.tencentcloud.clb import CLB


class TencentCloud(Provider[ProviderOptions]):
    """Tencent Cloud's network types."""

    def plugins(self, options: ProviderOptions) -> Iterator[NetworkPlugin]:
        """Make the network types; which ports there are, the cloud's operator decides."""
        del options
        yield AnnotatedNetwork(CLB)


provider = TencentCloud("TencentCloud", section="tencentcloud", options=ProviderOptions)
"""The provider."""
