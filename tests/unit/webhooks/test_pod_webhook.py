"""What is changed in a pod of a game server before it is stored."""

import threading
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from okg.api.admission import AdmissionRequest, AdmissionResponse
from okg.api.core import Pod, ResourceRequirements
from okg.api.game import GameServer, GameServerContainer, GameServerSpec
from okg.api.meta import ObjectMeta
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.errors import Cancelled, ConnectFailed, Forbidden
from okg.testing.clock import FakeClock
from okg.webhooks.pod import PodWebhook
from unit.controllers.memory import MemoryClient, MemoryRecorder
from unit.webhooks.plugins import Answer, ScriptedPlugin

NETWORK = {"game.kruise.io/network-type": "Test-Net"}
STATUS = {
    "op": "add",
    "path": "/metadata/annotations/game.kruise.io~1network-status",
    "value": "{}",
}


def a_pod(annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return pod ``games/xxx-0`` as the API server sends it, with fields that nobody declares."""
    meta: dict[str, Any] = {
        "name": "xxx-0",
        "namespace": "games",
        "creationTimestamp": None,
        "labels": {"game.kruise.io/owner-gss": "xxx"},
    }
    if annotations is not None:
        meta["annotations"] = annotations
    containers = [
        {"name": "game", "image": "v1", "resources": {}, "aFieldOfTheFuture": 1},
        {"name": "side", "image": "v1"},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": containers, "anotherOne": {"deep": True}},
        "status": {},
    }


def a_request(
    operation: str, annotations: Mapping[str, str] | None = None, **fields: Any
) -> AdmissionRequest:
    pod = msgspec.Raw(msgspec.json.encode(a_pod(annotations)))
    given: dict[str, Any] = {"name": "xxx-0", "namespace": "games", "operation": operation}
    given["old_object" if operation == "DELETE" else "object"] = pod
    return AdmissionRequest(**(given | fields))


class Stage:
    """A webhook and what it sees and does."""

    def __init__(self, answer: Answer | None = None, *objects: GameServer) -> None:
        self.plugin = ScriptedPlugin(answer=answer) if answer else ScriptedPlugin()
        self.recorder = MemoryRecorder()
        self.started = True
        self.webhook = PodWebhook(
            MemoryClient(*objects),
            self.recorder,
            Registry([self.plugin]),
            started=lambda: self.started,
        )

    def ask(self, request: AdmissionRequest, ctx: Context | None = None) -> AdmissionResponse:
        return self.webhook.handle(ctx or Context(), request)


def _fail(error: Exception) -> Answer:
    def answer(_ctx: Context, _pod: Pod) -> Pod:
        raise error

    return answer


def test_a_pod_without_network_is_let_through_unchanged() -> None:
    answer = Stage().ask(a_request("CREATE", {"a": "b"}))

    assert answer.allowed
    assert answer.patch == ()


def test_a_new_pod_gets_the_image_and_resources_of_its_server() -> None:
    container = GameServerContainer(
        name="game", image="v2", resources=ResourceRequirements(limits={"cpu": 1})
    )
    server = GameServer(
        metadata=ObjectMeta(name="xxx-0", namespace="games"),
        spec=GameServerSpec(containers=(container,)),
    )

    answer = Stage(None, server).ask(a_request("CREATE"))

    assert answer.patch == (
        {"op": "replace", "path": "/spec/containers/0/image", "value": "v2"},
        {"op": "add", "path": "/spec/containers/0/resources/limits", "value": {"cpu": 1}},
    )


def test_an_update_does_not_bring_the_containers_of_the_server() -> None:
    container = GameServerContainer(name="game", image="v2")
    server = GameServer(
        metadata=ObjectMeta(name="xxx-0", namespace="games"),
        spec=GameServerSpec(containers=(container,)),
    )

    answer = Stage(None, server).ask(a_request("UPDATE"))

    assert answer.patch == ()


@pytest.mark.parametrize(
    ("operation", "call"), [("CREATE", "added xxx-0"), ("UPDATE", "updated xxx-0")]
)
def test_the_plugin_that_the_pod_names_says_what_the_pod_becomes(operation: str, call: str) -> None:
    stage = Stage()

    answer = stage.ask(a_request(operation, NETWORK))

    assert stage.plugin.calls == [call]
    assert answer.patch == (STATUS,)


def test_a_deletion_shows_the_plugin_the_pod_that_goes() -> None:
    stage = Stage()

    answer = stage.ask(a_request("DELETE", NETWORK))

    assert stage.plugin.calls == ["deleted xxx-0"]
    assert (answer.allowed, answer.message, answer.patch) == (True, "delete successfully", ())


def test_a_plugin_of_another_name_is_not_asked() -> None:
    stage = Stage()

    answer = stage.ask(a_request("CREATE", {"game.kruise.io/network-type": "Test-Nets"}))

    assert answer.allowed
    assert stage.plugin.calls == []


def test_a_dry_run_asks_no_plugin() -> None:
    stage = Stage()

    answer = stage.ask(a_request("CREATE", NETWORK, dry_run=True))

    assert answer.allowed
    assert stage.plugin.calls == []


@pytest.mark.parametrize("operation", ["CREATE", "UPDATE", "DELETE"])
def test_what_a_plugin_refuses_is_refused_in_its_words(operation: str) -> None:
    stage = Stage(_fail(PluginError(PluginErrorType.PARAMETER, "no port is free")))

    answer = stage.ask(a_request(operation, NETWORK))

    assert (answer.allowed, answer.code, answer.message) == (False, 403, "no port is free")
    assert stage.recorder.events == [
        f"Warning parameterError Failed to {operation} pod games/xxx-0 ,because of no port is free"
    ]


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (
            Forbidden(403, "Forbidden", "you shall not"),
            "apiCallError",
            "403 Forbidden: you shall not",
        ),
        (ConnectFailed("refused"), "apiCallError", "refused"),
        (KeyError("port"), "internalError", "plugin Test-Net failed: KeyError: 'port'"),
    ],
)
def test_any_failure_of_a_plugin_is_a_refusal(error: Exception, reason: str, message: str) -> None:
    stage = Stage(_fail(error))

    with capture_logs():
        answer = stage.ask(a_request("CREATE", NETWORK))

    assert (answer.allowed, answer.message) == (False, message)
    assert stage.recorder.events == [
        f"Warning {reason} Failed to CREATE pod games/xxx-0 ,because of {message}"
    ]


class Hanging:
    """A plugin's answer that does not come, while time flies."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.hold = threading.Event()
        self._clock = clock
        self._seconds = seconds

    def __call__(self, _ctx: Context, pod: Pod) -> Pod:
        self._clock.advance(self._seconds)
        self.hold.wait(30)
        return pod


@pytest.mark.parametrize(("waits", "takes"), [(10.0, 8.0), (30.0, 8.0), (5.0, 4.0)])
def test_a_slow_plugin_lets_the_pod_through_before_the_api_server_gives_up(
    waits: float, takes: float
) -> None:
    clock = FakeClock()
    hanging = Hanging(clock, takes)
    server = GameServer(
        metadata=ObjectMeta(name="xxx-0", namespace="games"),
        spec=GameServerSpec(containers=(GameServerContainer(name="game", image="v2"),)),
    )
    stage = Stage(hanging, server)

    with Context(clock=clock).deadline(waits) as ctx:
        answer = stage.ask(a_request("CREATE", NETWORK), ctx)
    hanging.hold.set()
    stage.webhook.join()

    assert answer.allowed
    assert answer.patch == ({"op": "replace", "path": "/spec/containers/0/image", "value": "v2"},)
    [event] = stage.recorder.events
    assert event == (
        "Warning MutatingTimeout"
        " Failed to CREATE pod games/xxx-0, because plugin Test-Net exec timed out"
    )


def test_a_request_that_is_cut_off_is_no_timeout_of_the_plugin() -> None:
    ctx, hold = Context(), threading.Event()

    def cut(_ctx: Context, pod: Pod) -> Pod:
        ctx.cancel()
        hold.wait(30)
        return pod

    stage = Stage(cut)

    with pytest.raises(Cancelled):
        stage.ask(a_request("CREATE", NETWORK), ctx)
    hold.set()
    stage.webhook.join()

    assert stage.recorder.events == []


@pytest.mark.parametrize(
    ("annotations", "operation"),
    [
        (
            {"game.kruise.io/traceparent": "00-a-b-01", "a": "b"},
            {"op": "remove", "path": "/metadata/annotations/game.kruise.io~1traceparent"},
        ),
        (
            {"game.kruise.io/traceparent": "00-a-b-01"},
            {"op": "remove", "path": "/metadata/annotations"},
        ),
    ],
)
def test_the_trace_of_a_write_is_not_stored(
    annotations: Mapping[str, str], operation: Mapping[str, str]
) -> None:
    answer = Stage().ask(a_request("UPDATE", annotations))

    assert answer.patch == (operation,)


def test_nobody_is_served_before_caches_and_plugins_are_ready() -> None:
    stage = Stage()
    stage.started = False

    answer = stage.ask(a_request("CREATE", NETWORK))

    assert (answer.allowed, answer.code) == (False, 503)
    assert stage.plugin.calls == []


def test_a_pod_that_cannot_be_read_is_refused() -> None:
    request = AdmissionRequest(operation="CREATE", object=msgspec.Raw(b'{"metadata": 1}'))

    answer = Stage().ask(request)

    assert (answer.allowed, answer.code) == (False, 500)
    assert "cannot decode the pod" in answer.message
