"""Kinds: what the fake server has to know of a resource to treat it as the real one does."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from okg.api import core, game, kruise
from okg.api.coordination import Lease
from okg.api.resource import ResourceType
from okg.errors import StatusCause
from okg.testing.apiserver import events, pods
from okg.testing.apiserver.trees import Tree

Path: TypeAlias = tuple[str, ...]
Validator: TypeAlias = Callable[[Tree], Iterable[StatusCause]]
Mutator: TypeAlias = Callable[[Tree], Tree]


class Scale(msgspec.Struct, frozen=True):
    """Where a kind keeps what its scale subresource shows."""

    spec_replicas: Path = ("spec", "replicas")
    status_replicas: Path = ("status", "replicas")
    label_selector: Path = ("status", "labelSelector")


class Kind(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One resource that is served.

    Attributes:
        resource: how it is addressed.
        native: a built-in kind: strategic patches, status writes that carry metadata, list items
            without apiVersion, bodies that need not name their kind. Otherwise a custom resource.
        status: has the status subresource, so that other writes ignore the status.
        scale: has the scale subresource.
        generation: counts changes of the spec.
        guarded_update: an update must name the resourceVersion it is based on.
        first_status: status of a new object; None to keep what the creator sent.
        fields: what field selectors may name, besides name and namespace.
        micro_times: paths of times with exactly six fractional digits.
        bookmark: what a bookmark object of this kind carries besides its metadata.
        returned: a DELETE answers with the object, not with a Status.
        creation_checks: what is wrong with a new object.
    """

    resource: ResourceType
    native: bool = False
    status: bool = False
    scale: Scale | None = None
    generation: bool = True
    guarded_update: bool = True
    first_status: Mapping[str, str] | None = msgspec.field(default_factory=dict[str, str])
    fields: Collection[str] = ()
    micro_times: Sequence[Path] = ()
    bookmark: Mapping[str, object] = {}
    returned: bool = False
    creation_checks: Sequence[Validator] = ()

    @property
    def is_pod(self) -> bool:
        """Whether these are pods, the kind with rules of its own."""
        return not self.resource.group and self.resource.plural == "pods"

    @property
    def is_namespace(self) -> bool:
        """Whether these are namespaces."""
        return not self.resource.group and self.resource.plural == "namespaces"

    @property
    def subresources(self) -> tuple[str, ...]:
        """Names of the subresources."""
        named = {"status": self.status, "scale": self.scale is not None}
        for name in ("binding", "eviction"):
            named[name] = self.is_pod
        return tuple(name for name, there in named.items() if there)


def custom_kind(
    resource: ResourceType,
    *,
    subresources: Collection[str] = ("status",),
    scale: Scale | None = None,
) -> Kind:
    """Return a custom resource, as a CustomResourceDefinition makes it."""
    if "scale" in subresources and scale is None:
        scale = Scale()
    return Kind(resource=resource, status="status" in subresources, scale=scale)


def native_kind(resource: ResourceType) -> Kind:
    """Return a built-in kind without a status or anything else special."""
    return Kind(resource=resource, native=True, generation=False, guarded_update=False)


_EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "reason",
    "type",
)

_POD = Kind(
    resource=core.Pod.resource_type,
    native=True,
    status=True,
    guarded_update=False,
    first_status={"phase": "Pending", "qosClass": "BestEffort"},
    fields=("spec.nodeName", "status.phase", "spec.restartPolicy", "status.podIP"),
    # What a Go struct without values encodes to; a typed decoder of pods stumbles over the null.
    bookmark={"spec": {"containers": None}, "status": {}},
    returned=True,
    creation_checks=(pods.creation_causes,),
)

_OTHER_NATIVE = (
    native_kind(core.ConfigMap.resource_type),
    msgspec.structs.replace(native_kind(core.Secret.resource_type), fields=("type",)),
    msgspec.structs.replace(
        native_kind(core.Node.resource_type),
        status=True,
        first_status=None,
        fields=("spec.unschedulable",),
        bookmark={"spec": {}, "status": {}},
    ),
    msgspec.structs.replace(
        native_kind(core.PersistentVolumeClaim.resource_type),
        status=True,
        first_status={"phase": "Pending"},
        bookmark={"spec": {"resources": {}}, "status": {}},
        returned=True,
    ),
    msgspec.structs.replace(
        native_kind(core.PersistentVolume.resource_type),
        status=True,
        first_status={"phase": "Pending"},
        bookmark={"spec": {}, "status": {}},
        returned=True,
    ),
    msgspec.structs.replace(
        native_kind(core.Namespace.resource_type),
        status=True,
        first_status={"phase": "Active"},
        fields=("status.phase",),
        bookmark={"spec": {}, "status": {}},
        returned=True,
    ),
    msgspec.structs.replace(
        native_kind(core.Event.resource_type),
        fields=_EVENT_FIELDS,
        micro_times=(("eventTime",),),
        bookmark={"involvedObject": {}, "source": {}, "firstTimestamp": None},
        creation_checks=(events.core_event_causes,),
    ),
    # Kept apart from core/v1 events, which on a real server are the same objects.
    msgspec.structs.replace(
        native_kind(ResourceType("events.k8s.io", "v1", "Event", "events")),
        micro_times=(("eventTime",),),
        creation_checks=(events.event_causes,),
    ),
    msgspec.structs.replace(
        native_kind(ResourceType("", "v1", "Service", "services")),
        status=True,
        bookmark={"spec": {}, "status": {"loadBalancer": {}}},
        returned=True,
    ),
    msgspec.structs.replace(
        native_kind(ResourceType("networking.k8s.io", "v1", "Ingress", "ingresses")),
        status=True,
        generation=True,
    ),
    msgspec.structs.replace(
        native_kind(Lease.resource_type),
        guarded_update=True,
        micro_times=(("spec", "acquireTime"), ("spec", "renewTime")),
        bookmark={"spec": {}},
    ),
    *(
        msgspec.structs.replace(
            native_kind(
                ResourceType("admissionregistration.k8s.io", "v1", name, plural, namespaced=False)
            ),
            generation=True,
        )
        for name, plural in (
            ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
            ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
        )
    ),
)

CUSTOM_RESOURCE_DEFINITION = Kind(
    resource=ResourceType(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        namespaced=False,
    ),
    native=True,
    status=True,
)

_CUSTOM = (
    custom_kind(game.GameServerSet.resource_type, subresources=("status", "scale")),
    custom_kind(game.GameServer.resource_type),
    custom_kind(kruise.AdvancedStatefulSet.resource_type, subresources=("status", "scale")),
    custom_kind(kruise.PodProbeMarker.resource_type),
)

BUILT_IN = (_POD, *_OTHER_NATIVE, CUSTOM_RESOURCE_DEFINITION, *_CUSTOM)
