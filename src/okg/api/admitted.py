"""core/v1 Pod as its admission sees it: fields read once, which would only weigh on a cache."""

from typing import ClassVar

from okg.api.core import Pod, ResourceRequirements
from okg.api.meta import Value
from okg.api.resource import Object


class AdmittedContainer(Value, frozen=True, kw_only=True):
    """The part of a container that a game server can override."""

    name: str
    image: str = ""
    resources: ResourceRequirements | None = None


class AdmittedPodSpec(Value, frozen=True, kw_only=True):
    """The containers of a pod."""

    containers: tuple[AdmittedContainer, ...] = ()


class AdmittedPod(Object, frozen=True, kw_only=True):
    """A pod that is about to be made."""

    resource_type: ClassVar = Pod.resource_type
    spec: AdmittedPodSpec = AdmittedPodSpec()
