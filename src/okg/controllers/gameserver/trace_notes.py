"""TraceNotes: tells the pod webhook which reconcile a pod's write belongs to."""

from okg.api.core import Pod
from okg.client.client import Client
from okg.telemetry.logging import get_logger
from okg.telemetry.tracing import current_span
from okg.workload.ownership import is_native
from okg.workload.trace_note import with_trace, without_trace


class TraceNotes:
    """Writes notes on pods, which the webhook takes off again, so that none is ever stored.

    One that is stored shows that there is no webhook: it is removed, and no other is written.
    Pods that we make ourselves are not for the webhook, and get none.

    Args:
        client: writes pods.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._are_read = True

    def add(self, pod: Pod) -> Pod:
        """Return a pod that is about to be written, with the current span noted."""
        parent = current_span().parent
        if parent is None or not self._are_read or is_native(pod):
            return pod
        return with_trace(pod, str(parent))

    def remove(self, stored: Pod) -> Pod:
        """Return a pod that was written, without a note."""
        clean = without_trace(stored)
        if clean is stored:
            return stored
        if self._are_read:
            self._are_read = False
            get_logger().warning("no webhook looks at pods: their writes are linked to no trace")
        return self._client.patch(stored, clean, lock=False)
