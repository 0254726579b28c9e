"""ConditionWriter: writes conditions of pods, and nothing else of them."""

from collections.abc import Callable, Mapping

import msgspec

from okg.api.core import Pod, PodCondition
from okg.client.rest import ApiClient
from okg.errors import Conflict, Invalid, LeadershipLost, NotFound
from okg.workload.native.probing.outbox import Write

STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"


class ConditionWriter:
    """Writes as strategic merge patches, which leave conditions of others alone.

    Args:
        api: live client.
        may_write: whether this process leads.
    """

    def __init__(self, api: ApiClient, may_write: Callable[[], bool]) -> None:
        self._api = api
        self._may_write = may_write

    def write(self, write: Write) -> bool:
        """Write the conditions; return False if the pod is gone, also where another has its name.

        Raises:
            LeadershipLost: somebody else may be writing.
            ApiError: the write was refused.
            TransportError: nobody answered.
        """
        if not self._may_write():
            raise LeadershipLost("conditions are written by the leader alone")
        pod = write.pod
        path = Pod.resource_type.path(pod.namespace, pod.name, "status")
        try:
            self._api.request(
                "PATCH", path, body=to_patch(write), content_type=STRATEGIC_MERGE_PATCH
            )
        except (Conflict, NotFound):
            return False
        except Invalid as error:
            if any(cause.field == "metadata.uid" for cause in error.causes):
                return False
            raise
        return True


def to_patch(write: Write) -> bytes:
    """Return the body of a write; its uid keeps it from another pod of the same name."""
    conditions = [_entry(type_, condition) for type_, condition in write.conditions.items()]
    return msgspec.json.encode(
        {"metadata": {"uid": write.pod.uid}, "status": {"conditions": conditions}}
    )


def _entry(type_: str, condition: PodCondition | None) -> Mapping[str, object]:
    if condition is None:
        return {"$patch": "delete", "type": type_}
    # Every field by name: what is left out of a patch stays as it was.
    return {
        "type": type_,
        "status": condition.status,
        "message": condition.message,
        "lastProbeTime": condition.last_probe_time,
        "lastTransitionTime": condition.last_transition_time,
    }
