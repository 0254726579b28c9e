"""PodKeeper: every write of a pod that a workload makes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.controllers.indexes import BY_SET, set_key
from okg.controllers.workload.adoption import Adopter
from okg.controllers.workload.reader import Reader
from okg.controllers.workload.storage import ClaimKeeper, StorageGoing
from okg.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Conflict,
    Invalid,
    NotFound,
    OkgError,
    TransportError,
)
from okg.runtime.events import EventRecorder
from okg.workload.invalid import InvalidField
from okg.workload.native.health import is_terminating
from okg.workload.native.membership import Claim, claim_pod, released
from okg.workload.native.pod_template import build_pod
from okg.workload.native.removal import held_back


class Failure(msgspec.Struct, frozen=True):
    """What could not be done.

    Attributes:
        message: why, for the user.
        error: what to try again for soon; None where only somebody else can help.
    """

    message: str
    error: OkgError | None = None


class Scene(msgspec.Struct, frozen=True):
    """Whose pods these are, and when.

    Attributes:
        gss: the set.
        workload: what its record asks for.
        adopter: takes orphans in.
        now: the time of the pass.
    """

    gss: GameServerSet
    workload: AdvancedStatefulSet
    adopter: Adopter
    now: datetime


class PodKeeper:
    """Makes, adopts, changes and removes pods.

    Args:
        client: reads and writes.
        live: reads what the cache does not show.
        recorder: tells about it on the set.
        claims: makes storage before pods.
    """

    def __init__(
        self, client: Client, live: Reader, recorder: EventRecorder, claims: ClaimKeeper
    ) -> None:
        self._client = client
        self._live = live
        self._recorder = recorder
        self._claims = claims

    def gather(self, scene: Scene) -> Sequence[Pod]:
        """Return the set's own pods, those among them that had no owner until now."""
        meta = scene.gss.metadata
        found = self._client.list(Pod, index=(BY_SET, set_key(meta.namespace, meta.name)))
        return [own for pod in found if (own := self._claimed(scene, pod)) is not None]

    def create(self, scene: Scene, ordinal: int, revision: ControllerRevision) -> Failure | None:
        """Make the pod of one id, with its storage."""
        workload, gss = scene.workload, scene.gss
        name = f"{workload.metadata.name}-{ordinal}"
        try:
            draft = build_pod(workload, gss, ordinal, revision, scene.now)
            self._claims.ensure(workload, gss, ordinal)
            self._client.create_from(draft, Pod)
        except AlreadyExists:
            failure = self._meet(scene, name)
        except (BadRequest, Invalid, InvalidField, StorageGoing) as refusal:
            failure = Failure(f"pod {name}: {refusal}")
        except (ApiError, TransportError) as error:
            failure = Failure(f"pod {name}: {error}", error)
        else:
            self._recorder.normal(gss, "SuccessfulCreate", f"created pod {name}")
            return None
        if failure is not None:
            self._recorder.warning(gss, "FailedCreate", failure.message)
        return failure

    def remove(self, scene: Scene, pod: Pod) -> None:
        """Delete a pod, or let a hook hold it back."""
        if is_terminating(pod):
            return
        held = held_back(pod, scene.workload, scene.now)
        try:
            if held is not None:
                self._client.patch(pod, held)
                return
            self._client.delete(pod)
        except (Conflict, NotFound):
            # It changed or went meanwhile: the event that says so starts the next pass.
            return
        self._recorder.normal(scene.gss, "SuccessfulDelete", f"deleted pod {pod.metadata.name}")

    def change(self, before: Pod, after: Pod, *, subresource: str = "") -> None:
        """Write a pod as it was judged; one that changed meanwhile is judged again."""
        try:
            self._client.patch(before, after, subresource=subresource)
        except (Conflict, NotFound):
            return

    def _claimed(self, scene: Scene, pod: Pod) -> Pod | None:
        claim = claim_pod(pod, scene.gss)
        if claim is Claim.ADOPT:
            return scene.adopter.adopt(pod)
        if claim is Claim.RELEASE:
            self.change(pod, released(pod, scene.gss))
        return pod if claim is Claim.OURS else None

    def _meet(self, scene: Scene, name: str) -> Failure | None:
        """Say what stands in a new pod's place; nothing where the cache alone lags behind."""
        pod = self._live.get(Pod, scene.gss.metadata.namespace, name)
        claim = Claim.OURS if pod is None else claim_pod(pod, scene.gss)
        if pod is None or self._claimed(scene, pod) is not None:
            return None
        manager = pod.metadata.controller
        whose = f"managed by {manager.kind} {manager.name}" if manager else "nobody's"
        if claim is Claim.FOREIGN or not is_terminating(pod):
            return Failure(f"pod {name}: one of this name exists and is {whose}; delete it")
        return None
