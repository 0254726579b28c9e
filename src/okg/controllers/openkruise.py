"""OpenKruise, asked whether it is there at all, and who gets new sets therefore.

The lock guards what is known; nothing is asked under it.
"""

from threading import Lock

import msgspec

from okg.api.coordination import Lease
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy
from okg.api.meta import LabelSelector, ObjectMeta
from okg.client.rest import ApiClient
from okg.clock import SYSTEM_CLOCK, Clock
from okg.errors import ApiError, BadRequest, Forbidden, Invalid, NotFound, TransportError
from okg.workload.backend_choice import BackendName
from okg.workload.openkruise_life import (
    LEASE_NAME,
    LEASE_NAMESPACE,
    Vigil,
    is_completed,
    is_renewed,
)

_PROBE_NAME = "okg-asks-openkruise"
_LABELS = {"game.kruise.io/okg-asks": "openkruise"}
_TEMPLATE = msgspec.Raw(
    msgspec.json.encode(
        {
            "metadata": {"labels": _LABELS},
            "spec": {"containers": [{"name": "none", "image": "none"}]},
        }
    )
)


class OpenKruise:
    """Tells whether OpenKruise works.

    Args:
        api: asks the server.
        clock: where time comes from.
    """

    def __init__(self, api: ApiClient, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._api = api
        self._clock = clock
        self._vigil = Vigil()
        self._lock = Lock()

    def is_alive(self, namespace: str) -> bool:
        """Ask, unless it answered a moment ago; a question that is not allowed counts as a yes.

        Args:
            namespace: where a StatefulSet would be made; nothing is stored there.
        """
        with self._lock:
            known = self._vigil
        if not known.is_due(self._clock.monotonic()):
            return known.silent_since is None
        alive = self._leads() or self._answers(namespace)
        with self._lock:
            self._vigil = self._vigil.after(self._clock.monotonic(), alive=alive)
        return alive

    def is_gone(self) -> bool:
        """Whether it was silent for so long that it need not be waited for."""
        with self._lock:
            return self._vigil.is_over(self._clock.monotonic())

    def _leads(self) -> bool:
        try:
            lease = self._api.get(Lease, LEASE_NAMESPACE, LEASE_NAME)
        except (ApiError, TransportError):
            return False
        return lease is not None and is_renewed(lease, self._clock.now())

    def _answers(self, namespace: str) -> bool:
        try:
            return is_completed(self._api.create(_blank(namespace), dry_run=True))
        except NotFound:
            return False
        except (BadRequest, Forbidden, Invalid):
            return True
        except (ApiError, TransportError):
            return False


class NewSets:
    """Decides who gets a set that is new and says nothing.

    Args:
        openkruise: is asked.
        native: whether the manager makes pods itself.
    """

    def __init__(self, openkruise: OpenKruise, *, native: bool) -> None:
        self._openkruise = openkruise
        self._native = native

    def __call__(self, gss: GameServerSet) -> BackendName | None:
        """Return whose a set shall be, None while that is not known."""
        if not self._native or self._openkruise.is_alive(gss.metadata.namespace):
            return BackendName.KRUISE
        return BackendName.NATIVE if self._openkruise.is_gone() else None


def _blank(namespace: str) -> AdvancedStatefulSet:
    """Return a StatefulSet that OpenKruise accepts, and completes."""
    return AdvancedStatefulSet(
        metadata=ObjectMeta(name=_PROBE_NAME, namespace=namespace),
        spec=StatefulSetSpec(
            replicas=0,
            selector=LabelSelector(match_labels=_LABELS),
            template=_TEMPLATE,
            pod_management_policy="Parallel",
            update_strategy=StatefulSetUpdateStrategy(type="RollingUpdate"),
        ),
    )
