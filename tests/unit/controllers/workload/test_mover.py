"""Moves step by step, on a fake server that collects garbage."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.api.meta import ObjectMeta
from okg.api.resource import O
from okg.client.rest import ApiClient
from okg.controllers.workload.migration import Mover, Refused
from okg.errors import Forbidden
from okg.runtime.reconcile import Request
from okg.testing.apiserver import FakeApiServer
from okg.workload.native.record import is_held, record_name, record_of
from okg.workload.ownership import controlled_by
from okg.workload.statefulset import build_statefulset
from unit.controllers.memory import MemoryRecorder, SetClock
from unit.controllers.workload.native_cluster import ServedClient
from unit.fleet import a_set

XXX = Request("games", "xxx")
ASKED = a_set(annotations={"game.kruise.io/move-workload-to": "native"})


class Rehearsing:
    """Live reads, and an admission webhook that may have something against a deletion."""

    def __init__(self, api: ApiClient) -> None:
        self.refusal: Forbidden | None = None
        self._api = api

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        return self._api.get(kind, namespace, name)

    def list(self, kind: type[O], *, namespace: str = "", labels: str = "") -> Sequence[O]:
        return self._api.list(kind, namespace=namespace, labels=labels)

    def delete(
        self, obj: O, *, propagation: str = "Background", lock: bool = False, dry_run: bool = False
    ) -> O | None:
        assert (propagation, dry_run) == ("Orphan", True)
        if self.refusal is not None:
            raise self.refusal
        return obj


class Cluster:
    """Set ``games/xxx`` with a StatefulSet and the pod ``xxx-0`` of it."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.server = FakeApiServer()
        self.server.register(ControllerRevision.resource_type, subresources=())
        self.client = ServedClient(self.server)
        self.live = Rehearsing(self.client.api)
        self.recorder = MemoryRecorder()
        self.mover = Mover(self.client, self.live, self.recorder, clock=self.clock)
        self.gss = self.server.put(ASKED)
        built = replace(
            build_statefulset(self.gss), status=StatefulSetStatus(observed_generation=9)
        )
        self.server.put(built)
        self.add_pod("xxx-0")

    @property
    def statefulset(self) -> AdvancedStatefulSet | None:
        return self.server.get(AdvancedStatefulSet, "games", "xxx")

    @property
    def record(self) -> ConfigMap | None:
        return self.server.get(ConfigMap, "games", record_name("xxx"))

    @property
    def pod_owners(self) -> dict[str, list[str]]:
        pods = self.server.objects(Pod, "games")
        return {p.metadata.name: [o.kind for o in p.metadata.owner_references] for p in pods}

    def add_pod(self, name: str) -> None:
        assert self.statefulset is not None
        labels = {"game.kruise.io/owner-gss": "xxx"}
        owners = (controlled_by(self.statefulset),)
        meta = ObjectMeta(name=name, namespace="games", labels=labels, owner_references=owners)
        self.server.put(Pod(metadata=meta))

    def advance(self, times: int = 1) -> bool:
        """Make some steps; return whether the last one found something to do."""
        gss = self.server.get(GameServerSet, "games", "xxx")
        assert gss is not None
        found = [self.mover.advance(gss) for _ in range(times)]
        return found[-1] is not None


def test_a_set_moves_step_by_step_and_then_rests() -> None:
    cluster = Cluster()

    cluster.advance(times=6)

    assert cluster.statefulset is None
    assert cluster.record is not None
    assert not is_held(cluster.record)
    assert cluster.pod_owners == {"xxx-0": []}
    assert not cluster.advance()
    assert cluster.recorder.events == [
        "Normal MoveWorkload moving the servers from OpenKruise to okg",
        "Normal MoveWorkload moved: okg makes the servers from now on",
    ]


def test_a_pod_that_the_garbage_collector_did_not_know_of_outlives_the_statefulset() -> None:
    cluster = Cluster()
    cluster.advance(times=3)
    cluster.add_pod("xxx-1")

    cluster.advance()
    released = cluster.pod_owners
    cluster.advance(times=2)

    assert released == {"xxx-0": [], "xxx-1": []}
    assert cluster.statefulset is None
    assert set(cluster.pod_owners) == {"xxx-0", "xxx-1"}


def test_a_refused_deletion_is_said_in_the_words_of_who_refuses() -> None:
    cluster = Cluster()
    cluster.live.refusal = Forbidden(403, "Forbidden", "ask the games team first")

    with pytest.raises(Refused, match="cannot be deleted: ask the games team first"):
        cluster.advance()

    assert cluster.statefulset is not None
    assert cluster.statefulset.metadata.finalizers == ()
    assert cluster.record is None


def test_a_statefulset_that_changes_after_it_was_copied_is_copied_again() -> None:
    cluster = Cluster()
    cluster.advance(times=2)
    left = cluster.statefulset
    assert left is not None
    cluster.server.put(replace(left, spec=replace(left.spec, replicas=9)))

    cluster.advance()

    assert cluster.statefulset is not None
    assert cluster.statefulset.metadata.deletion_timestamp is None
    assert cluster.record is not None
    assert record_of(cluster.record).spec.replicas == 9


def test_a_set_that_is_deleted_on_the_way_holds_no_statefulset_back() -> None:
    cluster = Cluster()
    cluster.advance(times=3)

    cluster.mover.abandon(XXX)
    cluster.mover.abandon(XXX)

    assert cluster.statefulset is None


def test_a_request_that_is_taken_back_leaves_neither_guard_nor_record() -> None:
    cluster = Cluster()
    cluster.advance(times=2)
    cluster.server.put(replace(cluster.gss, metadata=a_set().metadata))

    cluster.advance()

    assert cluster.statefulset is not None
    assert cluster.statefulset.metadata.finalizers == ()
    assert cluster.record is None
    assert not cluster.advance()
