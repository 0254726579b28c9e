"""Whose a network object is."""

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import OwnerReference
from okg.client.client import Client
from okg.workload.names import OWNER_GSS
from okg.workload.ownership import controlled_by


def set_of(client: Client, pod: Pod) -> GameServerSet | None:
    """Return the set of a pod; None if it is gone."""
    name = pod.metadata.labels.get(OWNER_GSS, "")
    return client.get(GameServerSet, pod.metadata.namespace, name)


def owner_of(client: Client, pod: Pod, *, fixed: bool) -> OwnerReference:
    """Return with whom a network object goes: the set if it is fixed, else the pod.

    A fixed object of a set that is gone goes with the pod, too.
    """
    gss = set_of(client, pod) if fixed else None
    return controlled_by(gss or pod)
