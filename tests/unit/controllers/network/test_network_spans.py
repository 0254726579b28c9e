"""The calls of plugins about pods that we make ourselves, as parts of what led to them."""

from unit.controllers.network.network_cluster import NetworkCluster
from unit.recorded_spans import RecordedSpans, is_child

OPERATION = "game.kruise.io.plugin.operation"
COMPONENT = "game.kruise.io.component"


def test_the_network_of_a_new_pod_is_a_part_of_the_look_at_its_workload() -> None:
    cluster, spans = NetworkCluster(), RecordedSpans()

    with spans.tracer.root("reconcile workload", {}):
        cluster.reconcile()
        cluster.desk.join()

    told = spans.told("execute network plugin")
    assert (told[OPERATION], told[COMPONENT]) == ("create", "network-controller")
    assert is_child(spans.one("execute network plugin"), spans.one("reconcile workload"))


def test_the_network_of_a_pod_that_lives_is_a_part_of_the_look_at_it() -> None:
    cluster, spans = NetworkCluster(), RecordedSpans()
    cluster.make()

    with spans.tracer.root("reconcile network", {}):
        cluster.look()

    assert spans.told("execute network plugin")[OPERATION] == "update"
    assert is_child(spans.one("execute network plugin"), spans.one("reconcile network"))
