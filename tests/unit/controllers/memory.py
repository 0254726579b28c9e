"""A Client over a dictionary, and a recorder that remembers: what reconcilers need of a cluster."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from okg.api.core import ObjectReference
from okg.api.game import GameServerSet
from okg.api.resource import O, Object
from okg.client.patch import diff
from okg.clock import SystemClock
from okg.controllers.indexes import indexes
from okg.errors import AlreadyExists, ApiError, Conflict, NotFound
from okg.workload.backend_choice import BackendName, with_backend
from unit.fleet import NOW


class MemoryClient:
    """Keeps objects, counts versions and writes down every write that a server would get."""

    def __init__(self, *objects: Object) -> None:
        self.objects: dict[tuple[type[Object], str], Object] = {}
        self.writes: list[str] = []
        self.conflicts: set[type[Object]] = set()
        self.refusals: dict[type[Object], ApiError] = {}
        self.refused_subresources: dict[str, ApiError] = {}
        self._lagging: dict[type[Object], dict[tuple[type[Object], str], Object]] = {}
        self._version = 0
        for obj in objects:
            self.put(obj)

    def put(self, obj: O) -> O:
        """Store an object as somebody else would."""
        self._version += 1
        meta = replace(
            obj.metadata,
            resource_version=str(self._version),
            uid=obj.metadata.uid or f"uid-{self._version}",
        )
        stored = replace(obj, metadata=meta)
        self.objects[type(obj), obj.key] = stored
        return stored

    def lag(self, kind: type[Object]) -> None:
        """Let reads of a kind show from now on what there is at this moment."""
        self._lagging[kind] = dict(self.objects)

    def remove(self, kind: type[Object], key: str) -> None:
        """Remove an object as somebody else would."""
        del self.objects[kind, key]

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        shown = self._lagging.get(kind, self.objects)
        found = shown.get((kind, f"{namespace}/{name}" if namespace else name))
        assert found is None or isinstance(found, kind)
        return found

    def expect(self, kind: type[O], key: str) -> O:
        """Return an object that has to be there; ``key`` is its namespace and name."""
        found = self.get(kind, *key.split("/"))
        assert found is not None
        return found

    def list(
        self,
        kind: type[O],
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        index: tuple[str, str] | None = None,
    ) -> Sequence[O]:
        functions = {(of, name): function for of, name, function in indexes()}
        return [
            obj
            for obj in self.objects.values()
            if isinstance(obj, kind)
            and namespace in {None, obj.metadata.namespace}
            and (labels or {}).items() <= obj.metadata.labels.items()
            and (index is None or index[1] in functions[kind, index[0]](obj))
        ]

    def count(self, kind: type[O], *, index: tuple[str, str]) -> int:
        return len(self.list(kind, index=index))

    def create(self, obj: O) -> O:
        self.writes.append(f"create {obj.resource_type.kind} {obj.metadata.name}")
        self._refuse(obj)
        if (type(obj), obj.key) in self.objects:
            raise AlreadyExists(409, "AlreadyExists", obj.key)
        return self.put(replace(obj, metadata=replace(obj.metadata, generation=1)))

    def create_from(self, draft: Object, kind: type[O]) -> O:
        return self.create(msgspec.json.decode(msgspec.json.encode(draft), type=kind))

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        if diff(before, after, lock=lock) is None:
            return before
        target = "/".join(part for part in (before.resource_type.kind, subresource) if part)
        self.writes.append(f"patch {target} {before.metadata.name}")
        self._refuse(before)
        if subresource in self.refused_subresources:
            raise self.refused_subresources[subresource]
        if type(before) in self.conflicts:
            raise Conflict(409, "Conflict", before.key)
        if (type(before), before.key) not in self.objects:
            raise NotFound(404, "NotFound", before.key)
        stored = self.objects[type(before), before.key]
        if lock and stored.metadata.resource_version != before.metadata.resource_version:
            raise Conflict(409, "Conflict", before.key)
        return self.put(after)

    def delete(
        self,
        obj: Object,
        *,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        lock: bool = False,
    ) -> None:
        self.writes.append(f"delete {obj.resource_type.kind} {obj.metadata.name}")
        if (type(obj), obj.key) not in self.objects:
            raise NotFound(404, "NotFound", obj.key)
        del self.objects[type(obj), obj.key]

    def _refuse(self, obj: Object) -> None:
        """Answer as an admission webhook of somebody else may."""
        if type(obj) in self.refusals:
            raise self.refusals[type(obj)]


def noted(obj: Object) -> Object:
    """Return a set as it is once its back end is noted; anything else as it is."""
    return with_backend(obj, BackendName.KRUISE) if isinstance(obj, GameServerSet) else obj


class MemoryRecorder:
    """Remembers events as one line each."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        self.events.append(f"Normal {reason} {message}")

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        self.events.append(f"Warning {reason} {message}")


class SetClock(SystemClock):
    """Says what it is told; starts with a fraction of a second, which no object keeps.

    Between two looks at the stopwatch an hour passes, so that nothing has to wait for its turn;
    a test about waiting sets ``lap``.
    """

    def __init__(self) -> None:
        self.time = NOW + timedelta(microseconds=5)
        self.lap = 3600.0
        self._elapsed = 0.0

    def monotonic(self) -> float:
        self._elapsed += self.lap
        return self._elapsed

    def now(self) -> datetime:
        return self.time
