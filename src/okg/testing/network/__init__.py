"""A cluster in memory for network plugins: servers, nodes, the cloud's side and the replicas.

``Scenario`` says what a plugin has and how to make it; ``Stage`` is the cluster, which goes by
hand. ``okg.testing.network_conformance`` is what every plugin must pass.
"""

from okg.testing.network.replica import Killed, Replica, Wire
from okg.testing.network.scenario import Scenario, entries, reached_by_services
from okg.testing.network.stage import SYSTEM, Stage

__all__ = [
    "SYSTEM",
    "Killed",
    "Replica",
    "Scenario",
    "Stage",
    "Wire",
    "entries",
    "reached_by_services",
]
