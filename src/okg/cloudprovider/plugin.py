"""NetworkPlugin: gives a pod its network. A function of values that does not know who calls it."""

from enum import StrEnum
from typing import Protocol

from okg.api.core import Pod
from okg.client.client import Client
from okg.context import Context
from okg.errors import OkgError


class PluginErrorType(StrEnum):
    """What kind of failure it was; the values are reasons of Events that people match."""

    API_CALL = "apiCallError"
    INTERNAL = "internalError"
    PARAMETER = "parameterError"
    NOT_IMPLEMENTED = "notImplementedError"
    RETRY = "retryError"


class PluginError(OkgError):
    """A plugin cannot do what was asked; the message is for the user.

    Attributes:
        type: what kind of failure it was.
    """

    def __init__(self, type_: PluginErrorType, message: str) -> None:
        super().__init__(message)
        self.type = type_


class NetworkPlugin(Protocol):
    """One network type.

    Calls come from many threads, also twice at a time for one pod, and from every replica. Each may
    be the repetition of an earlier one: deleting a pod, for one, asks at least twice. The context
    ends when nobody waits for the result any more; what was begun may be finished all the same.

    A pod that is to be made may lack what the API server fills in. One that is gone may be known
    only as it was noted, without its status, and its set may be gone as well.
    """

    @property
    def name(self) -> str:
        """The value of ``spec.network.networkType``; unique."""
        ...

    @property
    def alias(self) -> str:
        """Name of the same kind of network across clouds, for logs; may be empty."""
        ...

    def start(self, ctx: Context, client: Client) -> None:
        """Get ready, e.g. read from the cluster which ports are in use.

        Called first; called again after a while if it raises, whatever that is. Pods are brought
        here meanwhile.
        """
        ...

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod that is to be created.

        Raises:
            PluginError: it must not be; so too below.
        """
        ...

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod as it is to be stored by an update of its metadata or spec.

        Not asked of a pod that goes, unless the plugin has an attribute ``finalizers`` and the pod
        one of these.
        """
        ...

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Give back what the pod had."""
        ...
