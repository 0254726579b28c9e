"""What one server's own containers say in place of the template, at the moment its pod is made."""

from collections.abc import Mapping

from msgspec.structs import replace

from okg.api.admitted import AdmittedContainer, AdmittedPod
from okg.api.core import ResourceRequirements
from okg.api.game import GameServer, GameServerContainer
from okg.api.meta import IntOrString

_RESOURCES = ("cpu", "memory")
"""What a server may override; anything else is the template's."""


def override_containers(pod: AdmittedPod, server: GameServer) -> AdmittedPod:
    """Return the pod with the server's own images and resources; init containers have none.

    What an override does not name stays as it is, each limit and each request on its own.
    """
    overrides = {container.name: container for container in server.spec.containers}
    containers = tuple(_override(c, overrides.get(c.name)) for c in pod.spec.containers)
    if containers == pod.spec.containers:
        return pod
    return replace(pod, spec=replace(pod.spec, containers=containers))


def _override(
    container: AdmittedContainer, override: GameServerContainer | None
) -> AdmittedContainer:
    if override is None:
        return container
    return replace(
        container,
        image=override.image or container.image,
        resources=_merge(container.resources, override.resources),
    )


def _merge(
    resources: ResourceRequirements | None, override: ResourceRequirements | None
) -> ResourceRequirements | None:
    limits = picked(override.limits) if override else {}
    requests = picked(override.requests) if override else {}
    if not limits and not requests:
        return resources
    resources = resources or ResourceRequirements()
    return replace(
        resources,
        limits={**resources.limits, **limits},
        requests={**resources.requests, **requests},
    )


def picked(quantities: Mapping[str, IntOrString]) -> dict[str, IntOrString]:
    """Return the amounts that a server may override."""
    return {name: quantities[name] for name in _RESOURCES if name in quantities}
