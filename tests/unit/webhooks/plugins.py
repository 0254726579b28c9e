"""Network plugins whose every answer a test decides."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec.structs import replace

from okg.api.core import Pod
from okg.client.client import Client
from okg.context import Context

Answer: TypeAlias = Callable[[Context, Pod], Pod]


def annotate(_ctx: Context, pod: Pod) -> Pod:
    """Write an annotation, as every plugin does."""
    annotations = {**pod.metadata.annotations, "game.kruise.io/network-status": "{}"}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


class ScriptedPlugin:
    """Answers what it is told to, and writes down what it was asked."""

    alias = ""

    def __init__(self, name: str = "Test-Net", answer: Answer = annotate) -> None:
        self.name = name
        self.calls: list[str] = []
        self._answer = answer

    def start(self, _ctx: Context, _client: Client) -> None:
        self.calls.append("start")

    def on_pod_added(self, ctx: Context, _client: Client, pod: Pod) -> Pod:
        self.calls.append(f"added {pod.metadata.name}")
        return self._answer(ctx, pod)

    def on_pod_updated(self, ctx: Context, _client: Client, pod: Pod) -> Pod:
        self.calls.append(f"updated {pod.metadata.name}")
        return self._answer(ctx, pod)

    def on_pod_deleted(self, ctx: Context, _client: Client, pod: Pod) -> None:
        self.calls.append(f"deleted {pod.metadata.name}")
        self._answer(ctx, pod)


class Ready(ScriptedPlugin):
    """What an entry point names: made without arguments."""

    def __init__(self) -> None:
        super().__init__("Test-Ready")
