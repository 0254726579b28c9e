"""Back ends: where the workload of a set is kept, and so who makes pods of it.

Both speak in values of OpenKruise's StatefulSet. With ``native`` such a value is kept in a
ConfigMap, and the workload controller makes the pods.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeAlias

import msgspec

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.controllers.indexes import BY_SET, set_key
from okg.errors import Conflict, NotFound
from okg.workload.backend_choice import BackendName, choose_backend
from okg.workload.invalid import InvalidField
from okg.workload.native.rebuild import rebuild_statefulset
from okg.workload.native.record import is_held, record_name, record_of, to_config_map
from okg.workload.statefulset import build_statefulset


class WorkloadBackend(Protocol):
    """Keeps the workloads of sets."""

    @property
    def name(self) -> BackendName:
        """Which one it is."""
        ...

    @property
    def title(self) -> str:
        """What events call a workload."""
        ...

    def get(self, gss: GameServerSet) -> AdvancedStatefulSet | None:
        """Return the workload of a set.

        Raises:
            InvalidField: somebody else wrote what cannot be read.
        """
        ...

    def create(self, gss: GameServerSet) -> None:
        """Make the workload of a set that has none.

        Raises:
            InvalidField: the set's template cannot become a pod.
        """
        ...

    def patch(
        self, gss: GameServerSet, before: AdvancedStatefulSet, after: AdvancedStatefulSet
    ) -> None:
        """Change the workload of a set, unless it was changed since it was read (Conflict)."""
        ...


class KruiseBackend:
    """Keeps workloads as StatefulSets of OpenKruise."""

    name = BackendName.KRUISE
    title = "Advanced StatefulSet"

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, gss: GameServerSet) -> AdvancedStatefulSet | None:
        """Return the StatefulSet of the set's name."""
        meta = gss.metadata
        return self._client.get(AdvancedStatefulSet, meta.namespace, meta.name)

    def create(self, gss: GameServerSet) -> None:
        """Create the StatefulSet."""
        self._client.create(build_statefulset(gss))

    def patch(
        self, gss: GameServerSet, before: AdvancedStatefulSet, after: AdvancedStatefulSet
    ) -> None:
        """Patch the StatefulSet."""
        del gss
        self._client.patch(before, after)


class NativeBackend:
    """Keeps workloads as records in ConfigMaps."""

    name = BackendName.NATIVE
    title = "workload record"

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, gss: GameServerSet) -> AdvancedStatefulSet | None:
        """Return what the set's record describes, once it is in force."""
        record = self._record(gss)
        return record_of(record) if record is not None and not is_held(record) else None

    def create(self, gss: GameServerSet) -> None:
        """Create the record: around the servers that live, if there are any."""
        meta = gss.metadata
        pods = self._client.list(Pod, index=(BY_SET, set_key(meta.namespace, meta.name)))
        self._client.create(to_config_map(rebuild_statefulset(gss, pods), gss))

    def patch(
        self, gss: GameServerSet, before: AdvancedStatefulSet, after: AdvancedStatefulSet
    ) -> None:
        """Patch the record."""
        record = self._record(gss)
        if record is None:
            raise NotFound(404, "NotFound", f"the record of {gss.key} is gone")
        if record.metadata.resource_version != before.metadata.resource_version:
            raise Conflict(409, "Conflict", f"the record of {gss.key} was changed meanwhile")
        self._client.patch(record, to_config_map(after, gss, record))

    def _record(self, gss: GameServerSet) -> ConfigMap | None:
        meta = gss.metadata
        return self._client.get(ConfigMap, meta.namespace, record_name(meta.name))


Prospect: TypeAlias = Callable[[GameServerSet], BackendName | None]
"""Who gets a set that is new and says nothing; None if that is not known yet."""


class Home(msgspec.Struct, frozen=True):
    """Where the workload of a set is kept, or will be.

    Attributes:
        backend: None if that is not known yet.
        problem: what the set says against it.
    """

    backend: WorkloadBackend | None
    problem: InvalidField | None = None


class Backends:
    """The back ends of this cluster, and which of them is whose.

    Args:
        served: all there are.
        prospect: for sets that are new and say nothing.
    """

    def __init__(self, served: Mapping[BackendName, WorkloadBackend], prospect: Prospect) -> None:
        self._served = served
        self._prospect = prospect

    @property
    def served(self) -> Collection[BackendName]:
        """The names of all there are."""
        return self._served.keys()

    def home_of(self, gss: GameServerSet) -> Home:
        """Return where the workload of a set is to be kept.

        Raises:
            InvalidField: what the set says of it makes no sense.
        """
        present = [name for name, backend in self._served.items() if backend.get(gss) is not None]
        choice = choose_backend(gss, present=present, served=self.served)
        name = choice.name or self._prospect(gss)
        return Home(self._served[name] if name is not None else None, choice.problem)

    def workload_of(self, gss: GameServerSet) -> AdvancedStatefulSet | None:
        """Return the workload of a set wherever it is kept.

        Raises:
            InvalidField: what the set says of it makes no sense, or nobody can read it.
        """
        found = {name: there for name, b in self._served.items() if (there := b.get(gss))}
        choice = choose_backend(gss, present=found.keys(), served=self.served)
        return found.get(choice.name) if choice.name is not None else None


def kruise_only(client: Client) -> Backends:
    """Return the back ends of a cluster whose sets all run on OpenKruise."""
    served = {BackendName.KRUISE: KruiseBackend(client)}
    return Backends(served, lambda _: BackendName.KRUISE)
