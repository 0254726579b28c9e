"""What starts a look at a pod's network.

The pod, as far as plugins look at it, its note, and the objects that its network is made of: what a
cloud has done, or somebody has deleted, is told at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.api.resource import Object
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.runtime.handlers import enqueue_mapped, enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch
from okg.workload.names import NETWORK_TYPE, POD_NAME
from okg.workload.native.network_note import is_note, noted_name

_NO_SELECTOR: Mapping[str, str] = MappingProxyType({})
_NOBODYS = frozenset[type[Object]]((Pod, GameServerSet, LedgerRecord))
"""Kinds that plugins read, and that are no part of a network."""


def watches(client: Client, kinds: Iterable[type[Object]]) -> Sequence[AnyWatch]:
    """Return what a network controller watches.

    Args:
        client: finds the pods of an object.
        kinds: what plugins read.
    """
    found = enqueue_mapped(pods_with_networks(client))
    made_of = sorted(
        (kind for kind in kinds if kind.resource_type.namespaced and kind not in _NOBODYS),
        key=lambda kind: kind.resource_type.plural,
    )
    return (
        Watch(Pod, enqueue_object, when=network_concerned),
        Watch(ConfigMap, enqueue_mapped(_pod_of)),
        *(Watch(kind, found) for kind in made_of),
    )


def pods_with_networks(client: Client) -> Callable[[Object], Iterable[Request]]:
    """Return what finds the pods whose network an object is part of.

    It belongs to the pod, is called like it, or is a Service that leads to it.
    """

    def find(obj: Object) -> Iterable[Request]:
        meta, manager = obj.metadata, obj.metadata.controller
        selector = obj.spec.selector if isinstance(obj, Service) else _NO_SELECTOR
        names = {meta.name, selector.get(POD_NAME, "")}
        if manager is not None and manager.kind == Pod.resource_type.kind:
            names.add(manager.name)
        pods = [client.get(Pod, meta.namespace, name) for name in sorted(names - {""})]
        if selector and POD_NAME not in selector:
            pods += client.list(Pod, namespace=meta.namespace, labels=selector)
        return [
            Request.of(pod)
            for pod in pods
            if pod is not None and NETWORK_TYPE in pod.metadata.annotations
        ]

    return find


def network_concerned(old: Pod | None, new: Pod | None) -> bool:
    """Whether something changed that plugins look at; most of what a kubelet reports is not.

    Of a pod without a network only its end is of interest: it may have had one.
    """
    if old is None or new is None or _is_going(old) != _is_going(new):
        return True
    has_network = (
        NETWORK_TYPE in old.metadata.annotations or NETWORK_TYPE in new.metadata.annotations
    )
    return has_network and _face(old) != _face(new)


def _is_going(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is not None


def _face(pod: Pod) -> tuple[object, ...]:
    meta, status = pod.metadata, pod.status
    ready = status.condition("Ready")
    return (
        (meta.uid, meta.labels, meta.annotations, meta.owner_references),
        meta.finalizers,
        pod.spec,
        (status.pod_ip, status.host_ip, ready.status if ready else ""),
        {container.name: container.image for container in status.container_statuses},
    )


def _pod_of(note: ConfigMap) -> Iterable[Request]:
    return (Request(note.metadata.namespace, noted_name(note)),) if is_note(note) else ()
