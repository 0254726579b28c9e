"""Giving pods a node, for a control plane that has no scheduler."""

import contextlib

import msgspec

from okg.api.core import Pod
from okg.cache.client import CachedClient
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import Conflict, NotFound
from okg.runtime.reconcile import Request, Result


def bind(api: ApiClient, pod: Pod, node: str) -> None:
    """Bind a pod to a node, as a scheduler does.

    Raises:
        Conflict: it has been bound, or is being deleted.
        NotFound: it is gone.
    """
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.metadata.name, "namespace": pod.metadata.namespace},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    path = pod.resource_type.path(pod.metadata.namespace, pod.metadata.name, "binding")
    api.request("POST", path, body=msgspec.json.encode(binding))


class Binder:
    """Binds every pod that has no node to the same one.

    Args:
        api: live client with the rights of a scheduler.
        client: cached reads of pods.
        node: name of the node.
    """

    def __init__(self, api: ApiClient, client: CachedClient, node: str) -> None:
        self._api = api
        self._client = client
        self._node = node

    def reconcile(self, ctx: Context, request: Request) -> Result | None:  # noqa: ARG002 - of the contract
        """Bind one pod."""
        pod = self._client.get(Pod, request.namespace, request.name)
        if pod is None or pod.spec.node_name or pod.metadata.deletion_timestamp is not None:
            return None
        # Whatever changed the pod brings it here again.
        with contextlib.suppress(Conflict, NotFound):
            bind(self._api, pod, self._node)
        return None
