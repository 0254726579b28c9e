"""PodKeeper: every write of a pod that a workload makes."""

from collections.abc import Hashable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.controllers.indexes import BY_MANAGER, BY_SET, set_key
from okg.controllers.reader import Reader
from okg.controllers.workload.admission import Held, PodAdmission
from okg.controllers.workload.adoption import Adopter
from okg.controllers.workload.refusals import Refusals
from okg.controllers.workload.steps import follow
from okg.controllers.workload.storage import ClaimKeeper, StorageGoing
from okg.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OkgError,
    TransportError,
)
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request
from okg.workload.invalid import InvalidField
from okg.workload.native.completion import resize_obstacle
from okg.workload.native.health import is_of_revision, is_terminating
from okg.workload.native.membership import Claim, claim_pod, released
from okg.workload.native.pod_refresh import refresh
from okg.workload.native.pod_step import PodStep
from okg.workload.native.pod_template import build_pod
from okg.workload.native.pod_update import start_update
from okg.workload.native.removal import held_back, in_service_again
from okg.workload.native.rolling import Stop, Turn

TROUBLE_PERIOD = timedelta(seconds=10)
"""Time until an update that failed, whosever fault it was, leads its pod out of service again."""


TAKEN_PERIOD = timedelta(seconds=30)
"""Time until a name that somebody else has is asked for again; nobody tells when it is free."""


class Failure(msgspec.Struct, frozen=True):
    """What could not be done.

    Attributes:
        message: why, for the user.
        error: what to try again for soon; None where only somebody else can help.
        alone: whether others may well succeed.
        again: after which time to try, None for no time alone.
    """

    message: str
    error: OkgError | None = None
    alone: bool = False
    again: timedelta | None = None


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
        admission: completes pods before they are made.
    """

    def __init__(
        self,
        client: Client,
        live: Reader,
        recorder: EventRecorder,
        claims: ClaimKeeper,
        admission: PodAdmission,
    ) -> None:
        self._client = client
        self._live = live
        self._recorder = recorder
        self._claims = claims
        self._admission = admission
        self._refusals = Refusals()

    def forget(self, request: Request) -> None:
        """Drop what is remembered of a set that is gone."""
        self._refusals.forget(request)

    def gather(self, scene: Scene) -> Sequence[Pod]:
        """Return the set's own pods, those among them that had no owner until now."""
        meta = scene.gss.metadata
        key = set_key(meta.namespace, meta.name)
        for stray in self._client.list(Pod, index=(BY_MANAGER, key)):
            self._claimed(scene, stray)
        found = self._client.list(Pod, index=(BY_SET, key))
        return [own for pod in found if (own := self._claimed(scene, pod)) is not None]

    def create(
        self, scene: Scene, ordinal: int, revision: ControllerRevision
    ) -> Failure | timedelta | None:
        """Make the pod of one id, with its storage before it and its gates open after.

        Return what stands against it, or after which time it goes on.
        """
        standing = self._standing(scene, _made_of(revision))
        return standing or self._create(scene, ordinal, revision)

    def _create(
        self, scene: Scene, ordinal: int, revision: ControllerRevision
    ) -> Failure | timedelta | None:
        name = f"{scene.workload.metadata.name}-{ordinal}"
        plain = True  # for others may be made with another answer of a plugin
        try:
            draft = build_pod(scene.workload, scene.gss, ordinal, revision, scene.now)
            self._claims.ensure(scene.workload, scene.gss, ordinal)
            admitted = self._admission.admit(draft, scene.gss)
            plain = admitted is draft
            pod = self._client.create_from(admitted, Pod)
        except AlreadyExists:
            return self._meet(scene, name)
        except Held as held:
            # Who held it has told about it already.
            failure = Failure(f"pod {name}: {held.why}", alone=True, again=held.again)
            return failure if held.why else held.again
        except StorageGoing as waiting:
            return self._unmade(scene, name, Failure(str(waiting), alone=True))
        except (BadRequest, Invalid, InvalidField) as refusal:
            unmade = self._unmade(scene, name, Failure(str(refusal)))
            if plain:
                said = unmade.message
                self._refusals.note(scene.workload, _made_of(revision), said, scene.now)
            return unmade
        except (ApiError, TransportError) as error:
            return self._unmade(scene, name, Failure(str(error), error))
        self._recorder.normal(scene.gss, "SuccessfulCreate", f"created pod {name}")
        with suppress(ApiError, TransportError):  # left to the next pass
            self.refresh(scene, pod, revision.metadata.name)
        return None

    def remove(self, scene: Scene, pod: Pod) -> None:
        """Delete a pod, or let a hook hold it back."""
        if is_terminating(pod):
            return
        if held_back(pod, scene.workload, scene.now) is not None:
            follow(self._client, pod, lambda p: held_back(p, scene.workload, scene.now))
            return
        try:
            self._client.delete(pod, lock=True)
        except (Conflict, NotFound):
            # It is gone already, perhaps with another in its place, or it is not what we know: a
            # server that was let go, or that somebody plays on now.
            return
        self._recorder.normal(scene.gss, "SuccessfulDelete", f"deleted pod {pod.metadata.name}")

    def refresh(self, scene: Scene, pod: Pod, revision: str) -> Failure | timedelta | None:
        """Lead a pod through what needs no decision: gates, grace periods, its lifecycle.

        Return what stands against it, or after which time it goes on.
        """
        workload, now = scene.workload, scene.now
        led = ("refresh", pod.metadata.uid)
        if standing := self._standing(scene, led):
            return standing
        try:
            trail = follow(self._client, pod, lambda p: refresh(p, workload, revision, now))
        except (BadRequest, Forbidden, Invalid) as refusal:
            failure = self._refused(scene, pod.metadata.name, str(refusal))
            self._refusals.note(workload, led, failure.message, now)
            return failure
        return trail.wait

    def restore(self, scene: Scene, pod: Pod) -> None:
        """Take a pod back into service that was to go and is wanted again."""
        follow(self._client, pod, lambda p: in_service_again(p, scene.workload, scene.now))

    def update(self, scene: Scene, turn: Turn, revision: str) -> Failure | timedelta | None:
        """Bring a pod to a revision; return what stands against it, or after which time it goes on.

        Without a change that can be made in place it is removed, to be made anew.
        """
        change, workload, now = turn.change, scene.workload, scene.now
        if change is None:
            self.remove(scene, turn.pod)
            return None
        name, led = turn.pod.metadata.name, ("update", turn.pod.metadata.uid)
        if standing := self._standing(scene, led):
            return standing

        def ask(pod: Pod) -> PodStep | None:
            return start_update(pod, workload, revision, change, now)

        try:
            # Others write as soon as the pod is led out: its kubelet, and its game server.
            trail = follow(self._client, turn.pod, ask, live=self._live)
        except (BadRequest, Forbidden, Invalid) as refusal:
            failure = self._refused(scene, name, str(refusal))
            self._refusals.note(workload, led, failure.message, now)
            return failure
        except (ApiError, TransportError) as error:
            failure = replace(self._refused(scene, name, str(error)), error=error)
            self._refusals.note(workload, led, failure.message, now, period=TROUBLE_PERIOD)
            return failure
        if is_of_revision(trail.pod, revision):
            self._recorder.normal(
                scene.gss, "SuccessfulUpdatePodInPlace", f"updated pod {name} in place"
            )
        return trail.wait

    def refuse(self, scene: Scene, stop: Stop) -> Failure:
        """Say why an update in place does not go on."""
        why = f"only a new pod can have another {stop.obstacle}, and the policy is InPlaceOnly"
        return self._refused(scene, stop.pod.metadata.name, why)

    def stuck(self, scene: Scene, pod: Pod) -> Failure | None:
        """Say what keeps an update in place from coming to its end, None for nothing."""
        why = resize_obstacle(pod)
        return self._refused(scene, pod.metadata.name, why) if why else None

    def _standing(self, scene: Scene, subject: Hashable) -> Failure | None:
        """Return what was said against something a while ago; nobody is told again."""
        refusal = self._refusals.standing(scene.workload, subject, scene.now)
        return Failure(refusal.message, again=refusal.until - scene.now) if refusal else None

    def _refused(self, scene: Scene, name: str, why: str) -> Failure:
        failure = Failure(f"pod {name}: {why}")
        self._recorder.warning(scene.gss, "FailedUpdatePodInPlace", failure.message)
        return failure

    def _claimed(self, scene: Scene, pod: Pod) -> Pod | None:
        claim = claim_pod(pod, scene.gss)
        if claim is Claim.ADOPT:
            return scene.adopter.adopt(pod)
        if claim is Claim.RELEASE:
            with suppress(Conflict, NotFound):
                self._client.patch(pod, released(pod, scene.gss))
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
            why = f"one of this name exists and is {whose}; delete it"
            return self._unmade(scene, name, Failure(why, alone=True, again=TAKEN_PERIOD))
        return None

    def _unmade(self, scene: Scene, name: str, why: Failure) -> Failure:
        failure = replace(why, message=f"pod {name}: {why.message}")
        self._recorder.warning(scene.gss, "FailedCreate", failure.message)
        return failure


def _made_of(revision: ControllerRevision) -> Hashable:
    """Return what a refusal of new pods is about: the template, and no single pod."""
    return "create", revision.metadata.name
