"""Pods from a template: identity and storage are ours, every other byte is the user's."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import ObjectMeta
from okg.api.drafts import PodDraft
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, LifecycleHook
from okg.api.meta import Opaque, Value
from okg.workload.invalid import InvalidField
from okg.workload.names import (
    KRUISE_POD_READY,
    LIFECYCLE_CHANGED_AT,
    LIFECYCLE_NORMAL,
    LIFECYCLE_STATE,
    POD_INDEX,
    POD_NAME,
    PREPARING_NORMAL,
    REVISION,
)
from okg.workload.native.storage import claim_name, read_claim_templates
from okg.workload.opaque import read_list, read_object, read_text
from okg.workload.ownership import controlled_by

_TEMPLATE = "the workload's spec.template"


class TemplateMeta(Value, frozen=True, kw_only=True):
    """What of a template's metadata becomes a pod's."""

    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    finalizers: tuple[str, ...] = ()


class PodTemplate(msgspec.Struct, frozen=True):
    """A pod template, its spec taken apart one level deep."""

    metadata: TemplateMeta
    spec: Mapping[str, msgspec.Raw]


def read_template(template: Opaque) -> PodTemplate:
    """Return a template's parts.

    Raises:
        InvalidField: it is no pod template.
    """
    return _read(bytes(template))


def build_pod(
    workload: AdvancedStatefulSet,
    gss: GameServerSet,
    ordinal: int,
    revision: ControllerRevision,
    now: datetime,
) -> PodDraft:
    """Return the pod of one id.

    Args:
        workload: what the pod is of.
        gss: who owns the pod.
        ordinal: the id.
        revision: whose template the pod is made from.
        now: when its life begins.

    Raises:
        InvalidField: template or claims make no sense.
    """
    template = read_template(revision.data.spec.template)
    meta, name = template.metadata, f"{workload.metadata.name}-{ordinal}"
    ours = {
        POD_NAME: name,
        POD_INDEX: str(ordinal),
        REVISION: revision.metadata.name,
        LIFECYCLE_STATE: _first_state(workload, meta),
    }
    return PodDraft(
        metadata=ObjectMeta(
            name=name,
            generate_name=f"{workload.metadata.name}-",
            namespace=workload.metadata.namespace,
            labels={**meta.labels, **ours},
            annotations={**meta.annotations, LIFECYCLE_CHANGED_AT: f"{now:%Y-%m-%dT%H:%M:%SZ}"},
            finalizers=meta.finalizers,
            owner_references=(controlled_by(gss),),
        ),
        spec=_spec(workload, ordinal, template.spec),
    )


def _first_state(workload: AdvancedStatefulSet, meta: TemplateMeta) -> str:
    hook = workload.spec.lifecycle.pre_normal if workload.spec.lifecycle else None
    return LIFECYCLE_NORMAL if hook is None or _satisfies(meta, hook) else PREPARING_NORMAL


def _satisfies(meta: TemplateMeta, hook: LifecycleHook) -> bool:
    labelled = hook.labels_handler.items() <= meta.labels.items()
    return labelled and set(hook.finalizers_handler) <= set(meta.finalizers)


def _spec(
    workload: AdvancedStatefulSet, ordinal: int, template: Mapping[str, msgspec.Raw]
) -> Opaque:
    spec = {
        **template,
        "hostname": _encode(f"{workload.metadata.name}-{ordinal}"),
        "subdomain": _encode(workload.spec.service_name),
        "readinessGates": _encode(_gates(template.get("readinessGates"))),
    }
    volumes = _volumes(workload, ordinal, template.get("volumes"))
    return _encode(spec | ({"volumes": _encode(volumes)} if volumes else {}))


def _gates(listed: msgspec.Raw | None) -> Sequence[Mapping[str, str]]:
    """Return the template's readiness gates, each once, and the one that hooks need."""
    where = f"{_TEMPLATE}.spec.readinessGates"
    members = [read_object(gate, where) for gate in read_list(listed, where)]
    gates = [read_text(gate.get("conditionType"), where) for gate in members]
    return [{"conditionType": gate} for gate in dict.fromkeys([*gates, KRUISE_POD_READY])]


def _volumes(
    workload: AdvancedStatefulSet, ordinal: int, listed: msgspec.Raw | None
) -> Sequence[object]:
    """Return a volume for each claim, then what the template has under other names."""
    where = f"{_TEMPLATE}.spec.volumes"
    claims = {
        template.name: claim_name(template.name, workload, ordinal)
        for template in read_claim_templates(workload)
    }
    own = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim}}
        for name, claim in claims.items()
    ]
    return [*own, *_others(read_list(listed, where), claims, where)]


def _others(
    volumes: Sequence[msgspec.Raw], claims: Mapping[str, str], where: str
) -> Iterator[msgspec.Raw]:
    for volume in volumes:
        if read_text(read_object(volume, where).get("name"), where) not in claims:
            yield volume


@lru_cache(maxsize=1024)
def _read(template: bytes) -> PodTemplate:
    members = read_object(msgspec.Raw(template), _TEMPLATE)
    try:
        meta = msgspec.json.decode(members.get("metadata", b"{}"), type=TemplateMeta | None)
    except msgspec.MsgspecError as error:
        raise InvalidField(f"{_TEMPLATE}.metadata", str(error)) from error
    return PodTemplate(
        meta or TemplateMeta(), read_object(members.get("spec"), f"{_TEMPLATE}.spec")
    )


def _encode(value: object) -> Opaque:
    return msgspec.Raw(msgspec.json.encode(value))
