"""Whose a network object is."""

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import Object
from okg.client.client import Client
from okg.workload.names import OWNER_GSS
from okg.workload.ownership import controlled_by, is_going, is_of_another


def set_of(client: Client, pod: Pod) -> GameServerSet | None:
    """Return the set of a pod; None if it is gone."""
    name = pod.metadata.labels.get(OWNER_GSS, "")
    return client.get(GameServerSet, pod.metadata.namespace, name)


def is_left_behind(client: Client, pod: Pod, obj: Object) -> bool:
    """Whether an object that has the name of a pod's own is none, and has to go first.

    It is removed already, or will be with an earlier pod or an earlier set that it is managed by.
    """
    name = pod.metadata.labels.get(OWNER_GSS, "")
    gss = set_of(client, pod) or GameServerSet(metadata=ObjectMeta(name=name))
    return is_going(obj, pod) or is_of_another(obj, gss)


def owner_of(client: Client, pod: Pod, *, fixed: bool) -> OwnerReference:
    """Return with whom a network object goes: the set if it is fixed, else the pod.

    A fixed object of a set that is gone goes with the pod, too.
    """
    gss = set_of(client, pod) if fixed else None
    return controlled_by(gss or pod)
