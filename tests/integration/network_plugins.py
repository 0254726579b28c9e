"""Network plugins that the binary finds by their entry points (see `hooked.py`)."""

import threading
from contextlib import suppress

from msgspec.structs import replace

from okg.api.core import ConfigMap, Pod
from okg.api.meta import ObjectMeta
from okg.client.client import Client
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from okg.errors import AlreadyExists

STATUS = "game.kruise.io/network-status"


class Net:
    """Gives every pod a network at once."""

    name = "Test-Net"
    alias = ""

    def start(self, ctx: Context, client: Client) -> None:
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


class Recording(Net):
    """Makes a network once the pod has an address, and writes down what it took back."""

    name = "Test-Recording"

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        state = "Ready" if pod.status.pod_ip else "NotReady"
        annotations = {**pod.metadata.annotations, STATUS: f'{{"currentNetworkState":"{state}"}}'}
        return replace(pod, metadata=replace(pod.metadata, annotations=annotations))

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        meta = pod.metadata
        name = f"freed-{meta.name}-{meta.uid}"
        data = {"labels": str(dict(meta.labels)), "status": meta.annotations.get(STATUS, "")}
        with suppress(AlreadyExists):
            client.create(
                ConfigMap(metadata=ObjectMeta(name=name, namespace=meta.namespace), data=data)
            )
