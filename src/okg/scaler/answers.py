"""Answers: what is said to an autoscaler, and what it is told where there is no answer."""

import enum
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.errors import OkgError
from okg.runtime.events import EventRecorder
from okg.scaler.crowds import count_crowd
from okg.workload.autoscaling import (
    compute_replicas,
    decide_active,
    read_max_available,
    read_min_available,
)

COMPONENT = "external-scaler"


class ScaledObject(msgspec.Struct, frozen=True):
    """Who asks: a ScaledObject of KEDA, which has the name and namespace of its set.

    Attributes:
        namespace: of both.
        name: of both.
        metadata: of the trigger, as the user wrote it.
    """

    namespace: str
    name: str
    metadata: Mapping[str, str] = {}


class Reason(enum.Enum):
    """Why there is no answer; the names are those of gRPC's status codes."""

    INVALID_ARGUMENT = enum.auto()
    NOT_FOUND = enum.auto()
    FAILED_PRECONDITION = enum.auto()
    UNAVAILABLE = enum.auto()


class Refused(OkgError):
    """There is no answer; the message says what to change.

    Attributes:
        reason: the kind of refusal.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Host(Protocol):
    """The part of a manager that answers are made from."""

    @property
    def unfenced(self) -> Client:
        """Reads from the caches."""
        ...

    def recorder_for(self, component: str) -> EventRecorder:
        """Return a recorder whose events name ``component`` as their source."""
        ...


class Answers:
    """Answers from the caches alone, on every replica; asked by one thread.

    Args:
        host: the manager.
        synced: whether the caches are filled.
    """

    def __init__(self, host: Host, synced: Callable[[], bool]) -> None:
        self._client = host.unfenced
        self._recorder = host.recorder_for(COMPONENT)
        self._synced = synced
        self._complaints: dict[tuple[str, str], str] = {}

    def is_active(self, asked: ScaledObject) -> bool:
        """Say whether a set is in use.

        Raises:
            Refused: there is nothing to be said.
        """
        found = self._set(asked)
        if found.status is None or found.status.wait_to_be_deleted_replicas is None:
            raise Refused(
                Reason.FAILED_PRECONDITION,
                f"GameServerSet {found.key} has not inited: its status has no"
                " waitToBeDeletedReplicas; wait until its controller has looked at it",
            )
        return decide_active(found.status, _min_available(asked))

    def replicas(self, asked: ScaledObject) -> int:
        """Say how many servers a set should have.

        Raises:
            Refused: there is nothing to be said.
        """
        found = self._set(asked)
        if found.spec is None:
            raise Refused(Reason.FAILED_PRECONDITION, f"GameServerSet {found.key} has no spec")
        crowd = count_crowd(self._client, asked.namespace, asked.name)
        max_available = self._max_available(found, asked)
        try:
            return compute_replicas(
                found.spec.replicas, crowd, _min_available(asked), max_available
            )
        except ValueError as error:
            raise Refused(Reason.INVALID_ARGUMENT, str(error)) from error

    def _set(self, asked: ScaledObject) -> GameServerSet:
        if not self._synced():
            raise Refused(Reason.UNAVAILABLE, "the caches are not filled yet; ask again")
        found = self._client.get(GameServerSet, asked.namespace, asked.name)
        if found is None:
            raise Refused(
                Reason.NOT_FOUND,
                f'GameServerSet.game.kruise.io "{asked.name}" not found in namespace'
                f' "{asked.namespace}": give the ScaledObject the name and the namespace of its'
                " GameServerSet",
            )
        return found

    def _max_available(self, found: GameServerSet, asked: ScaledObject) -> int | None:
        """Return the bound; without one if it cannot be read, about which the set gets an event."""
        try:
            max_available, complaint = read_max_available(asked.metadata), ""
        except ValueError as error:
            max_available, complaint = None, str(error)
        if self._is_news(found, complaint):
            self._recorder.warning(found, "IgnoredMaxAvailable", complaint)
        return max_available

    def _is_news(self, found: GameServerSet, complaint: str) -> bool:
        """Whether something is wrong that was not said yet: questions come every few seconds."""
        key = (found.metadata.namespace, found.metadata.name)
        if not complaint:
            self._complaints.pop(key, None)
            return False
        before, self._complaints[key] = self._complaints.get(key), complaint
        return complaint != before


def _min_available(asked: ScaledObject) -> float:
    try:
        return read_min_available(asked.metadata)
    except ValueError as error:
        raise Refused(Reason.INVALID_ARGUMENT, str(error)) from error
