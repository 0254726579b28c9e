"""What one action of a service quality makes of a game server.

Texts may be templates over the probe's result. What cannot be used is left out and told: a program
in a container must not be able to freeze its own server.
"""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from okg.api.game import (
    GameServer,
    GameServerContainer,
    GameServerSpec,
    ServiceQualityAction,
    ServiceQualityCondition,
)
from okg.api.meta import IntOrString, ObjectMeta
from okg.workload.go_strconv import parse_integer
from okg.workload.gotemplate import TemplateError, render
from okg.workload.labels import is_annotation_key, is_key, is_label_value
from okg.workload.names import OUR_KEYS
from okg.workload.notices import Notice
from okg.workload.pod_sync import INVALID_LABEL_VALUE

INVALID_TEMPLATE = "InvalidTemplate"
INVALID_IMAGE = "InvalidImage"
INVALID_KEY = "InvalidKey"

_TEMPLATE_MARK = "{{"
"""What an int-or-string holds as an integer."""


class Applied(msgspec.Struct, frozen=True):
    """A server after an action.

    Attributes:
        server: the very same object if the action changes nothing.
        notices: values that could not be used.
    """

    server: GameServer
    notices: tuple[Notice, ...]


def apply_action(
    server: GameServer, action: ServiceQualityAction, condition: ServiceQualityCondition
) -> Applied:
    """Return the server with everything the action sets.

    Args:
        server: as it is.
        action: an action that is due.
        condition: name and result of the quality.
    """
    texts = _Texts(condition)
    spec = _spec(server.spec, action, texts)
    metadata = _metadata(server.metadata, action, texts)
    changed = (spec, metadata) != (server.spec, server.metadata)
    return Applied(
        server=replace(server, spec=spec, metadata=metadata) if changed else server,
        notices=tuple(texts.notices),
    )


class _Texts:
    """Renders the texts of one action and notes which of them cannot be used."""

    def __init__(self, condition: ServiceQualityCondition) -> None:
        self.notices: list[Notice] = []
        self._quality = condition.name
        self._result = condition.result

    def render(self, field: str, text: str) -> str:
        """Return the rendered text; a template with a mistake is a text like any other."""
        if _TEMPLATE_MARK not in text:
            return text
        try:
            return render(text, result=self._result)
        except TemplateError as error:
            self._warn(INVALID_TEMPLATE, field, f"{error}; the text is taken as it is")
            return text

    def label(self, field: str, text: str) -> str | None:
        """Return the rendered text if it can be the value of a label."""
        value = self.render(field, text)
        return self._usable(
            is_label_value,
            value,
            INVALID_LABEL_VALUE,
            field,
            f'"{value}" cannot be the value of a label, which is left out',
        )

    def image(self, field: str, text: str) -> str | None:
        """Return the rendered text if it can be an image; an empty one changes nothing."""
        value = self.render(field, text)
        told = f'"{value}" cannot be an image, which is left out'
        return self._usable(_may_be_image, value, INVALID_IMAGE, field, told)

    def label_key(self, key: str) -> bool:
        """Whether an action may set the label of this key."""
        return self._key(is_key, "labels", key)

    def annotation_key(self, key: str) -> bool:
        """Whether an action may set the annotation of this key."""
        return self._key(is_annotation_key, "annotations", key)

    def priority(self, title: str, value: IntOrString | None) -> IntOrString | None:
        """Return a priority: as it is, or the whole number that its template makes; None: keep."""
        if not isinstance(value, str) or _TEMPLATE_MARK not in value:
            return value
        try:
            return _whole_number(render(value, result=self._result))
        except (TemplateError, ValueError) as error:
            message = (
                f"Failed to parse {title} template '{value}' with result '{self._result}': {error}"
            )
            self.notices.append(Notice(f"Invalid{title}", message, warning=True))
            return None

    def _key(self, check: Callable[[str], bool], field: str, key: str) -> bool:
        if key in OUR_KEYS:
            self._warn(INVALID_KEY, field, f'"{key}" is the controllers\' own and is left out')
            return False
        told = f'"{key}" is no key of the form name or prefix/name and is left out'
        return self._usable(check, key, INVALID_KEY, field, told) is not None

    def _usable(
        self, check: Callable[[str], bool], value: str, reason: str, field: str, told: str
    ) -> str | None:
        if check(value):
            return value
        self._warn(reason, field, told)
        return None

    def _warn(self, reason: str, field: str, told: str) -> None:
        message = f'service quality "{self._quality}", {field}: {told}'
        self.notices.append(Notice(reason, message, warning=True))


def _spec(spec: GameServerSpec, action: ServiceQualityAction, texts: _Texts) -> GameServerSpec:
    deletion = texts.priority("DeletionPriority", action.deletion_priority)
    update = texts.priority("UpdatePriority", action.update_priority)
    ops_state = texts.label("opsState", action.ops_state) if action.ops_state else None
    disabled = action.network_disabled
    return replace(
        spec,
        ops_state=spec.ops_state if ops_state is None else ops_state,
        update_priority=spec.update_priority if update is None else update,
        deletion_priority=spec.deletion_priority if deletion is None else deletion,
        network_disabled=spec.network_disabled if disabled is None else disabled,
        containers=_containers(spec.containers, action, texts),
    )


def _containers(
    present: tuple[GameServerContainer, ...], action: ServiceQualityAction, texts: _Texts
) -> tuple[GameServerContainer, ...]:
    """Return the server's containers with the action's merged in by name."""
    merged = {container.name: container for container in present}
    for wanted in action.containers:
        before = merged.get(wanted.name, GameServerContainer(name=wanted.name))
        image = texts.image(f"containers[{wanted.name}].image", wanted.image)
        merged[wanted.name] = replace(
            before,
            image=image or before.image,
            resources=wanted.resources or before.resources,
        )
    return tuple(merged.values())


def _metadata(meta: ObjectMeta, action: ServiceQualityAction, texts: _Texts) -> ObjectMeta:
    labels = {
        key: value
        for key, text in action.labels.items()
        if texts.label_key(key) and (value := texts.label(f"labels[{key}]", text)) is not None
    }
    annotations = {
        key: texts.render(f"annotations[{key}]", text)
        for key, text in action.annotations.items()
        if texts.annotation_key(key)
    }
    return replace(
        meta,
        labels=_merged(meta.labels, labels),
        annotations=_merged(meta.annotations, annotations),
    )


def _merged(present: Mapping[str, str], added: Mapping[str, str]) -> Mapping[str, str]:
    return {**present, **added} if added else present


def _whole_number(text: str) -> int:
    try:
        return parse_integer(text, 32)
    except ValueError as error:
        raise ValueError(f'"{text}" is no whole number of 32 bits') from error


def _may_be_image(text: str) -> bool:
    return not any(char.isspace() for char in text) and _TEMPLATE_MARK not in text
