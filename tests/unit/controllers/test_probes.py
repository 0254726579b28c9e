"""The PodProbeMarker of a set: nothing happens before OpenKruise has taken note of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.api.game import GameServerSet
from okg.api.kruise import PodProbeMarker
from okg.api.meta import Condition
from okg.api.resource import Object
from okg.context import Context
from okg.controllers.gameserverset import GameServerSetReconciler
from okg.controllers.gameserverset.watches import acknowledgement_changed
from okg.errors import ApiError, BadRequest, Conflict, Forbidden
from okg.runtime.reconcile import Request, Result
from okg.workload.probe_marker import Markers, build_probe_marker, probes_hash
from okg.workload.rollout import find
from okg.workload.statefulset import build_statefulset
from unit.controllers.memory import MemoryClient, MemoryRecorder, SetClock, noted
from unit.fleet import NOW, a_set, pods

XXX = Request("games", "xxx")
IDLE: dict[str, object] = {
    "name": "idle",
    "containerName": "game",
    "permanent": False,
    "exec": {"command": ["true"]},
}
WITH_PROBES = a_set({"serviceQualities": [IDLE]})
EDITED = a_set({"serviceQualities": [{**IDLE, "periodSeconds": 9}]})


class Cluster:
    """A set and what belongs to it."""

    def __init__(self, *objects: Object, markers: Markers = Markers.USED) -> None:
        self.client = MemoryClient(*map(noted, objects))
        self.recorder = MemoryRecorder()
        self.result: Result | None = None
        self.reconciler = GameServerSetReconciler(
            self.client, self.recorder, clock=SetClock(), markers=markers
        )

    def reconcile(self) -> list[str]:
        """Run one pass and return the writes it made."""
        done = len(self.client.writes)
        self.result = self.reconciler.reconcile(Context(), XXX)
        return self.client.writes[done:]

    @property
    def marker(self) -> PodProbeMarker:
        return self.client.expect(PodProbeMarker, "games/xxx")

    @property
    def ready(self) -> Condition:
        gss = self.client.get(GameServerSet, "games", "xxx")
        assert gss is not None
        found = find(gss.status, "Ready")
        assert found is not None
        return found


def acknowledged(marker: PodProbeMarker, generation: int = 1) -> PodProbeMarker:
    return replace(
        marker,
        metadata=replace(marker.metadata, generation=generation),
        status=replace(marker.status, observed_generation=generation),
    )


def changed(marker: PodProbeMarker) -> PodProbeMarker:
    """Return the marker as a server stores it when its spec changed."""
    return replace(marker, metadata=replace(marker.metadata, generation=2))


KNOWN = acknowledged(build_probe_marker(WITH_PROBES))


def test_probes_come_first_and_the_rest_when_openkruise_knows_them() -> None:
    cluster = Cluster(WITH_PROBES)

    first = cluster.reconcile()
    told = cluster.ready.reason
    waiting = cluster.reconcile()
    cluster.client.put(acknowledged(cluster.marker))
    known = cluster.reconcile()

    assert first == ["create PodProbeMarker xxx", "patch GameServerSet/status xxx"]
    assert told == "WaitingForProbeMarker"
    assert waiting == []
    assert known == ["create StatefulSet xxx"]
    assert cluster.result is None
    assert cluster.recorder.events == [
        "Normal CreatePpm create PodProbeMarker",
        "Normal CreateWorkload created Advanced StatefulSet",
    ]


def test_a_set_that_waits_tells_its_counters_and_does_nothing_else() -> None:
    gss = a_set({"serviceQualities": [IDLE], "replicas": 1})
    unaware = changed(build_probe_marker(gss))
    cluster = Cluster(gss, unaware, build_statefulset(a_set()), *pods(0, 1, 2))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.reconcile() == []


def test_edited_probes_are_written_and_waited_for() -> None:
    cluster = Cluster(EDITED, KNOWN, build_statefulset(EDITED))
    cluster.client.put(changed(cluster.marker))

    writes = cluster.reconcile()

    assert writes == ["patch PodProbeMarker xxx", "patch GameServerSet/status xxx"]
    assert [probe.probe.period_seconds for probe in cluster.marker.spec.probes] == [9]
    assert cluster.recorder.events == ["Normal UpdatePpm update PodProbeMarker"]


def test_an_edit_that_changes_no_probe_is_not_waited_for() -> None:
    gss = a_set({"serviceQualities": [{**IDLE, "permanent": True}]})
    cluster = Cluster(gss, KNOWN)

    writes = cluster.reconcile()

    assert writes == ["patch PodProbeMarker xxx", "create StatefulSet xxx"]
    assert cluster.marker.metadata.annotations["game.kruise.io/ppm-hash"] == probes_hash(gss)


def test_probes_that_nobody_wants_any_more_are_removed_on_the_way() -> None:
    cluster = Cluster(a_set({"serviceQualities": []}), KNOWN)

    assert cluster.reconcile() == ["delete PodProbeMarker xxx", "create StatefulSet xxx"]


def test_a_marker_that_is_gone_already_is_as_good_as_deleted() -> None:
    cluster = Cluster(a_set(), KNOWN)
    cluster.client.lag(PodProbeMarker)
    cluster.client.remove(PodProbeMarker, "games/xxx")

    assert cluster.reconcile() == ["delete PodProbeMarker xxx", "create StatefulSet xxx"]


def test_the_marker_of_an_earlier_set_is_waited_for() -> None:
    earlier = replace(WITH_PROBES, metadata=replace(WITH_PROBES.metadata, uid="another"))
    leaving = replace(KNOWN, metadata=replace(KNOWN.metadata, deletion_timestamp=NOW))

    told = ["patch GameServerSet/status xxx"]
    assert Cluster(WITH_PROBES, acknowledged(build_probe_marker(earlier))).reconcile() == told
    assert Cluster(WITH_PROBES, leaving).reconcile() == told


def test_nothing_is_told_of_probes_that_lost_the_race() -> None:
    cluster = Cluster(EDITED, KNOWN)
    cluster.client.conflicts.add(PodProbeMarker)

    with pytest.raises(Conflict):
        cluster.reconcile()

    assert cluster.recorder.events == []


BAD = BadRequest(400, "BadRequest", "spec.probes: probe containerName can't be empty")
GATE = Forbidden(403, "Forbidden", "feature-gate PodProbeMarkerGate is not enabled")
AGAIN = Result(requeue_after=timedelta(minutes=5))


def test_probes_that_cannot_work_are_not_even_tried() -> None:
    cluster = Cluster(a_set({"serviceQualities": [{**IDLE, "containerName": ""}]}))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.ready.message.startswith("spec.serviceQualities[0].containerName: ")
    assert cluster.result is None


@pytest.mark.parametrize("error", [BAD, GATE])
def test_refused_probes_make_no_workload_and_are_told_in_the_servers_words(
    error: ApiError,
) -> None:
    cluster = Cluster(WITH_PROBES)
    cluster.client.refusals[PodProbeMarker] = error

    writes = cluster.reconcile()

    told = f"spec.serviceQualities: refused: {error.message}"
    assert writes == ["create PodProbeMarker xxx", "patch GameServerSet/status xxx"]
    assert cluster.ready.message == told
    assert cluster.recorder.events == [f"Warning InvalidSpec {told}"]
    assert cluster.result == AGAIN


def test_refused_probes_stop_no_scaling() -> None:
    gss = a_set({"serviceQualities": [IDLE], "replicas": 5})
    cluster = Cluster(gss, build_statefulset(WITH_PROBES), *pods(0, 1, 2))
    cluster.client.refusals[PodProbeMarker] = BAD

    assert cluster.reconcile() == ["create PodProbeMarker xxx", "patch StatefulSet xxx"]
    assert cluster.reconcile() == ["create PodProbeMarker xxx", "patch GameServerSet/status xxx"]
    assert cluster.result == AGAIN


def test_where_somebody_else_probes_nothing_waits_for_openkruise() -> None:
    absent = Cluster(WITH_PROBES, markers=Markers.ABSENT)
    unused = Cluster(WITH_PROBES, markers=Markers.UNUSED)

    assert absent.reconcile() == ["create StatefulSet xxx"]
    assert unused.reconcile() == ["create StatefulSet xxx"]


def test_a_marker_goes_where_somebody_else_probes_and_that_of_others_stays() -> None:
    foreign = replace(KNOWN, metadata=replace(KNOWN.metadata, annotations={}))

    ours = Cluster(WITH_PROBES, KNOWN, markers=Markers.UNUSED)
    theirs = Cluster(WITH_PROBES, foreign, markers=Markers.UNUSED)

    assert ours.reconcile() == ["delete PodProbeMarker xxx", "create StatefulSet xxx"]
    assert theirs.reconcile() == ["create StatefulSet xxx"]


def test_a_problem_of_a_waiting_set_is_told() -> None:
    gss = a_set({"serviceQualities": [IDLE], "reserveGameServerIds": ["9-2"]})
    cluster = Cluster(gss)

    cluster.reconcile()

    assert cluster.ready.message.startswith("spec.reserveGameServerIds[0]: ")


def test_a_marker_matters_when_it_comes_goes_or_is_acknowledged() -> None:
    unaware, aware = changed(KNOWN), acknowledged(KNOWN, 2)

    assert acknowledgement_changed(None, KNOWN)
    assert acknowledgement_changed(KNOWN, None)
    assert acknowledgement_changed(unaware, aware)
    assert not acknowledgement_changed(KNOWN, unaware)
