"""Giving back load balancers and addresses of a set that is gone.

In an order: the cloud controller takes the listeners of a Service off its load balancer before it
lets the Service go, and never lets it go if that is gone already. So Services come first, which the
garbage collector removes; then load balancers, then the addresses that they had. Owner references
would take all at a time.

The Go manager held pods by a finalizer for that. No new pod gets one; who has it is let go at once.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, Nlb
from okg.api.core import Pod
from okg.api.resource import O
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.auto_growth import mark
from okg.cloudprovider.alibabacloud.auto_pool import EIP_SET, NLB_SET, RETAINED
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.errors import NotFound
from okg.workload.names import OWNER_GSS

FINALIZER = "game.kruise.io/delete-nlb-on-gss-deleted"


def give_back(client: Client, namespace: str, set_name: str) -> None:
    """Delete what goes with a set that is gone, one kind after the other.

    Raises:
        PluginError: what has to go first is still there; to be tried again.
    """
    nlbs, eips = (
        _marked(nlbs_of(client, namespace, set_name)),
        _marked(eips_of(client, namespace, set_name)),
    )
    if not nlbs and not eips:
        return
    services = client.list(Service, namespace=namespace, labels={OWNER_GSS: set_name})
    _wait_for("Services", [service.metadata.name for service in services], set_name)
    _delete(client, nlbs)
    _wait_for("load balancers", [nlb.metadata.name for nlb in nlbs], set_name)
    _delete(client, eips)


def mark_all(client: Client, namespace: str, set_name: str, *, retained: bool) -> None:
    """Note on all that a set has whether it goes with it."""
    for nlb in nlbs_of(client, namespace, set_name):
        list(mark(client, nlb, retained=retained))
    for eip in eips_of(client, namespace, set_name):
        list(mark(client, eip, retained=retained))


def nlbs_of(client: Client, namespace: str, set_name: str) -> Sequence[Nlb]:
    """Return the load balancers of a set."""
    return client.list(Nlb, namespace=namespace, labels={NLB_SET: set_name})


def eips_of(client: Client, namespace: str, set_name: str) -> Sequence[Eip]:
    """Return the addresses of a set."""
    return client.list(Eip, namespace=namespace, labels={EIP_SET: set_name})


def release(client: Client, pod: Pod) -> None:
    """Take the finalizer off a pod."""
    stored = client.get(Pod, pod.metadata.namespace, pod.metadata.name)
    if stored is not None and stored.metadata.uid == pod.metadata.uid:
        with suppress(NotFound):
            client.patch(stored, without_finalizer(stored))


def without_finalizer(pod: Pod) -> Pod:
    """Return a pod without the finalizer; the very same object if it has none."""
    meta = pod.metadata
    if FINALIZER not in meta.finalizers:
        return pod
    kept = tuple(name for name in meta.finalizers if name != FINALIZER)
    return replace(pod, metadata=replace(meta, finalizers=kept))


def _marked(objects: Iterable[O]) -> Sequence[O]:
    return [obj for obj in objects if obj.metadata.annotations.get(RETAINED) == "false"]


def _wait_for(what: str, names: Sequence[str], set_name: str) -> None:
    if names:
        raise PluginError(
            PluginErrorType.RETRY,
            f"{len(names)} {what} of set {set_name} are still there, such as {names[0]}",
        )


def _delete(client: Client, objects: Iterable[O]) -> None:
    for obj in objects:
        if obj.metadata.deletion_timestamp is None:
            with suppress(NotFound):
                client.delete(obj)
