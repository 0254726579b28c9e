"""What is done when a dry run is not answered with an object; the rest needs a real server."""

import json
from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.apps import ControllerRevision, RevisionData, RevisionSpec
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.client.patch import Json
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse
from okg.cmd.plan import plan, plan_all
from okg.cmd.plan_reading import Comparison, compare, read_live, read_stored
from okg.errors import ConfigError, ServerError
from okg.testing.apiserver import FakeApiServer
from okg.workload.in_place import template_changes
from okg.workload.native.record import to_config_map
from okg.workload.plan import LiveSet
from okg.workload.statefulset import build_statefulset
from unit.fleet import a_pod, a_set

MANIFEST: Mapping[str, Json] = {
    "apiVersion": "game.kruise.io/v1alpha1",
    "kind": "GameServerSet",
    "metadata": {"name": "xxx", "namespace": "games"},
    "spec": {
        "replicas": 2,
        "gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "game:2"}]}},
    },
}


class RefusesDryRuns(FakeApiServer):
    """A server that refuses every dry run, and so is never written to."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__()
        self.register(ControllerRevision.resource_type)
        self.answer = HttpResponse(
            status=status, body=json.dumps({"code": status, "message": message}).encode()
        )

    def send(self, request: HttpRequest) -> HttpResponse:
        return self.answer if "dryRun" in request.query else super().send(request)

    def play(self) -> None:
        """Keep set ``xxx`` with two servers."""
        stored = self.put(a_set({"replicas": 2}))
        self.put(build_statefulset(stored))
        self.put(a_pod("xxx-0"))
        self.put(a_pod("xxx-1"))


CANNOT = 'gameserversets is forbidden: User "dev" cannot patch resource'


def test_without_the_right_to_a_dry_run_the_plan_is_made_unchecked() -> None:
    server = RefusesDryRuns(403, CANNOT)
    server.play()

    found = plan(ApiClient(server), MANIFEST)

    assert [(step.action, step.id) for step in found.steps] == [("recreate", 1), ("recreate", 0)]
    assert found.notes == (
        f"not checked by the API server, so defaults and refusals may be missing: {CANNOT}",
        f"not checked by OpenKruise, so defaults and refusals may be missing: {CANNOT}",
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, 'admission webhook "vgameserverset.kb.io" denied the request: no such network'),
        (422, "spec.replicas: Invalid value"),
        (400, 'strict decoding error: unknown field "spec.x"'),
        (404, 'namespaces "games" not found'),
    ],
)
def test_what_the_server_refuses_is_not_planned(status: int, message: str) -> None:
    server = RefusesDryRuns(status, message)
    server.play()

    found = plan(ApiClient(server), MANIFEST)

    assert found.refusal == message
    assert found.steps == ()


def test_a_webhook_that_cannot_be_asked_dry_leaves_the_plan_unchecked() -> None:
    message = 'admission webhook "x" does not support dry run'
    found = plan(ApiClient(RefusesDryRuns(400, message)), MANIFEST)

    assert [(step.action, step.id) for step in found.steps] == [("come", 0), ("come", 1)]
    assert found.notes == (
        f"not checked by the API server, so defaults and refusals may be missing: {message}",
    )


def test_a_server_that_fails_is_no_refusal() -> None:
    with pytest.raises(ServerError):
        plan(ApiClient(RefusesDryRuns(500, "broken")), MANIFEST)


def a_revision(name: str, template: msgspec.Raw) -> ControllerRevision:
    return ControllerRevision(
        metadata=ObjectMeta(
            name=name, namespace="games", labels={"game.kruise.io/owner-gss": "xxx"}
        ),
        data=RevisionData(spec=RevisionSpec(template=template)),
    )


def a_fleet(server: FakeApiServer, newest: msgspec.Raw) -> LiveSet:
    """Keep a workload whose newest revision is ``newest``, with an older one."""
    server.register(ControllerRevision.resource_type)
    gss = server.put(a_set())
    workload = build_statefulset(gss)
    status = replace(workload.status, update_revision="xxx-2")
    workload = server.put(replace(workload, status=status))
    server.put(a_revision("xxx-1", msgspec.Raw(b'{"spec":{}}')))
    server.put(a_revision("xxx-2", newest))
    return LiveSet(gss=gss, workload=workload)


def test_pods_are_compared_by_the_revisions_that_are_stored() -> None:
    server = FakeApiServer()
    template = build_statefulset(a_set()).spec.template
    live = a_fleet(server, template)

    found = compare(ApiClient(server), a_set(), live)

    assert found.templates is not None
    assert set(found.templates.of_revisions) == {"xxx-1", "xxx-2"}
    assert not template_changes(found.templates.target, template)


def test_revisions_that_do_not_match_the_workload_are_not_trusted() -> None:
    server = FakeApiServer()
    live = a_fleet(server, msgspec.Raw(b'{"spec":{"nodeName":"other"}}'))

    found = compare(ApiClient(server), a_set(), live)

    assert found.templates is not None
    assert set(found.templates.of_revisions) == {"xxx-2"}


class WithoutOpenKruise(RefusesDryRuns):
    """A server with set ``xxx``, whose pods the manager makes.

    Args:
        status: of what it answers when it is asked what it serves.
        names: what it serves then.
    """

    def __init__(self, status: int = 200, *names: str) -> None:
        super().__init__(403, CANNOT)
        resources = {"resources": [{"name": name} for name in names], "message": "not for you"}
        self.discovery = HttpResponse(status=status, body=json.dumps(resources).encode())
        self.gss = self.put(a_set())
        workload = build_statefulset(self.gss)
        self.put(to_config_map(workload, self.gss))
        self.put(a_revision("xxx-1", workload.spec.template))
        self.put(a_pod("xxx-0", labels={"controller-revision-hash": "xxx-1"}))

    def send(self, request: HttpRequest) -> HttpResponse:
        return self.discovery if request.path == "/api/v1" else super().send(request)

    def compare(self) -> Comparison:
        """Compare the set with itself."""
        api = ApiClient(self)
        live = read_live(api, "games", read_stored(api, "games", "xxx"))
        return compare(api, self.gss, live)


def test_a_set_without_openkruise_is_planned_by_its_record() -> None:
    found = plan(ApiClient(WithoutOpenKruise()), MANIFEST)

    assert [(step.action, step.id) for step in found.steps] == [("come", 1), ("recreate", 0)]
    assert found.notes == (
        f"not checked by the API server, so defaults and refusals may be missing: {CANNOT}",
    )


def test_the_server_is_asked_whether_it_gives_new_amounts_to_running_pods() -> None:
    served = WithoutOpenKruise(200, "pods", "pods/resize").compare().templates
    not_served = WithoutOpenKruise(200, "pods").compare().templates

    assert served is not None
    assert not_served is not None
    assert (served.native, served.resizing) == (True, True)
    assert (not_served.native, not_served.resizing) == (True, False)


def test_where_the_server_does_not_say_so_the_plan_does() -> None:
    found = plan(ApiClient(WithoutOpenKruise(403)), MANIFEST)

    assert [(step.action, step.id) for step in found.steps] == [("come", 1), ("recreate", 0)]
    assert found.notes[1].startswith(
        "new amounts of cpu and memory count as new pods, but reach running ones where the API"
        " server serves pods/resize; it does not say: 403"
    )


def test_nothing_is_stored() -> None:
    server = RefusesDryRuns(403, CANNOT)
    server.play()
    before = server.revision

    plan(ApiClient(server), MANIFEST)

    assert server.revision == before
    assert len(server.objects(GameServerSet)) == 1


def test_a_set_that_nests_too_deeply_is_one_line() -> None:
    server = RefusesDryRuns(200, "")
    server.answer = HttpResponse(
        status=200, body=b'{"spec":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    )

    with pytest.raises(ConfigError, match="GameServerSet"):
        plan_all(ApiClient(server), [MANIFEST])


def test_a_failure_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"500 .*broken"):
        plan_all(ApiClient(RefusesDryRuns(500, "broken")), [MANIFEST])


def test_a_set_without_a_spec_is_left_alone() -> None:
    server = RefusesDryRuns(403, CANNOT)
    server.put(replace(a_set(), spec=None))
    server.put(build_statefulset(a_set()))
    bare = {key: value for key, value in MANIFEST.items() if key != "spec"}

    found = plan(ApiClient(server), bare)

    assert found.notes == ("the set has no spec, so nothing is done about it",)


def test_a_set_that_had_no_spec_is_planned() -> None:
    server = RefusesDryRuns(403, CANNOT)
    server.put(replace(a_set(), spec=None))
    server.put(build_statefulset(a_set({"replicas": 2})))
    server.put(a_pod("xxx-0"))

    found = plan(ApiClient(server), MANIFEST)

    assert ("come", 1) in [(step.action, step.id) for step in found.steps]
