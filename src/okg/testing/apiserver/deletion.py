"""Deletion: preconditions, finalizers, propagation policies and the grace period of pods."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from okg.clock import Clock
from okg.errors import StatusCause
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.metadata import timestamp
from okg.testing.apiserver.objects import Objects
from okg.testing.apiserver.pods import grace_seconds
from okg.testing.apiserver.refusals import Details, Refusal, bad_request, conflict
from okg.testing.apiserver.storage import Raced, Record, Storage
from okg.testing.apiserver.trees import Json, Tree, items, text, with_value

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

_POLICIES: Mapping[str, tuple[str, ...]] = {
    "Background": (),
    "Foreground": (FOREGROUND,),
    "Orphan": (ORPHAN,),
}
_GARBAGE_FINALIZERS = (FOREGROUND, ORPHAN)


class Preconditions(msgspec.Struct, frozen=True, rename="camel"):
    """What the object must still be."""

    uid: str = ""
    resource_version: str = ""


class DeleteOptions(msgspec.Struct, frozen=True, rename="camel"):
    """metav1.DeleteOptions."""

    grace_period_seconds: int | None = None
    preconditions: Preconditions | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None

    @property
    def policy(self) -> str:
        """The propagation policy, empty for the default."""
        if self.orphan_dependents is not None:
            return "Orphan" if self.orphan_dependents else "Background"
        return self.propagation_policy or ""


_BODY = msgspec.json.Decoder(DeleteOptions)


def read_options(body: bytes | None, query: Mapping[str, str]) -> DeleteOptions:
    """Return the options of a request; a body wins over the query.

    Raises:
        Refusal: 400, they cannot be read; 422, they make no sense.
    """
    try:
        options = (
            _BODY.decode(body) if body else msgspec.convert(query, DeleteOptions, strict=False)
        )
    except msgspec.ValidationError as error:
        raise bad_request(f"delete options: {error}") from error
    except msgspec.DecodeError as error:
        raise bad_request(f"delete options are not JSON: {error}") from error
    both = options.orphan_dependents is not None and options.propagation_policy is not None
    if both or (options.policy and options.policy not in _POLICIES):
        raise _invalid_policy(options.propagation_policy or "")
    return options


class Deletion:
    """Deletes objects. Safe for use from many threads."""

    def __init__(self, storage: Storage, objects: Objects, clock: Clock) -> None:
        self._storage = storage
        self._objects = objects
        self._clock = clock

    def delete(self, kind: Kind, key: str, options: DeleteOptions) -> tuple[Record, bool]:
        """Delete an object, or mark it where finalizers or a grace period keep it.

        Returns:
            the object as it is, or last was; and whether it is gone.

        Raises:
            Refusal: 404, 409.
        """
        while True:
            before = self._objects.get(kind, key)
            _check_preconditions(kind, before, options.preconditions or Preconditions())
            try:
                return self._delete(kind, key, before, options)
            except Raced:
                continue

    def _delete(
        self, kind: Kind, key: str, before: Record, options: DeleteOptions
    ) -> tuple[Record, bool]:
        if kind.is_pod:
            marked = self._marked_pod(before.tree, options)
        elif kind.is_namespace:
            marked = self._marked(before.tree, options)
            marked = with_value(marked, ("status", "phase"), "Terminating")
            marked = with_value(marked, ("metadata", "deletionGracePeriodSeconds"), None)
        elif _finalizers(before.tree, options):
            marked = self._marked(before.tree, options)
        else:
            return self._storage.commit(kind, before, None, key), True
        record = before
        if marked != before.tree:
            record = self._storage.commit(kind, before, marked, key)
        if kind.is_namespace or items(marked, "metadata", "finalizers") or _grace(marked):
            return record, False
        return self._storage.commit(kind, record, None, key), True

    def _marked(self, tree: Tree, options: DeleteOptions) -> Tree:
        """Return an object that waits for its finalizers."""
        finalizers: list[Json] = [*_finalizers(tree, options)]
        tree = with_value(tree, ("metadata", "finalizers"), finalizers or None)
        return tree if _is_deleting(tree) else self._begun(tree, 0)

    def _marked_pod(self, tree: Tree, options: DeleteOptions) -> Tree:
        """Return a pod that has its grace period; one that has it already may get a shorter one."""
        asked = options.grace_period_seconds
        if not _is_deleting(tree):
            finalizers: list[Json] = [*_finalizers(tree, options)]
            tree = with_value(tree, ("metadata", "finalizers"), finalizers or None)
            return self._begun(tree, grace_seconds(tree, asked))
        left = _grace(tree)
        if asked is None or asked >= left:
            return tree
        ends = datetime.fromisoformat(text(tree, "metadata", "deletionTimestamp"))
        return _with_deadline(tree, ends - timedelta(seconds=left - asked), asked)

    def _begun(self, tree: Tree, grace: int) -> Tree:
        """Return an object whose deletion begins now; the generation counts that."""
        tree = _with_deadline(tree, self._clock.now() + timedelta(seconds=grace), grace)
        generation = tree["metadata"].get("generation") if isinstance(tree["metadata"], dict) else 0
        if isinstance(generation, int) and generation:
            tree = with_value(tree, ("metadata", "generation"), generation + 1)
        return tree


def _with_deadline(tree: Tree, ends: datetime, grace: int) -> Tree:
    tree = with_value(tree, ("metadata", "deletionTimestamp"), timestamp(ends))
    return with_value(tree, ("metadata", "deletionGracePeriodSeconds"), grace)


def _is_deleting(tree: Tree) -> bool:
    return bool(text(tree, "metadata", "deletionTimestamp"))


def _grace(tree: Tree) -> int:
    metadata = tree["metadata"]
    grace = metadata.get("deletionGracePeriodSeconds") if isinstance(metadata, dict) else 0
    return grace if isinstance(grace, int) else 0


def _finalizers(tree: Tree, options: DeleteOptions) -> list[Json]:
    """Return the finalizers that an object has once its deletion was asked for."""
    present = items(tree, "metadata", "finalizers")
    if not options.policy:
        return present
    wanted = _POLICIES[options.policy]
    kept = [one for one in present if one not in _GARBAGE_FINALIZERS or one in wanted]
    return [*kept, *(one for one in wanted if one not in kept)]


def _check_preconditions(kind: Kind, before: Record, wanted: Preconditions) -> None:
    metadata = before.metadata
    name, uid = text(metadata, "name"), text(metadata, "uid")
    if wanted.uid and wanted.uid != uid:
        raise conflict(kind.resource, name, f"its uid is {uid}, not {wanted.uid}")
    if wanted.resource_version and wanted.resource_version != str(before.revision):
        why = f"its resourceVersion is {before.revision}, not {wanted.resource_version}"
        raise conflict(kind.resource, name, why)


def _invalid_policy(policy: str) -> Refusal:
    why = f"{policy!r} cannot be used here"
    cause = StatusCause(field="propagationPolicy", message=why, reason="FieldValueInvalid")
    details = Details(group="meta.k8s.io", kind="DeleteOptions", causes=(cause,))
    return Refusal(422, "Invalid", f"propagationPolicy: {why}", details=details)
