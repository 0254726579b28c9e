"""Network plugins that the binary finds by their entry points (see `hooked.py`)."""

import threading

from msgspec.structs import replace

from okg.api.core import Pod
from okg.client.client import Client
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context

STATUS = "game.kruise.io/network-status"


class Net:
    """Gives every pod a network at once."""

    name = "Test-Net"
    alias = ""

    def init(self, ctx: Context, client: Client) -> None:
        pass

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        annotations = {**pod.metadata.annotations, STATUS: "{}"}
        return replace(pod, metadata=replace(pod.metadata, annotations=annotations))

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        return pod

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        pass


class Refusing(Net):
    """Has nothing to give."""

    name = "Test-Refusing"

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        raise PluginError(PluginErrorType.PARAMETER, "no port is free in 8000-8100")


class Slow(Net):
    """Asks a cloud that does not answer."""

    name = "Test-Slow"

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        threading.Event().wait(12)
        return super().on_pod_added(ctx, client, pod)
