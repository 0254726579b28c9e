"""What the actions of service qualities may say.

A text with ``{{`` in it is a template whose outcome is known only later; it is not judged here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from okg.api.game import ServiceQuality, ServiceQualityAction
from okg.workload.invalid import InvalidField, shown
from okg.workload.labels import is_annotation_key, is_key, is_label_value
from okg.workload.names import OUR_KEYS
from okg.workload.probe_rules import QUALITIES
from okg.workload.template_rules import LABEL_VALUE

_TEMPLATE = "{{"


def action_problems(qualities: Sequence[ServiceQuality]) -> Iterator[InvalidField]:
    """Yield what a server cannot carry, so that the action would fail when its time comes."""
    for where, action in _actions(qualities):
        for name, value in _settings(action).items():
            if _TEMPLATE not in value and not is_label_value(value):
                yield InvalidField(
                    f"{where}.{name}", f'"{shown(value)}" cannot be a label; {LABEL_VALUE}'
                )
        yield from _key_problems(action.labels, f"{where}.labels", is_key)
        yield from _key_problems(action.annotations, f"{where}.annotations", is_annotation_key)


def action_cautions(qualities: Sequence[ServiceQuality]) -> Iterator[InvalidField]:
    """Yield what another action of the same quality overwrites at once."""
    for index, quality in enumerate(qualities):
        yield from _conflicts(quality.service_quality_action, f"{QUALITIES}[{index}]")


def _conflicts(actions: Sequence[ServiceQualityAction], where: str) -> Iterator[InvalidField]:
    written: dict[tuple[bool, str, str], tuple[str, str]] = {}
    for index, action in enumerate(actions):
        field = f"{where}.serviceQualityAction[{index}]"
        for name, value in _effects(action).items():
            key = (action.state, action.result, name)
            earlier, at = written.get(key, (value, ""))
            if earlier != value:
                yield InvalidField(
                    f"{field}.{name}",
                    f'"{shown(value)}" replaces "{shown(earlier)}" of {at}, which is for the same '
                    "state and result; keep one of them",
                )
            written[key] = (value, field)


def _actions(qualities: Sequence[ServiceQuality]) -> Iterator[tuple[str, ServiceQualityAction]]:
    for index, quality in enumerate(qualities):
        for number, action in enumerate(quality.service_quality_action):
            yield f"{QUALITIES}[{index}].serviceQualityAction[{number}]", action


def _effects(action: ServiceQualityAction) -> dict[str, str]:
    """Return everything that an action sets on a server, by the field that sets it."""
    disabled = action.network_disabled
    return {
        **_settings(action),
        **({} if disabled is None else {"networkDisabled": str(disabled).lower()}),
        **{f"annotations[{key}]": value for key, value in action.annotations.items()},
    }


def _settings(action: ServiceQualityAction) -> dict[str, str]:
    """Return what becomes labels of server and pod, by the field that sets it."""
    found = {
        "opsState": action.ops_state or None,
        "updatePriority": action.update_priority,
        "deletionPriority": action.deletion_priority,
        **{f"labels[{key}]": value for key, value in action.labels.items()},
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _key_problems(
    keys: Iterable[str], field: str, may_be_key: Callable[[str], bool]
) -> Iterator[InvalidField]:
    for key in keys:
        if key in OUR_KEYS:
            yield InvalidField(f"{field}[{key}]", "is set by the controllers alone; leave it out")
        elif not may_be_key(key):
            yield InvalidField(f"{field}[{key}]", "is no key of the form name or prefix/name")
