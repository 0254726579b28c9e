"""What ``okg plan`` asks the API server: nothing of it is stored there."""

from collections.abc import Mapping
from typing import cast

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import Opaque
from okg.client.apply import apply_patch, merged
from okg.client.decoding import decode
from okg.client.patch import MERGE_PATCH, Json, diff
from okg.client.rest import ApiClient
from okg.cmd.discovery import can_resize_pods
from okg.errors import BadRequest, ConfigError, Forbidden, Invalid, NotFound, OkgError
from okg.workload.in_place import template_changes
from okg.workload.names import OWNER_GSS
from okg.workload.native.record import record_name, record_of
from okg.workload.ownership import is_going
from okg.workload.plan import LiveSet
from okg.workload.plan_updates import Templates
from okg.workload.problems import find_problems
from okg.workload.statefulset import needs_update, update_statefulset

_DRY_RUN = {"dryRun": "All", "fieldManager": "okg-plan"}
_STRICT = {"fieldValidation": "Strict"}
"""As kubectl does: a misspelt field is an error."""

_DENIED = "denied the request"
"""What the API server says when an admission webhook refuses; a missing right reads otherwise."""


class Refused(OkgError):
    """The API server does not take an object."""


class Proposal(msgspec.Struct, frozen=True):
    """A set as it would be stored.

    Attributes:
        gss: the set.
        unchecked: why the API server was not asked, empty if it was.
    """

    gss: GameServerSet
    unchecked: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """What pods are compared by.

    Attributes:
        templates: None if OpenKruise does not take the new one.
        refusal: why it does not.
        unchecked: why OpenKruise was not asked, empty if it was.
        unasked: why it is not known what the API server does with amounts of running pods.
    """

    templates: Templates | None
    refusal: str = ""
    unchecked: str = ""
    unasked: str = ""


def propose(
    api: ApiClient, manifest: Mapping[str, Json], stored: Mapping[str, Json] | None
) -> Proposal:
    """Return what ``kubectl apply`` would store, defaults and all.

    Raises:
        Refused: the API server does not take it.
    """
    patch = manifest if stored is None else apply_patch(manifest, stored)
    try:
        return Proposal(_dry_run(api, patch, manifest, stored))
    except (Invalid, BadRequest, NotFound, Forbidden) as error:
        if not _may_go_on(error):
            raise Refused(error.message) from error
        document = msgspec.json.encode(merged(stored, patch))
        return Proposal(decode(GameServerSet, document), unchecked=error.message)


def read_stored(api: ApiClient, namespace: str, name: str) -> dict[str, Json] | None:
    """Return a set as it is stored, every field of it, or None."""
    try:
        answer = api.request("GET", GameServerSet.resource_type.path(namespace, name))
    except NotFound:
        return None
    return cast("dict[str, Json]", msgspec.json.decode(answer.body))


def read_live(api: ApiClient, namespace: str, stored: Mapping[str, Json] | None) -> LiveSet:
    """Return a set with everything that belongs to it."""
    if stored is None:
        return LiveSet()
    gss = decode(GameServerSet, msgspec.json.encode(stored))
    name = gss.metadata.name
    workload = api.get(AdvancedStatefulSet, namespace, name)
    if workload is not None and is_going(workload, gss):
        workload = None
    # Asked for last: who knows OpenKruise alone need not have the right.
    record = _record(api, gss) if workload is None else None
    labels = f"{OWNER_GSS}={name}"
    return LiveSet(
        gss=gss,
        workload=workload or record,
        pods=api.list(Pod, namespace=namespace, labels=labels),
        servers=api.list(GameServer, namespace=namespace, labels=labels),
        native=record is not None,
    )


def _record(api: ApiClient, gss: GameServerSet) -> AdvancedStatefulSet | None:
    """Return the workload of a set whose pods the manager makes, None if there is none."""
    meta = gss.metadata
    record = api.get(ConfigMap, meta.namespace, record_name(meta.name))
    return None if record is None or is_going(record, gss) else record_of(record)


def compare(api: ApiClient, new: GameServerSet, live: LiveSet) -> Comparison:
    """Return what the pods of a set are compared by.

    OpenKruise fills defaults into the template; only what it would make of the new one can be
    compared with the revisions that it has stored. The manager itself stores it as it is.
    """
    workload = live.workload
    if workload is None or find_problems(new, workload).template:
        return Comparison(None)
    after = update_statefulset(workload, new) if needs_update(workload, new) else workload
    if live.native:
        return _compare_native(api, after)
    try:
        target = _dry_run_workload(api, workload, after)
    except (Invalid, BadRequest, Forbidden) as error:
        if not _may_go_on(error):
            return Comparison(None, refusal=error.message)
        return Comparison(_by_manifests(new, live), unchecked=error.message)
    revisions = _revisions(api, workload)
    newest = revisions.get(workload.status.update_revision)
    if newest is None or template_changes(newest, workload.spec.template):
        return Comparison(_by_manifests(new, live))
    return Comparison(Templates(target, revisions))


def _compare_native(api: ApiClient, workload: AdvancedStatefulSet) -> Comparison:
    resizing, unasked = False, ""
    try:
        resizing = can_resize_pods(api)
    except ConfigError as error:
        unasked = str(error)
    templates = Templates(
        workload.spec.template, _revisions(api, workload), native=True, resizing=resizing
    )
    return Comparison(templates, unasked=unasked)


def _by_manifests(new: GameServerSet, live: LiveSet) -> Templates | None:
    """Compare what we would write with what we wrote; older revisions stay unknown."""
    workload, old = live.workload, live.gss
    if workload is None or old is None:
        return None
    target = update_statefulset(workload, new).spec.template
    if old.spec is None or find_problems(old, workload).template:
        return Templates(target)
    newest = workload.status.update_revision
    return Templates(target, {newest: update_statefulset(workload, old).spec.template})


def _revisions(api: ApiClient, workload: AdvancedStatefulSet) -> dict[str, Opaque]:
    meta = workload.metadata
    found = api.list(
        ControllerRevision, namespace=meta.namespace, labels=f"{OWNER_GSS}={meta.name}"
    )
    return {revision.metadata.name: revision.data.spec.template for revision in found}


def _dry_run(
    api: ApiClient,
    patch: Mapping[str, Json],
    manifest: Mapping[str, Json],
    stored: Mapping[str, Json] | None,
) -> GameServerSet:
    resource, meta = GameServerSet.resource_type, cast("Mapping[str, str]", manifest["metadata"])
    body, query = msgspec.json.encode(patch), {**_DRY_RUN, **_STRICT}
    if stored is None:
        answer = api.request("POST", resource.path(meta["namespace"]), query=query, body=body)
    else:
        path = resource.path(meta["namespace"], meta["name"])
        answer = api.request("PATCH", path, query=query, body=body, content_type=MERGE_PATCH)
    return decode(GameServerSet, answer.body)


def _dry_run_workload(
    api: ApiClient, before: AdvancedStatefulSet, after: AdvancedStatefulSet
) -> Opaque:
    change = diff(before, after, lock=True)
    if change is None:
        return after.spec.template
    answer = api.request(
        "PATCH",
        before.resource_type.path(before.metadata.namespace, before.metadata.name),
        query=_DRY_RUN,
        body=change.body,
        content_type=change.content_type,
    )
    return decode(AdvancedStatefulSet, answer.body).spec.template


def _may_go_on(error: Invalid | BadRequest | NotFound | Forbidden) -> bool:
    """Whether a dry run failed for want of a right, or of a webhook that can be asked dry."""
    if isinstance(error, Forbidden):
        return _DENIED not in error.message
    return isinstance(error, BadRequest) and "does not support dry run" in error.message
