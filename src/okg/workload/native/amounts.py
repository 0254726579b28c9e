"""Amounts: cpu and memory of a running pod, and what a template or one server asks of them."""

from collections.abc import Mapping

from msgspec.structs import replace

from okg.api.core import Container, Pod, ResourceRequirements
from okg.api.game import GameServer
from okg.api.meta import IntOrString
from okg.workload.container_overrides import picked
from okg.workload.notices import Notice
from okg.workload.quantities import same_quantity

INVALID_RESOURCES = "InvalidResources"


def with_server_amounts(pod: Pod, server: GameServer) -> Pod:
    """Return a pod with the amounts its own server asks for; itself if it has them."""
    overrides = {c.name: c.resources for c in server.spec.containers if c.resources is not None}
    return with_amounts(
        pod,
        {
            container.name: _completed(container, overrides[container.name])
            for container in pod.spec.containers
            if container.name in overrides
        },
    )


def with_amounts(pod: Pod, amounts: Mapping[str, ResourceRequirements]) -> Pod:
    """Return a pod with new amounts by container; itself if it has as much, however written."""
    containers = tuple(_resized(c, amounts.get(c.name)) for c in pod.spec.containers)
    if containers == pod.spec.containers:
        return pod
    return replace(pod, spec=replace(pod.spec, containers=containers))


def amounts_refused(refusal: Exception) -> Notice:
    """Return what to tell of amounts that the API server does not give to a running pod."""
    words = f"spec.containers[].resources cannot be changed while the server runs: {refusal}"
    return Notice(reason=INVALID_RESOURCES, message=words, warning=True)


def merged(
    amounts: ResourceRequirements | None, later: ResourceRequirements
) -> ResourceRequirements:
    """Return amounts with later ones in their place."""
    has = amounts or ResourceRequirements()
    limits, requests = {**has.limits, **later.limits}, {**has.requests, **later.requests}
    return replace(has, limits=limits, requests=requests)


def _completed(container: Container, override: ResourceRequirements) -> ResourceRequirements:
    """Return what one server asks for, with requests that have to follow their limits.

    A request as large as its limit follows it, as when the server does not say: a pod cannot leave
    its class of quality of service.
    """
    has = container.resources or ResourceRequirements()
    limits, requests = picked(override.limits), picked(override.requests)
    following = {
        name: amount
        for name, amount in limits.items()
        if name in has.requests and same_quantity(has.requests[name], has.limits.get(name))
    }
    return ResourceRequirements(limits=limits, requests={**following, **requests})


def _resized(container: Container, amounts: ResourceRequirements | None) -> Container:
    has = container.resources or ResourceRequirements()
    if amounts is None or (
        _includes(has.limits, amounts.limits) and _includes(has.requests, amounts.requests)
    ):
        return container
    return replace(container, resources=merged(has, amounts))


def _includes(has: Mapping[str, IntOrString], wanted: Mapping[str, IntOrString]) -> bool:
    return all(same_quantity(has.get(name), amount) for name, amount in wanted.items())
