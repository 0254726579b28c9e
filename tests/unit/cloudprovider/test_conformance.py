"""Every network type does what every network type must do."""

from okg.testing.network_conformance import NetworkConformance
from unit.cloudprovider.scenarios import SCENARIOS


class TestNetworks(NetworkConformance):
    """All network types of this distribution."""

    scenarios = SCENARIOS
