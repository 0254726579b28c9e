"""What a pod template and its claims may say.

What Kubernetes refuses in a pod is refused here too, as far as it is cheap to know: with such a
template OpenKruise would remove servers that it then cannot make again.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from okg.api.game import GameServerTemplate
from okg.workload.invalid import InvalidField, attempt
from okg.workload.labels import is_annotation_key, is_dns_label, is_key, is_label_value
from okg.workload.names import OUR_LABELS, OWNER_GSS
from okg.workload.opaque import is_there, read_list, read_object, read_text

TEMPLATE = "spec.gameServerTemplate"

LABEL_VALUE = (
    'write at most 63 letters, digits, "-", "_" or ".", with a letter or digit at both ends'
)
"""What may be a label value, in words."""

DNS_LABEL = 'write at most 63 small letters, digits or "-", with a letter or digit at both ends'
"""What may be the name of a container, volume or host, in words."""


def template_problems(template: GameServerTemplate) -> tuple[InvalidField, ...]:
    """Return why a template cannot become pods, or the workload of them."""
    return (
        *metadata_problems(bytes(template.metadata)),
        *container_problems(bytes(template.spec)),
        *_pod_problems(bytes(template.spec)),
        *_claim_problems(bytes(template.volume_claim_templates)),
    )


def label_cautions(labels: Mapping[str, str], set_name: str) -> Iterator[InvalidField]:
    """Yield labels of the template that are overwritten, because they mean something to us."""
    owner = labels.get(OWNER_GSS, set_name)
    if owner != set_name:
        yield InvalidField(
            f"{TEMPLATE}.metadata.labels[{OWNER_GSS}]",
            f'"{owner}" is replaced by "{set_name}", the name of the set; leave the label out',
        )
    for key in sorted((labels.keys() & OUR_LABELS) - {OWNER_GSS}):
        yield InvalidField(
            f"{TEMPLATE}.metadata.labels[{key}]",
            f'"{labels[key]}" is overwritten by the controllers; leave the label out',
        )


@lru_cache(maxsize=1024)
def metadata_problems(document: bytes) -> tuple[InvalidField, ...]:
    """Return what is wrong with the JSON of the template's metadata."""
    members = attempt(read_object, msgspec.Raw(document), f"{TEMPLATE}.metadata")
    if isinstance(members, InvalidField):
        return (members,)
    return (
        *_text_problems(members.get("labels"), f"{TEMPLATE}.metadata.labels", labels=True),
        *_text_problems(members.get("annotations"), f"{TEMPLATE}.metadata.annotations"),
    )


@lru_cache(maxsize=1024)
def container_problems(document: bytes) -> tuple[InvalidField, ...]:
    """Return what is wrong with the containers in the JSON of the template's spec."""
    members = attempt(read_object, msgspec.Raw(document), f"{TEMPLATE}.spec")
    if isinstance(members, InvalidField):
        return (members,)
    taken: dict[str, str] = {}
    return (
        *_containers(
            members.get("containers"), f"{TEMPLATE}.spec.containers", taken, required=True
        ),
        *_containers(members.get("initContainers"), f"{TEMPLATE}.spec.initContainers", taken),
    )


@lru_cache(maxsize=1024)
def _pod_problems(document: bytes) -> tuple[InvalidField, ...]:
    """Return what OpenKruise does not allow in the spec of a pod that is to live for ever."""
    where = f"{TEMPLATE}.spec"
    members = attempt(read_object, msgspec.Raw(document), where)
    if isinstance(members, InvalidField):
        return ()
    problems = [
        attempt(read_list, members.get("readinessGates"), f"{where}.readinessGates"),
        attempt(_check_restart_policy, members.get("restartPolicy"), f"{where}.restartPolicy"),
    ]
    if is_there(members.get("activeDeadlineSeconds")):
        problem = "game servers have no deadline; leave it out"
        problems.append(InvalidField(f"{where}.activeDeadlineSeconds", problem))
    return tuple(problem for problem in problems if isinstance(problem, InvalidField))


def _check_restart_policy(document: msgspec.Raw | None, field: str) -> None:
    policy = read_text(document, field)
    if policy not in {"", "Always"}:
        raise InvalidField(field, f'"{policy}" is not possible; write "Always" or leave it out')


def _text_problems(
    document: msgspec.Raw | None, field: str, *, labels: bool = False
) -> Iterator[InvalidField]:
    texts = attempt(read_object, document, field)
    if isinstance(texts, InvalidField):
        yield texts
        return
    may_be_key = is_key if labels else is_annotation_key
    for key, raw in texts.items():
        where = f"{field}[{key}]"
        if not may_be_key(key):
            yield InvalidField(where, "is no key of the form name or prefix/name")
        value = attempt(read_text, raw, where)
        if isinstance(value, InvalidField):
            yield value
        elif labels and not is_label_value(value):
            yield InvalidField(where, f'"{value}" is no label value; {LABEL_VALUE}')


def _containers(
    document: msgspec.Raw | None, field: str, taken: dict[str, str], *, required: bool = False
) -> Iterator[InvalidField]:
    """Yield problems of one list of containers; notes names in ``taken``, each with its field."""
    containers = attempt(read_list, document, field)
    if isinstance(containers, InvalidField):
        yield containers
        return
    if required and not containers:
        yield InvalidField(field, "must list at least one container")
    for index, container in enumerate(containers):
        yield from _container_problems(container, f"{field}[{index}]", taken)


def _container_problems(
    document: msgspec.Raw, field: str, taken: dict[str, str]
) -> Iterator[InvalidField]:
    members = attempt(read_object, document, field)
    if isinstance(members, InvalidField):
        yield members
        return
    yield from _name_problems(members.get("name"), f"{field}.name", taken)
    image = attempt(read_text, members.get("image"), f"{field}.image")
    if isinstance(image, InvalidField):
        yield image


@lru_cache(maxsize=1024)
def _claim_problems(document: bytes) -> tuple[InvalidField, ...]:
    where = f"{TEMPLATE}.volumeClaimTemplates"
    claims = attempt(read_list, msgspec.Raw(document), where)
    if isinstance(claims, InvalidField):
        return (claims,)
    taken: dict[str, str] = {}
    return tuple(
        problem
        for index, claim in enumerate(claims)
        for problem in _name_problems(
            _name_of_claim(claim), f"{where}[{index}].metadata.name", taken
        )
    )


def _name_of_claim(claim: msgspec.Raw) -> msgspec.Raw | None:
    """Return the name of a claim; its shape is the definition's business."""
    members = attempt(read_object, claim, "")
    if isinstance(members, InvalidField):
        return None
    metadata = attempt(read_object, members.get("metadata"), "")
    return None if isinstance(metadata, InvalidField) else metadata.get("name")


def _name_problems(
    document: msgspec.Raw | None, field: str, taken: dict[str, str]
) -> Iterator[InvalidField]:
    name = attempt(read_text, document, field)
    if isinstance(name, InvalidField):
        yield name
    elif not name:
        yield InvalidField(field, "is required")
    elif name in taken:
        yield InvalidField(field, f'"{name}" is the name in {taken[name]} already; write another')
    elif not is_dns_label(name):
        yield InvalidField(field, f'"{name}" cannot be a name; {DNS_LABEL}')
    else:
        taken[name] = field
