"""Routes of a server, brought one step further at each look.

Nearly nothing of what AWS has made can become something else. So a route of which anything is other
than wanted is taken back as a whole, and made anew once it is gone; in the order in which AWS lets
go: who refers to a target group before the group.
"""

from collections.abc import Collection
from contextlib import suppress

from msgspec.structs import replace

from okg.api.elbv2 import HealthCheck, Listener, TargetGroup, TargetGroupBinding, TargetGroupSpec
from okg.api.meta import ObjectMeta
from okg.api.resource import O, Object
from okg.client.client import Client
from okg.cloudprovider.amazonswebservices.objects import (
    SYNCED,
    Route,
    build_binding,
    build_listener,
    build_target_group,
)
from okg.context import Context
from okg.errors import AlreadyExists, NotFound

_KINDS = (TargetGroupBinding, Listener, TargetGroup)


def lead(ctx: Context, client: Client, route: Route, *, disabled: bool) -> bool:
    """Bring a route one step further; return whether connections get through."""
    wanted = build_target_group(route)
    if disabled:
        # First of all: what it takes to get connections through may take its time, or never be.
        _drop(client, TargetGroupBinding, wanted.metadata)
    group = _settle(client, wanted)
    if group is None or not _is_made(ctx, group):
        return False
    group = client.patch(group, replace(group, spec=_probed(group.spec, wanted.spec)))
    listener = _settle(client, build_listener(route, group.status.arn))
    if listener is None or disabled:
        return False
    if _settle(client, build_binding(route, group.status.arn)) is None:
        return False
    client.patch(group, _synced(group))
    return _is_made(ctx, listener)


def take_back(client: Client, meta: ObjectMeta) -> None:
    """Remove all objects of a route, by the metadata of one of them."""
    for kind in _KINDS:
        _drop(client, kind, meta)


def take_back_others(client: Client, server: ObjectMeta, names: Collection[str]) -> None:
    """Remove what is left of routes that a server had.

    Args:
        client: reads and writes.
        server: metadata of its Service, whose labels all that is a server's has.
        names: of the routes that it is to have.
    """
    for kind in _KINDS:
        for obj in client.list(kind, namespace=server.namespace, labels=server.labels):
            if obj.metadata.name not in names:
                take_back(client, obj.metadata)


def _settle(client: Client, wanted: O) -> O | None:
    """Bring an object one step further; return it unless it is not what is wanted yet."""
    meta = wanted.metadata
    stored = client.get(type(wanted), meta.namespace, meta.name)
    if stored is None:
        with suppress(AlreadyExists):
            return client.create(wanted)
        return None
    if _is_going(stored.metadata, meta):
        if isinstance(stored, TargetGroup) and stored.metadata.deletion_timestamp is not None:
            # Who refers to it may have another owner, and would keep it for ever.
            take_back(client, meta)
        return None
    if _fixed(stored) != _fixed(wanted):
        take_back(client, meta)
        return None
    return client.patch(stored, replace(stored, metadata=_merged(stored.metadata, meta)))


def _drop(client: Client, kind: type[Object], meta: ObjectMeta) -> None:
    stored = client.get(kind, meta.namespace, meta.name)
    if stored is not None and stored.metadata.deletion_timestamp is None:
        with suppress(NotFound):
            client.delete(stored)


def _is_made(ctx: Context, obj: TargetGroup | Listener) -> bool:
    """Whether it is there in AWS; that it never will be is logged."""
    if obj.status.refusal:
        kind = obj.resource_type.kind
        ctx.log.warning("AWS refuses", kind=kind, name=obj.key, message=obj.status.refusal)
    return bool(obj.status.arn)


def _is_going(stored: ObjectMeta, wanted: ObjectMeta) -> bool:
    """Whether an object is removed, or will be together with an earlier owner of this name."""
    old, new = stored.controller, wanted.controller
    outlived = (
        old is not None
        and new is not None
        and (old.kind, old.name) == (new.kind, new.name)
        and old.uid != new.uid
    )
    return outlived or stored.deletion_timestamp is not None


def _fixed(obj: Object) -> object:
    """Return what of an object cannot become anything else in AWS.

    The port of a target group can, but does not matter: bindings say a port with each address.
    """
    match obj:
        case TargetGroup(spec=spec):
            return spec.name, spec.protocol, spec.vpc_id
        case Listener(spec=spec):
            return replace(spec, tags=())
        case TargetGroupBinding(spec=spec):
            return spec
        case _:
            return None


def _merged(stored: ObjectMeta, wanted: ObjectMeta) -> ObjectMeta:
    """Return metadata with all that is ours; the labels are the same ever after."""
    return replace(
        stored,
        labels={**wanted.labels, **stored.labels},
        annotations={**stored.annotations, **wanted.annotations},
        owner_references=wanted.owner_references,
    )


def _probed(stored: TargetGroupSpec, wanted: TargetGroupSpec) -> TargetGroupSpec:
    """Return a target group that is probed as wanted; what is not said, AWS has filled in."""
    names = HealthCheck.__struct_fields__
    said = {name: value for name in names if (value := getattr(wanted, name)) is not None}
    return replace(stored, **said)


def _synced(group: TargetGroup) -> TargetGroup:
    labels = {**group.metadata.labels, SYNCED: "true"}
    return replace(group, metadata=replace(group.metadata, labels=labels))
