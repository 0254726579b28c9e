"""A set that is scaled, edited, struck and restarted at any moment, against what it asks for."""

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from okg.errors import OkgError
from okg.testing.apiserver.faults import LoseAnswer, Refuse, Unreachable
from okg.workload.ordinals import format_ordinals, target_ordinals
from unit.controllers.workload.native_cluster import NativeCluster, template

IDS = st.frozensets(st.integers(0, 7), max_size=4)
POLICIES = st.sampled_from(["ReCreate", "InPlaceIfPossible"])
FAULTS = st.sampled_from([Refuse(status=500), Refuse(status=409), Unreachable(), LoseAnswer()])
VERBS = st.sampled_from(["create", "patch", "delete"])


class Servers(RuleBasedStateMachine):
    """A set, its controller and kubelets, none of which waits for another."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = NativeCluster({"replicas": 3})
        self.replicas = 3
        self.reserved: frozenset[int] = frozenset()
        self.images = 1
        self.partition = 0
        self.struck: set[str] = set()
        self.wanted_ever = {0, 1, 2}

    @property
    def targets(self) -> frozenset[int]:
        return target_ordinals(self.replicas, self.reserved)

    @rule(replicas=st.integers(0, 6), reserved=IDS)
    def scale(self, replicas: int, reserved: frozenset[int]) -> None:
        self.replicas, self.reserved = replicas, reserved
        self.wanted_ever |= self.targets
        self.cluster.edit(replicas=replicas, reserveOrdinals=list(format_ordinals(reserved)))

    @rule(policy=POLICIES, limit=st.integers(1, 3), partition=st.integers(0, 3))
    def change_strategy(self, policy: str, limit: int, partition: int) -> None:
        rolling = {"podUpdatePolicy": policy, "maxUnavailable": limit, "partition": partition}
        self.partition = partition
        strategy = {"type": "RollingUpdate", "rollingUpdate": rolling | {"unorderedUpdate": {}}}
        self.cluster.edit(updateStrategy=strategy)

    @rule()
    def change_image(self) -> None:
        self.images += 1
        self.cluster.edit(template=template(f"game:{self.images}"))

    @rule(number=st.integers(0, 7))
    def delete_by_hand(self, number: int) -> None:
        if number in self.cluster.pods:
            self.struck.add(self.cluster.pods[number].metadata.uid)
            self.cluster.delete_pod(number)

    @rule(number=st.integers(0, 7))
    def fail(self, number: int) -> None:
        if number in self.cluster.pods:
            self.struck.add(self.cluster.pods[number].metadata.uid)
            self.cluster.fail(number)

    @rule()
    def restart(self) -> None:
        self.cluster.restart()

    @rule()
    def run_kubelets(self) -> None:
        self.cluster.run_kubelets()

    @rule()
    def reconcile(self) -> None:
        """Nobody goes but who must: condemned, struck, or in the way of a new image."""
        before = {n: p for n, p in self.cluster.pods.items() if not p.metadata.deletion_timestamp}
        try:
            self.cluster.reconcile()
        except OkgError:
            assert self.faulty
        after = self.cluster.pods
        newest = f"game:{self.images}"
        for number, pod in before.items():
            stays = number in after and not after[number].metadata.deletion_timestamp
            outdated = pod.spec.containers[0].image != newest
            struck = pod.metadata.uid in self.struck
            assert stays or struck or outdated or number not in self.targets

    faulty = False

    @rule(fault=FAULTS, verb=VERBS, times=st.integers(1, 3))
    def strike(self, fault: Refuse | Unreachable | LoseAnswer, verb: str, times: int) -> None:
        """A pass among failures, and one without."""
        self.cluster.server.faults.inject(fault, verbs=[verb], times=times)
        self.faulty = True
        self.reconcile()
        self.faulty = False
        self.cluster.server.faults.clear()

    @rule()
    def settle(self) -> None:
        """Whatever happened before: when everybody has done, there is what was asked for."""
        for _ in range(60):
            before = self.cluster.server.revision
            self.cluster.reconcile()
            self.cluster.run_kubelets()
            if self.cluster.server.revision == before:
                break
        pods = self.cluster.pods
        status = self.cluster.status
        assert set(pods) == self.targets
        assert status.replicas == status.available_replicas == self.replicas
        assert not any(pod.metadata.deletion_timestamp for pod in pods.values())
        old = [image for image in self.cluster.images.values() if image != f"game:{self.images}"]
        assert len(old) <= self.partition

    @invariant()
    def nobody_is_made_who_was_never_asked_for(self) -> None:
        assert set(self.cluster.pods) <= self.wanted_ever


TestServers = Servers.TestCase
TestServers.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
