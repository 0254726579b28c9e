"""Whose a network object is."""

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.workload.names import OWNER_GSS
from okg.workload.ownership import controlled_by, is_going, is_of_another

_PREFIX = "game.kruise.io/"
"""Of annotations and labels that the objects of networks have."""


def set_of(client: Client, pod: Pod) -> GameServerSet | None:
    """Return the set of a pod; None if it is gone."""
    name = pod.metadata.labels.get(OWNER_GSS, "")
    return client.get(GameServerSet, pod.metadata.namespace, name)


def is_left_behind(client: Client, pod: Pod, obj: Object) -> bool:
    """Whether an object that has the name of a pod's own is none, and has to go first.

    It is removed already, or will be with an earlier pod or an earlier set that it is managed by.

    Raises:
        PluginError: somebody else made it, and it is theirs.
    """
    name = pod.metadata.labels.get(OWNER_GSS, "")
    gss = set_of(client, pod) or GameServerSet(metadata=ObjectMeta(name=name))
    if is_going(obj, pod) or is_of_another(obj, gss):
        return True
    if stranger := _stranger(obj, pod, gss):
        raise PluginError(
            PluginErrorType.INTERNAL,
            f"{obj.resource_type.kind} {obj.key} is in the way: {stranger}; remove it, or give the"
            " set another name",
        )
    return False


def _stranger(obj: Object, pod: Pod, gss: GameServerSet) -> str:
    """Say whose an object is if it is not a server's; empty if it is.

    Of an object that nobody manages, what is written on it tells.
    """
    meta, manager = obj.metadata, obj.metadata.controller
    if manager is None:
        ours = any(key.startswith(_PREFIX) for key in (*meta.annotations, *meta.labels))
        return "" if ours else "it was not made for a game server"
    if any(
        (manager.kind, manager.name) == (owner.resource_type.kind, owner.metadata.name)
        for owner in (pod, gss)
    ):
        return ""
    return f"it belongs to {manager.kind} {manager.name}"


def owner_of(client: Client, pod: Pod, *, fixed: bool) -> OwnerReference:
    """Return with whom a network object goes: the set if it is fixed, else the pod.

    A fixed object of a set that is gone goes with the pod, too.
    """
    gss = set_of(client, pod) if fixed else None
    return controlled_by(gss or pod)
