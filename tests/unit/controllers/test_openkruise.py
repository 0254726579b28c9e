"""Who gets new sets, on servers where OpenKruise answers in many ways or in none."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from okg.api.coordination import Lease, LeaseSpec
from okg.api.core import Namespace
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import ObjectMeta
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse
from okg.context import Context
from okg.controllers.backends import Backends, KruiseBackend, NativeBackend, WorkloadBackend
from okg.controllers.gameserverset import GameServerSetReconciler
from okg.controllers.openkruise import NewSets, OpenKruise
from okg.errors import TimedOut
from okg.runtime.reconcile import Request
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.workload.backend_choice import BackendName
from unit.controllers.memory import MemoryClient, MemoryRecorder, SetClock
from unit.fleet import NOW, a_set

KRUISE, NATIVE = BackendName.KRUISE, BackendName.NATIVE


class Answering(FakeApiServer):
    """A server with a lease or without, that gives one answer to every rehearsed creation."""

    def __init__(self, answer: HttpResponse | TimedOut, *, renewed: bool = False) -> None:
        super().__init__()
        self.answer = answer
        self.asked = 0
        self.put(Namespace(metadata=ObjectMeta(name="kruise-system")))
        if renewed:
            self.put(_lease("2025-01-02T03:04:05.000000Z"))

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return super().send(request)
        assert request.query == {"dryRun": "All"}
        self.asked += 1
        if isinstance(self.answer, TimedOut):
            raise self.answer
        return self.answer


def _lease(renewed_at: str) -> Lease:
    spec = LeaseSpec(holder_identity="m", lease_duration_seconds=15, renew_time=renewed_at)
    return Lease(metadata=ObjectMeta(name="kruise-manager", namespace="kruise-system"), spec=spec)


def refusal(status: int) -> HttpResponse:
    return HttpResponse(status=status, body=b'{"kind":"Status","message":"no"}')


def stored(**spec: object) -> HttpResponse:
    body = {"kind": "StatefulSet", "metadata": {"name": "a"}, "spec": spec}
    return HttpResponse(status=201, body=msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("make", "alive"),
    [
        (lambda: Answering(stored(revisionHistoryLimit=10)), True),
        (lambda: Answering(stored()), False),
        (lambda: Answering(refusal(500)), False),
        (lambda: Answering(TimedOut("slow")), False),
        (lambda: Answering(refusal(404)), False),
        (lambda: Answering(refusal(403)), True),
        (lambda: Answering(refusal(422)), True),
        (lambda: Answering(refusal(500), renewed=True), True),
    ],
)
def test_a_lease_or_a_completed_answer_is_a_sign_of_life(
    make: Callable[[], Answering], *, alive: bool
) -> None:
    openkruise = OpenKruise(ApiClient(make()), clock=FakeClock(NOW))

    assert openkruise.is_alive("games") is alive


def test_openkruise_is_asked_once_in_a_while() -> None:
    server, clock = Answering(stored(revisionHistoryLimit=10)), FakeClock(NOW)
    openkruise = OpenKruise(ApiClient(server), clock=clock)

    openkruise.is_alive("games")
    openkruise.is_alive("games")
    clock.advance(5)
    openkruise.is_alive("games")

    assert server.asked == 2


def test_a_new_set_waits_a_minute_for_a_silent_openkruise() -> None:
    server, clock = Answering(refusal(500)), FakeClock(NOW)
    new_sets = NewSets(OpenKruise(ApiClient(server), clock=clock), native=True)

    first = new_sets(a_set())
    clock.advance(59)
    second = new_sets(a_set())
    clock.advance(1)
    third = new_sets(a_set())
    server.answer = stored(revisionHistoryLimit=10)
    clock.advance(5)

    assert (first, second, third) == (None, None, NATIVE)
    assert new_sets(a_set()) is KRUISE


def test_a_manager_that_makes_no_pods_leaves_every_set_to_openkruise() -> None:
    server = Answering(refusal(500))
    new_sets = NewSets(OpenKruise(ApiClient(server), clock=FakeClock(NOW)), native=False)

    assert new_sets(a_set()) is KRUISE
    assert server.asked == 0


class Cluster:
    """Set ``games/xxx`` where both back ends are, and nobody knows who gets new sets."""

    def __init__(self) -> None:
        self.client = MemoryClient(a_set())
        self.recorder = MemoryRecorder()
        self.prospect: BackendName | None = None
        served: dict[BackendName, WorkloadBackend] = {
            KRUISE: KruiseBackend(self.client),
            NATIVE: NativeBackend(self.client),
        }
        self.reconciler = GameServerSetReconciler(
            self.client,
            self.recorder,
            clock=SetClock(),
            backends=Backends(served, lambda _: self.prospect),
        )

    def reconcile(self) -> timedelta | None:
        result = self.reconciler.reconcile(Context(), Request("games", "xxx"))
        return result.requeue_after if result else None


def test_a_set_that_has_to_wait_says_so_and_is_looked_at_again() -> None:
    cluster = Cluster()

    waits = cluster.reconcile()

    assert waits == timedelta(seconds=5)
    assert cluster.client.writes == []
    assert cluster.recorder.events[0].startswith(
        "Warning WaitingForOpenKruise OpenKruise is installed and does not answer"
    )


def test_a_set_that_was_begun_without_openkruise_stays_so_when_it_comes_back() -> None:
    cluster = Cluster()
    cluster.prospect = NATIVE
    cluster.reconcile()
    cluster.prospect = KRUISE

    cluster.reconcile()
    cluster.reconcile()

    assert cluster.client.get(AdvancedStatefulSet, "games", "xxx") is None
    assert cluster.client.writes == [
        "patch GameServerSet xxx",
        "create ConfigMap xxx-workload",
        "patch GameServerSet/status xxx",
    ]


def test_a_set_whose_statefulset_was_lost_gets_another_one_whatever_the_default() -> None:
    cluster = Cluster()
    cluster.prospect = KRUISE
    cluster.reconcile()
    cluster.prospect = NATIVE
    cluster.client.remove(AdvancedStatefulSet, "games/xxx")

    cluster.reconcile()

    assert cluster.client.writes[-1] == "create StatefulSet xxx"
