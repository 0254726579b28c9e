"""What the spans of reconciles tell, and what they have others know."""

import threading
from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.core import Node, Pod
from okg.api.game import GameServer
from okg.api.meta import ObjectMeta
from okg.api.resource import O, Object
from okg.cache.source import HandlerRegistry
from okg.context import Context
from okg.controllers.gameserver import GameServerReconciler
from okg.controllers.gameserverset import GameServerSetReconciler
from okg.controllers.spans import network_span, server_span, set_span, workload_span
from okg.controllers.workload.pool import WorkPool
from okg.errors import Conflict, Invalid
from okg.runtime.controller import Controller
from okg.runtime.reconcile import Reconciler, Request
from okg.telemetry.span_ids import add_span_ids
from okg.telemetry.tracing import NO_TRACER, Opening, Span, current_span
from okg.threads import ThreadGroup
from okg.workload.ownership import controlled_by
from okg.workload.statefulset import build_statefulset
from unit.controllers.memory import MemoryClient, MemoryRecorder, SetClock, noted
from unit.fleet import a_pod, a_server, a_set
from unit.recorded_spans import RecordedSpans, events_of, status_of

XXX = Request("games", "xxx")
XXX_0 = Request("games", "xxx-0")
NODE = Node(metadata=ObjectMeta(name="node-1"))
TRACE = "game.kruise.io/traceparent"
P = "game.kruise.io."


class Hooked(MemoryClient):
    """Takes the note of a trace off pods that are written, as the webhook does."""

    def __init__(self, *objects: Object, webhook: bool = True) -> None:
        super().__init__(*objects)
        self.notes: list[str] = []
        self._webhook = webhook

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        texts = dict(after.metadata.annotations)
        note = texts.pop(TRACE, "")
        if note:
            self.notes.append(note)
        if note and self._webhook:
            after = replace(after, metadata=replace(after.metadata, annotations=texts))
        return super().patch(before, after, subresource=subresource, lock=lock)


class NoInformers:
    def informer(self, kind: type[O]) -> HandlerRegistry[O]:
        raise AssertionError(kind)


class Failing:
    """A reconciler that fails always."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def reconcile(self, ctx: Context, request: Request) -> None:
        raise self._error


class Bench:
    """A controller and its spans."""

    def __init__(self, reconciler: Reconciler, span: Callable[[Request], Opening]) -> None:
        self.spans = RecordedSpans()
        self.controller = Controller("test", reconciler, [], span=span)
        self.controller.attach(NoInformers(), tracer=self.spans.tracer)

    def look(self, request: Request) -> None:
        self.controller.enqueue(request)
        with capture_logs():
            self.controller.work_once(Context())


def servers(client: MemoryClient) -> Bench:
    reconciler = GameServerReconciler(client, MemoryRecorder(), clock=SetClock())
    return Bench(reconciler, server_span)


def sets(client: MemoryClient) -> Bench:
    reconciler = GameServerSetReconciler(client, MemoryRecorder(), clock=SetClock())
    return Bench(reconciler, set_span)


def test_a_look_at_a_new_server_tells_what_it_made() -> None:
    bench = servers(Hooked(a_set(), NODE, a_pod()))

    bench.look(XXX_0)

    assert bench.spans.told("reconcile game_server") == {
        "k8s.namespace.name": "games",
        P + "game_server.namespace": "games",
        P + "game_server.name": "xxx-0",
        P + "game_server_set.name": "xxx",
        P + "game_server_set.namespace": "games",
        P + "reconcile.trigger": "create",
    }
    span = bench.spans.one("reconcile game_server")
    assert status_of(span) == ("OK", None)
    assert events_of(span) == [
        "gameserver.reconcile.gameserver_initialized",
        "gameserver.manager.patch_pod",
        "gameserver.manager.patch_status",
    ]
    [_, pod, status] = [dict(event.attributes or {}) for event in span.events]
    assert pod == {
        P + "pod.label_count": 6,
        P + "pod.annotation_count": 0,
        "containersUpdated": False,
    }
    assert status == {
        "currentState": "Ready",
        "desiredState": "Ready",
        P + "network.desired": "",
        P + "network.current": "",
    }


def test_a_change_of_a_server_tells_which_fields_an_action_set() -> None:
    quality = {
        "name": "idle",
        "containerName": "game",
        "permanent": False,
        "serviceQualityAction": [{"state": True, "opsState": "WaitToBeDeleted"}],
    }
    client = Hooked(a_set(), NODE, a_pod())
    bench = servers(client)
    bench.look(XXX_0)
    client.put(a_set({"serviceQualities": [quality]}))
    pod = client.get(Pod, "games", "xxx-0")
    assert pod is not None
    said = msgspec.convert(
        {"type": "game.kruise.io/idle", "status": "True"}, type(pod.status.conditions[0])
    )
    conditions = (*pod.status.conditions, said)
    client.put(replace(pod, status=replace(pod.status, conditions=conditions)))

    bench.look(XXX_0)

    span = bench.spans.all[-1]
    told = {event.name: dict(event.attributes or {}) for event in span.events}
    assert told["gameserver.manager.patch_gameserver"] == {
        "specFields": ("ops_state",),
        "metadataChanged": False,
    }
    assert dict(span.attributes or {})[P + "reconcile.trigger"] == "update"


def test_a_look_at_a_server_without_pod_tells_so_and_when_it_removes_it() -> None:
    server = a_server({"metadata": {"name": "xxx-0", "namespace": "games"}})
    client = Hooked(server)
    bench = servers(client)

    bench.look(XXX_0)

    told = bench.spans.told("reconcile game_server")
    assert told[P + "reconcile.trigger"] == "delete"
    assert told[P + "game_server_set.name"] == "xxx"
    assert status_of(bench.spans.one("reconcile game_server")) == ("UNSET", None)


def test_a_look_that_waits_for_a_network_says_what_for_and_has_no_outcome_yet() -> None:
    annotations = {"game.kruise.io/network-type": "Test-Net", "game.kruise.io/network-conf": "[]"}
    bench = servers(Hooked(a_set(), NODE, a_pod(annotations=annotations)))

    bench.look(XXX_0)

    span = bench.spans.one("reconcile game_server")
    assert bench.spans.told("reconcile game_server")[P + "reconcile.requeue"] is True
    assert status_of(span) == ("UNSET", None)
    waiting = span.events[-1]
    assert waiting.name == "gameserver.reconcile.wait_network_state"
    assert dict(waiting.attributes or {}) == {
        P + "network.desired": "Ready",
        P + "network.current": "NotReady",
    }


def test_a_pods_write_names_the_span_that_it_belongs_to() -> None:
    client = Hooked(a_set(), NODE, a_pod())
    bench = servers(client)

    bench.look(XXX_0)

    context = bench.spans.one("reconcile game_server").context
    assert client.notes == [f"00-{context.trace_id:032x}-{context.span_id:016x}-01"]


def test_no_pod_is_written_for_the_sake_of_its_trace() -> None:
    client = Hooked(a_set(), NODE, a_pod())
    bench = servers(client)
    bench.look(XXX_0)
    done = len(client.writes)

    bench.look(XXX_0)

    assert client.writes[done:] == []


def test_without_a_tracer_a_pods_write_names_no_span() -> None:
    client = Hooked(a_set(), NODE, a_pod())
    bench = servers(client)
    bench.controller.attach(NoInformers(), tracer=NO_TRACER)

    bench.look(XXX_0)

    assert "patch Pod xxx-0" in client.writes
    assert client.notes == []


def test_a_note_that_no_webhook_takes_off_is_taken_back_and_the_last() -> None:
    client = Hooked(a_set(), NODE, a_pod(), webhook=False)
    bench = servers(client)
    bench.look(XXX_0)
    first = client.get(Pod, "games", "xxx-0")
    changed = a_server({"spec": {"opsState": "Maintaining"}})
    stored = client.get(GameServer, "games", "xxx-0")
    assert stored is not None
    client.put(replace(stored, spec=changed.spec))

    bench.look(XXX_0)

    second = client.get(Pod, "games", "xxx-0")
    assert first is not None
    assert second is not None
    assert TRACE not in first.metadata.annotations
    assert second.metadata.labels["game.kruise.io/gs-opsState"] == "Maintaining"
    assert TRACE not in second.metadata.annotations
    assert len(client.notes) == 1


def test_a_pod_that_we_make_ourselves_gets_no_note() -> None:
    pod = a_pod()
    owner = controlled_by(a_set())
    native = replace(pod, metadata=replace(pod.metadata, owner_references=(owner,)))
    client = Hooked(a_set(), NODE, native)
    bench = servers(client)

    bench.look(XXX_0)

    assert "patch Pod xxx-0" in client.writes
    assert client.notes == []


def test_a_look_at_a_set_tells_what_it_did() -> None:
    gss = a_set()
    bench = sets(MemoryClient(gss))

    bench.look(XXX)

    assert bench.spans.told("reconcile game_server_set") == {
        "k8s.namespace.name": "games",
        P + "game_server_set.namespace": "games",
        P + "game_server_set.name": "xxx",
        P + "reconcile.trigger": "update",
        P + "reconcile.action": "create_statefulset",
    }
    assert status_of(bench.spans.one("reconcile game_server_set")) == ("OK", None)


@pytest.mark.parametrize(
    ("spec", "killed", "told"),
    [
        (
            {"replicas": 1},
            "None",
            {"reconcile.action": "scale_gameservers"},
        ),
        (
            {},
            "Kill",
            {"reconcile.action": "kill_gameservers", "replicas.old": 3, "replicas.new": 2},
        ),
        (
            {"gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "game:2"}]}}},
            "None",
            {"reconcile.action": "update_workload"},
        ),
        ({}, "None", {"pods.count": 3}),
    ],
)
def test_each_thing_that_is_done_has_its_name(
    spec: dict[str, object], killed: str, told: dict[str, object]
) -> None:
    workload = build_statefulset(a_set())
    pods = [a_pod("xxx-0"), a_pod("xxx-1"), a_pod("xxx-2", ops_state=killed)]
    bench = sets(MemoryClient(noted(a_set(spec)), workload, *pods))

    bench.look(XXX)

    expected = {P + key: value for key, value in told.items()}
    assert expected.items() <= bench.spans.told("reconcile game_server_set").items()
    assert status_of(bench.spans.one("reconcile game_server_set")) == ("OK", None)


def test_probes_that_openkruise_has_not_taken_note_of_are_told() -> None:
    probe = {"exec": {"command": ["true"]}}
    quality = {"name": "idle", "containerName": "game", "permanent": False, **probe}
    bench = sets(MemoryClient(noted(a_set({"serviceQualities": [quality]}))))

    bench.look(XXX)

    told = bench.spans.told("reconcile game_server_set")
    assert told[P + "pod_probe_marker.synced"] is False


def test_a_set_that_is_gone_is_told_so() -> None:
    bench = sets(MemoryClient())

    bench.look(XXX)

    assert bench.spans.told("reconcile game_server_set")[P + "reconcile.trigger"] == "delete"
    assert status_of(bench.spans.one("reconcile game_server_set")) == ("OK", None)


def test_a_lost_race_is_no_error() -> None:
    bench = Bench(Failing(Conflict(409, "Conflict", "changed")), set_span)

    bench.look(XXX)

    span = bench.spans.one("reconcile game_server_set")
    assert status_of(span) == ("UNSET", None)
    assert events_of(span) == ["reconcile.lost_race"]


def test_a_failure_is_an_error_with_its_words_in_the_exception() -> None:
    bench = Bench(Failing(Invalid(422, "Invalid", "no")), set_span)

    bench.look(XXX)

    span = bench.spans.one("reconcile game_server_set")
    assert status_of(span) == ("ERROR", "failed to reconcile")
    [event] = span.events
    assert event.attributes is not None
    assert event.attributes["exception.message"] == "422 Invalid: no"


def test_the_record_of_a_failure_has_the_ids_of_its_span() -> None:
    bench = Bench(Failing(Invalid(422, "Invalid", "no")), set_span)
    bench.controller.enqueue(XXX)

    with capture_logs(processors=[add_span_ids]) as lines:
        bench.controller.work_once(Context())

    context = bench.spans.one("reconcile game_server_set").context
    [line] = [line for line in lines if line["event"] == "reconcile failed"]
    assert line["trace_id"] == f"{context.trace_id:032x}"
    assert line["span_id"] == f"{context.span_id:016x}"


def test_looks_at_workloads_and_networks_have_names_of_our_own() -> None:
    assert workload_span(XXX).name == "reconcile workload"
    assert network_span(XXX_0).name == "reconcile network"


def test_helping_threads_work_within_the_span_of_whom_they_help() -> None:
    spans, pool, group = RecordedSpans(), WorkPool(1), ThreadGroup(Context())
    both = threading.Barrier(2)

    def look(_: int) -> Span:
        both.wait(30)
        return current_span()

    group.start("writer", pool.help)
    with spans.tracer.root("whole", {}) as whole:
        seen = pool.map(look, range(2))
    pool.close()
    group.join()

    assert list(seen) == [whole, whole]
