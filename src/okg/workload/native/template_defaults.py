"""Template defaults: what OpenKruise fills into a template, and a user leaves out.

Its webhook completes every template before it is stored in a revision, and writes quantities its
own way; ours are kept as they come. Where a set was moved from one to the other, a template must be
recognised in both forms, or every server would be made anew for nothing.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from okg.api.meta import Opaque
from okg.workload.changes import Json, as_json, without_nulls
from okg.workload.quantities import same_quantity

_CONTAINER = "spec.containers.*."
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = (*_PROBES, "lifecycle.postStart", "lifecycle.preStop")
_MODE = 0o644

_DEFAULTS: Mapping[str, tuple[Json, ...]] = {
    "spec.dnsPolicy": ("ClusterFirst",),
    "spec.restartPolicy": ("Always",),
    "spec.schedulerName": ("default-scheduler",),
    "spec.securityContext": ({},),
    "spec.terminationGracePeriodSeconds": (30,),
    # OpenKruise pulls always, Kubernetes by the tag.
    f"{_CONTAINER}imagePullPolicy": ("Always", "IfNotPresent"),
    f"{_CONTAINER}resources": ({},),
    f"{_CONTAINER}terminationMessagePath": ("/dev/termination-log",),
    f"{_CONTAINER}terminationMessagePolicy": ("File",),
    f"{_CONTAINER}ports.*.protocol": ("TCP",),
    f"{_CONTAINER}env.*.valueFrom.fieldRef.apiVersion": ("v1",),
    **{f"{_CONTAINER}{probe}.timeoutSeconds": (1,) for probe in _PROBES},
    **{f"{_CONTAINER}{probe}.periodSeconds": (10,) for probe in _PROBES},
    **{f"{_CONTAINER}{probe}.successThreshold": (1,) for probe in _PROBES},
    **{f"{_CONTAINER}{probe}.failureThreshold": (3,) for probe in _PROBES},
    **{f"{_CONTAINER}{handler}.httpGet.path": ("/",) for handler in _HANDLERS},
    **{f"{_CONTAINER}{handler}.httpGet.scheme": ("HTTP",) for handler in _HANDLERS},
    "spec.volumes.*.emptyDir": ({},),
    "spec.volumes.*.hostPath.type": ("",),
    "spec.volumes.*.secret.defaultMode": (_MODE,),
    "spec.volumes.*.configMap.defaultMode": (_MODE,),
    "spec.volumes.*.downwardAPI.defaultMode": (_MODE,),
    "spec.volumes.*.downwardAPI.items.*.fieldRef.apiVersion": ("v1",),
    "spec.volumes.*.projected.defaultMode": (_MODE,),
    "spec.volumes.*.projected.sources.*.downwardAPI.items.*.fieldRef.apiVersion": ("v1",),
    "spec.volumes.*.projected.sources.*.serviceAccountToken.expirationSeconds": (3600,),
    "spec.volumes.*.ephemeral.volumeClaimTemplate.spec.volumeMode": ("Filesystem",),
    "spec.volumes.*.ephemeral.volumeClaimTemplate.metadata": ({},),
    "spec.volumes.*.ephemeral.volumeClaimTemplate.spec.resources": ({},),
}
"""What the webhook of OpenKruise 1.8 writes where a template has nothing: the defaults of
Kubernetes 1.30 for templates, with its own for pulling images."""

_ZEROS: Mapping[str, Json] = {
    "spec.hostIPC": False,
    "spec.hostNetwork": False,
    "spec.hostPID": False,
    "spec.serviceAccountName": "",
    "spec.nodeName": "",
    "spec.priorityClassName": "",
    f"{_CONTAINER}stdin": False,
    f"{_CONTAINER}stdinOnce": False,
    f"{_CONTAINER}tty": False,
    f"{_CONTAINER}workingDir": "",
    f"{_CONTAINER}env.*.value": "",
    f"{_CONTAINER}ports.*.hostPort": 0,
    f"{_CONTAINER}ports.*.hostIP": "",
    f"{_CONTAINER}volumeMounts.*.readOnly": False,
    f"{_CONTAINER}volumeMounts.*.subPath": "",
    **{f"{_CONTAINER}{probe}.initialDelaySeconds": 0 for probe in _PROBES},
}
"""What the webhook leaves out because it says nothing."""

_AMOUNT = re.compile(r"^spec\..*(\.(limits|requests)\.|\.(sizeLimit|divisor)$)|^spec\.overhead\.")
"""Where quantities are."""


def completed_like(stored: Opaque, template: Opaque) -> Opaque:
    """Return a template with the defaults that a stored one has, and as it writes quantities.

    Only what the template leaves out is filled in. A default that the template spells out and the
    stored one lacks stays a difference.
    """
    return msgspec.Raw(_completed_like(bytes(stored), bytes(template)))


# Every pass over a set asks about the same few templates.
@lru_cache(maxsize=1024)
def _completed_like(stored: bytes, template: bytes) -> bytes:
    if not stored or not template:
        return template
    return msgspec.json.encode(_like(_read(stored), _read(template)))


def _read(template: bytes) -> Json:
    return without_nulls(as_json(msgspec.Raw(template)))


def _like(stored: Json, given: Json, path: str = "") -> Json:
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        return _like_mapping(stored, given, path)
    if isinstance(stored, list) and isinstance(given, list) and len(stored) == len(given):
        return [_like(a, b, f"{path}.*") for a, b in zip(stored, given, strict=True)]
    return stored if _AMOUNT.search(path) and _is_same_amount(stored, given) else given


def _like_mapping(
    stored: Mapping[str, Json], given: Mapping[str, Json], path: str
) -> dict[str, Json]:
    kept = {
        key: _like(stored[key], value, _below(path, key)) if key in stored else value
        for key, value in given.items()
        if key in stored or not _is_zero(value, _below(path, key))
    }
    filled = {
        key: value
        for key, value in stored.items()
        if key not in given and _is_default(value, _below(path, key))
    }
    return kept | filled


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_default(value: Json, path: str) -> bool:
    return value in _DEFAULTS.get(_of_any_container(path), ())


def _is_zero(value: Json, path: str) -> bool:
    """Whether a value says nothing; an empty list never does, an empty mapping may."""
    if value == []:
        return True
    known = _ZEROS.get(_of_any_container(path))
    return known is not None and type(value) is type(known) and value == known


def _of_any_container(path: str) -> str:
    return path.replace("spec.initContainers.", "spec.containers.", 1)


def _is_same_amount(stored: Json, given: Json) -> bool:
    return (
        isinstance(stored, str | int)
        and isinstance(given, str | int)
        and same_quantity(stored, given)
    )
