"""Scene: what a controller can know at the moment of a write, for those who judge the write."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.controllers.indexes import BY_SET, set_key
from okg.runtime.reconcile import Request
from okg.testing.apiserver import FakeApiServer
from okg.workload.native.health import is_available, is_healthy
from okg.workload.native.history import revision_hash
from okg.workload.native.layout import replicas_of
from okg.workload.ordinals import belongs_to, ordinal_of, target_ordinals
from okg.workload.rolling_rules import Rules
from okg.workload.scaling import read_workload_reservations


class Scene(msgspec.Struct, frozen=True):
    """One pass of one controller.

    Attributes:
        actor: name of the controller.
        request: what the pass is about.
        client: reads what the controller knows.
        server: knows better.
        workload: what the set's record asked for when the pass began; None without a record.
        generations: of the set, those that were the latest since this manager leads.
        away: ids that did not serve when the pass began, as far as the controller knew.
        attempted: names of objects that the pass tried to write.
        now: the time.
    """

    actor: str
    request: Request
    client: Client
    server: FakeApiServer
    workload: AdvancedStatefulSet | None
    attempted: set[str]
    generations: frozenset[int]
    away: set[int]
    now: datetime

    @property
    def managed(self) -> frozenset[int]:
        """The ids that shall be."""
        return managed_by(self.workload)

    @property
    def rules(self) -> Rules:
        """How the set is updated."""
        assert self.workload is not None
        return Rules.of(self.workload.spec.update_strategy, replicas_of(self.workload))

    @property
    def newest(self) -> str:
        """Name of the revision of the set's template."""
        assert self.workload is not None
        return f"{self.request.name}-{revision_hash(self.workload.spec.template, 0)}"

    def known_pods(self, set_name: str = "") -> Mapping[int, Pod]:
        """Return the set's own pods by their ids, as far as the controller knows."""
        name = set_name or self.request.name
        key = set_key(self.request.namespace, name)
        return own_pods(self.client.list(Pod, index=(BY_SET, key)), self.gss_uid(name), name)

    def labelled_pods(self) -> Mapping[int, Pod]:
        """Return the pods that are the set's or will be, as far as the controller knows."""
        name = self.request.name
        pods = self.client.list(Pod, index=(BY_SET, set_key(self.request.namespace, name)))
        named = (pod for pod in pods if belongs_to(pod.metadata.name, name))
        return {ordinal_of(pod.metadata.name): pod for pod in named}

    def true_pods(self) -> Mapping[int, Pod]:
        """Return the set's own pods by their ids."""
        name = self.request.name
        pods = self.server.objects(Pod, self.request.namespace)
        return own_pods(pods, self.gss_uid(name), name)

    def gss_uid(self, name: str) -> str:
        """Return the uid of a set, empty if there is none."""
        gss = self.server.get(GameServerSet, self.request.namespace, name)
        return gss.metadata.uid if gss is not None else ""

    def serves(self, pod: Pod | None) -> bool:
        """Whether a pod counts as available."""
        assert self.workload is not None
        return pod is not None and is_healthy(pod) and is_available(pod, self.workload, self.now)


def own_pods(pods: Iterable[Pod], uid: str, name: str) -> Mapping[int, Pod]:
    """Return those of some pods that a set manages, by their ids."""
    return {
        ordinal_of(pod.metadata.name): pod
        for pod in pods
        if belongs_to(pod.metadata.name, name)
        and pod.metadata.controller is not None
        and pod.metadata.controller.uid == uid
    }


def managed_by(workload: AdvancedStatefulSet | None) -> frozenset[int]:
    """Return the ids that a workload asks for."""
    if workload is None:
        return frozenset()
    return target_ordinals(replicas_of(workload), read_workload_reservations(workload))
