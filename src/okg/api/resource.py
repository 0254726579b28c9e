"""ResourceType: how a kind is addressed. Object: what every kind has in common."""

from typing import ClassVar, TypeVar

import msgspec

from okg.api.meta import ObjectMeta, Value


class ResourceType(msgspec.Struct, frozen=True):
    """The address of a kind on the API server.

    Attributes:
        group: API group, empty for core.
        version: e.g. ``v1``.
        kind: e.g. ``Pod``.
        plural: the name in URLs, e.g. ``pods``.
        namespaced: False for kinds like Node.
        closed: our type declares every field of the schema, so a list of objects may be written
            whole without losing what we do not know. False is always safe.
        merge_keys: lists of the status whose items the server merges one by one, each with the
            field that tells them apart. Only built-in kinds have any.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    closed: bool = False
    merge_keys: tuple[tuple[str, str], ...] = ()

    @property
    def api_version(self) -> str:
        """``group/version``, or only the version for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """``plural.group``, the way kubectl and the server's messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path of a collection, an object or a subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "".join(f"/{part}" for part in (self.plural, name, subresource) if part)
        return f"{root}{scope}{tail}"


class Object(Value, frozen=True, kw_only=True):
    """Base of all kinds; a subclass names its ``resource_type`` and declares its fields.

    Repeat ``frozen=True, kw_only=True`` on subclasses: type checkers do not inherit them.

    Attributes:
        selector: labels by which caches tell the objects of a type from others of its resource.
    """

    resource_type: ClassVar[ResourceType]
    selector: ClassVar[str] = ""
    metadata: ObjectMeta = ObjectMeta()

    @property
    def key(self) -> str:
        """``namespace/name``, or the name alone for a cluster-scoped object."""
        meta = self.metadata
        return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name


O = TypeVar("O", bound=Object)  # noqa: E741 - the field's letter for an object type
