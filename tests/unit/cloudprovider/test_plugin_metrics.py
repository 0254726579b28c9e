"""What is counted of the calls of plugins."""

import pytest
from prometheus_client import CollectorRegistry

from okg.api.core import Pod
from okg.api.meta import ObjectMeta
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.plugin_calls import PluginCalls
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.errors import Cancelled
from unit.controllers.memory import MemoryClient
from unit.webhooks.plugins import Answer, ScriptedPlugin, annotate

POD = Pod(metadata=ObjectMeta(name="lobby-0", namespace="games"))


def full(_ctx: Context, _pod: Pod) -> Pod:
    raise PluginError(PluginErrorType.PARAMETER, "no available ports")


def broken(_ctx: Context, _pod: Pod) -> Pod:
    raise ZeroDivisionError


def late(ctx: Context, _pod: Pod) -> Pod:
    ctx.cancel()
    raise Cancelled


def calls(answer: Answer, operation: Operation) -> CollectorRegistry:
    """Call a plugin once and return what was counted."""
    registry = CollectorRegistry()
    plugin = ScriptedPlugin(answer=answer)
    asking = PluginCalls(
        Registry([plugin]), MemoryClient(), component="test", metrics=PluginMetrics(registry)
    )
    asking.begin(Context(), plugin, operation, POD).exception()
    asking.join()
    return registry


@pytest.mark.parametrize(
    ("answer", "operation", "outcome"),
    [
        (annotate, Operation.CREATE, "success"),
        (annotate, Operation.DELETE, "success"),
        (full, Operation.UPDATE, "parameterError"),
        (broken, Operation.CREATE, "internalError"),
        (late, Operation.CREATE, "cancelled"),
    ],
)
def test_a_call_counts_by_what_happens_to_the_pod_and_by_outcome(
    answer: Answer, operation: Operation, outcome: str
) -> None:
    registry = calls(answer, operation)

    labels = {"plugin": "Test-Net", "operation": operation.value}
    name = "okg_network_plugin_calls_total"
    assert registry.get_sample_value(name, {**labels, "outcome": outcome}) == 1.0
    seconds = "okg_network_plugin_call_duration_seconds_count"
    assert registry.get_sample_value(seconds, labels) == 1.0
