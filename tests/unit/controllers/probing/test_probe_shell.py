"""What starts a look at a pod, and what people are told."""

from datetime import timedelta

import structlog
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from okg.client.rest import ApiClient
from okg.context import Context
from okg.controllers.probing.complaints import SetComplaints
from okg.controllers.probing.conditions import ConditionWriter
from okg.controllers.probing.desk import Desk
from okg.controllers.probing.metrics import ProbeMetrics
from okg.controllers.probing.prober import Prober
from okg.controllers.probing.watches import qualities_changed, watches
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.workload.native.probing.book import Book, Outcome
from okg.workload.native.probing.schedule import Limits
from unit.controllers.memory import MemoryClient, MemoryRecorder
from unit.fleet import a_set
from unit.workload.native.probing.probed_pods import a_probed_pod, some_probes

PROBED = a_set({"serviceQualities": [{"name": "idle", "permanent": False}]})
OTHERWISE = a_set({"serviceQualities": [{"name": "full", "permanent": False}]})


def test_a_set_matters_when_it_is_probed_in_another_way() -> None:
    scaled = a_set({"serviceQualities": [{"name": "idle", "permanent": False}], "replicas": 9})
    again = replace(PROBED, metadata=replace(PROBED.metadata, uid="another"))

    assert qualities_changed(PROBED, OTHERWISE)
    assert qualities_changed(PROBED, again)
    assert qualities_changed(None, PROBED)
    assert qualities_changed(PROBED, None)
    assert not qualities_changed(PROBED, scaled)


def test_pods_and_sets_are_looked_at() -> None:
    kinds = [watch.resource.resource_type.kind for watch in watches(MemoryClient())]

    assert kinds == ["Pod", "GameServerSet"]


def test_the_same_is_told_of_a_set_every_five_minutes() -> None:
    recorder, clock = MemoryRecorder(), FakeClock()
    complain = SetComplaints(MemoryClient(PROBED), recorder, clock)

    complain("games/xxx", "no port")
    complain("games/xxx", "no port")
    complain("games/xxx", "no right")
    complain("games/gone", "no port")
    clock.advance(timedelta(minutes=5).total_seconds())
    complain("games/xxx", "no port")

    assert recorder.events == [
        "Warning NotProbed no port",
        "Warning NotProbed no right",
        "Warning NotProbed no port",
    ]


def test_it_is_told_when_periods_are_twice_as_long_as_they_should_be() -> None:
    clock, asked = FakeClock(), list[float]()
    desk = Desk(Book(Limits(), lambda: 0.0), clock)
    desk.see(a_probed_pod(), "games/xxx", some_probes())
    writer = ConditionWriter(ApiClient(FakeApiServer()), lambda: True)
    metrics = ProbeMetrics(CollectorRegistry(), desk, ["exec"])

    def run(*_: object) -> Outcome:
        """Let a minute go by before the next probe."""
        asked.append(clock.monotonic())
        clock.advance(63)
        desk.see(a_probed_pod(name=f"xxx-{len(asked)}"), "games/xxx", some_probes())
        if len(asked) == 4:
            desk.close()
        return Outcome(ok=True)

    with structlog.testing.capture_logs() as lines:
        prober = Prober(desk, run, writer, metrics, lambda *_: None, clock=clock)
        prober.probe(Context(structlog.get_logger(), clock=clock))

    assert len(asked) == 4
    assert [line["set"] for line in lines] == ["games/xxx", "games/xxx"]
    assert lines[0]["event"].startswith("probes fall behind")
