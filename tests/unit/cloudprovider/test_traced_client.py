"""The spans of what network plugins write."""

import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap, Pod
from okg.api.meta import ObjectMeta
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin_calls import PluginCalls
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.traced_client import TracedClient
from okg.context import Context
from okg.errors import Conflict, NotFound
from unit.controllers.memory import MemoryClient
from unit.recorded_spans import RecordedSpans, is_child, status_of
from unit.webhooks.plugins import ScriptedPlugin

SERVICE = Service(metadata=ObjectMeta(name="xxx-0", namespace="games"))
PLUGIN = {"game.kruise.io.network.plugin.name": "kubernetes_nodeport"}


class Stage:
    """A client of a plugin within a span."""

    def __init__(self, *objects: Service) -> None:
        self.spans = RecordedSpans()
        self.memory = MemoryClient(*objects)
        self.client: Client = TracedClient(self.memory, "nodeport", PLUGIN)


def test_each_write_is_a_span_that_names_network_and_kind() -> None:
    stage = Stage()

    with stage.spans.tracer.root("whole", {}):
        made = stage.client.create(SERVICE)
        changed = stage.client.patch(made, replace(made, metadata=_labelled(made)))
        stage.client.delete(changed)
        stage.client.create_from(SERVICE, Service)

    assert stage.spans.names == [
        "create nodeport service",
        "patch nodeport service",
        "delete nodeport service",
        "create nodeport service",
        "whole",
    ]
    assert stage.spans.told("patch nodeport service") == {
        **PLUGIN,
        "game.kruise.io.object.key": "games/xxx-0",
    }
    assert status_of(stage.spans.one("patch nodeport service")) == ("OK", None)
    assert stage.memory.writes == [
        "create Service xxx-0",
        "patch Service xxx-0",
        "delete Service xxx-0",
        "create Service xxx-0",
    ]


def _labelled(service: Service) -> ObjectMeta:
    return replace(service.metadata, labels={"a": "b"})


def test_reads_and_patches_without_a_difference_are_no_spans() -> None:
    stage = Stage(SERVICE)

    with stage.spans.tracer.root("whole", {}):
        found = stage.client.get(Service, "games", "xxx-0")
        assert found is not None
        assert stage.client.list(Service, namespace="games") == [found]
        assert stage.client.count(Pod, index=("set", "games/xxx")) == 0
        assert stage.client.patch(found, found) is found

    assert stage.spans.names == ["whole"]


def test_a_write_that_is_refused_is_an_error_and_still_raises() -> None:
    stage = Stage(SERVICE)
    stage.memory.conflicts.add(Service)
    found = stage.client.get(Service, "games", "xxx-0")
    assert found is not None

    with stage.spans.tracer.root("whole", {}), pytest.raises(Conflict):
        stage.client.patch(found, replace(found, metadata=_labelled(found)))
    with stage.spans.tracer.root("whole", {}), pytest.raises(NotFound):
        stage.client.delete(ConfigMap(metadata=ObjectMeta(name="none", namespace="games")))

    assert status_of(stage.spans.one("patch nodeport service")) == (
        "ERROR",
        "409 Conflict: games/xxx-0",
    )
    assert status_of(stage.spans.one("delete nodeport configmap"))[0] == "ERROR"


class Making(ScriptedPlugin):
    """Makes a Service for each pod."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        client.create(SERVICE)
        return pod


def test_a_plugin_that_is_called_within_a_span_has_such_a_client() -> None:
    spans = RecordedSpans()
    plugin = Making("AlibabaCloud-NLB")
    calls = PluginCalls(Registry([plugin]), MemoryClient(), component="webhook")

    with spans.tracer.root("whole", {}):
        calls.call(Context(), plugin, Operation.CREATE, Pod(metadata=SERVICE.metadata))
    calls.join()

    assert spans.names == ["create nlb service", "execute network plugin", "whole"]
    assert is_child(spans.one("create nlb service"), spans.one("execute network plugin"))


def test_outside_of_spans_a_plugin_has_the_client_as_it_is() -> None:
    seen: list[Client] = []

    class Looking(ScriptedPlugin):
        def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
            seen.append(client)
            return pod

    plugin, memory = Looking(), MemoryClient()
    calls = PluginCalls(Registry([plugin]), memory, component="webhook")

    calls.call(Context(), plugin, Operation.CREATE, Pod(metadata=SERVICE.metadata))
    calls.join()

    assert seen == [memory]
