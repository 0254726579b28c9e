"""Pods: defaults, what of them may change, graceful deletion, binding."""

from collections.abc import Iterator, Mapping

from okg.errors import StatusCause
from okg.testing.apiserver.refusals import bad_request, bad_value, forbidden_value, missing_value
from okg.testing.apiserver.trees import Json, Tree, branch, find, items, text, with_value

# k8s.io/kubernetes pkg/apis/core/v1/defaults.go, those that a reader of pods may meet.
_SPEC_DEFAULTS: Mapping[str, Json] = {
    "dnsPolicy": "ClusterFirst",
    "enableServiceLinks": True,
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
_CONTAINER_DEFAULTS: Mapping[str, Json] = {
    "imagePullPolicy": "IfNotPresent",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_CONTAINER_LISTS = ("containers", "initContainers")
_FINISHED = frozenset({"Failed", "Succeeded"})


def with_defaults(pod: Tree) -> Tree:
    """Return a new pod with the fields that the server fills in."""
    spec: Tree = {**_SPEC_DEFAULTS, **branch(pod, "spec")}
    for field in _CONTAINER_LISTS:
        if field in spec:
            spec[field] = [
                {**_CONTAINER_DEFAULTS, **one} if isinstance(one, dict) else one
                for one in items(spec, field)
            ]
    return {**pod, "spec": spec}


def creation_causes(pod: Tree) -> Iterator[StatusCause]:
    """Yield what is wrong with a new pod."""
    containers = items(pod, "spec", "containers")
    if not containers:
        yield missing_value("spec.containers")
    for index, container in enumerate(containers):
        for field in ("name", "image"):
            if not text(container, field):
                yield missing_value(f"spec.containers[{index}].{field}")


def update_causes(old: Tree, new: Tree) -> Iterator[StatusCause]:
    """Yield what of a change is not allowed: nearly everything but images."""
    was, now = branch(old, "spec"), branch(new, "spec")
    if was is now:
        return
    for field in _CONTAINER_LISTS:
        if _names(was, field) != _names(now, field):
            yield forbidden_value(f"spec.{field}", "containers can be neither added nor removed")
            return
    yield from _toleration_causes(was, now)
    yield from _gate_causes(was, now)
    yield from _deadline_causes(was, now)
    if _fixed_part(was) != _fixed_part(now):
        yield forbidden_value("spec", "of a pod's spec only images and few other fields can change")


def grace_seconds(pod: Tree, asked: int | None) -> int:
    """Return how long a pod is given to stop: none where no kubelet has it."""
    phase = text(pod, "status", "phase")
    if not text(pod, "spec", "nodeName") or phase in _FINISHED:
        return 0
    given = find(pod, "spec", "terminationGracePeriodSeconds")
    seconds = asked if asked is not None else given if isinstance(given, int) else 0
    return seconds if seconds >= 0 else 1


def bound(pod: Tree, binding: Tree, now: str) -> Tree:
    """Return a pod that is assigned to the node a Binding names.

    Raises:
        Refusal: 400, the Binding names no node.
    """
    node = text(binding, "target", "name")
    if not node:
        raise bad_request("the binding names no node")
    pod = with_value(pod, ("spec", "nodeName"), node)
    for key, value in branch(binding, "metadata", "annotations").items():
        pod = with_value(pod, ("metadata", "annotations", key), value)
    scheduled: Tree = {"type": "PodScheduled", "status": "True", "lastTransitionTime": now}
    others = [
        one for one in items(pod, "status", "conditions") if text(one, "type") != "PodScheduled"
    ]
    return with_value(pod, ("status", "conditions"), [*others, scheduled])


def _names(spec: Tree, field: str) -> list[str]:
    return [text(container, "name") for container in items(spec, field)]


def _fixed_part(spec: Tree) -> Tree:
    """Return a pod's spec without what may change."""
    fixed: Tree = {
        field: value
        for field, value in spec.items()
        if field not in {"activeDeadlineSeconds", "schedulingGates", "tolerations"}
    }
    for field in _CONTAINER_LISTS:
        fixed[field] = [
            {key: value for key, value in one.items() if key != "image"}
            for one in items(spec, field)
            if isinstance(one, dict)
        ]
    grace = spec.get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and grace < 0:
        fixed["terminationGracePeriodSeconds"] = 1
    return fixed


def _toleration_causes(was: Tree, now: Tree) -> Iterator[StatusCause]:
    kept = items(now, "tolerations")
    if any(toleration not in kept for toleration in items(was, "tolerations")):
        yield forbidden_value("spec.tolerations", "tolerations can only be added")


def _gate_causes(was: Tree, now: Tree) -> Iterator[StatusCause]:
    had = items(was, "schedulingGates")
    for index, gate in enumerate(items(now, "schedulingGates")):
        if gate not in had:
            yield forbidden_value(
                f"spec.schedulingGates[{index}].name", "gates can only be removed"
            )


def _deadline_causes(was: Tree, now: Tree) -> Iterator[StatusCause]:
    old, new = was.get("activeDeadlineSeconds"), now.get("activeDeadlineSeconds")
    if isinstance(old, int) and (not isinstance(new, int) or new > old):
        yield bad_value("spec.activeDeadlineSeconds", "can only become less")
