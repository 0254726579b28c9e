"""The server that golden objects are about, and what they are compared with."""

from collections.abc import Mapping

import msgspec

from okg.api.core import Pod
from okg.api.game import GameServerSet, NetworkConfParam
from okg.api.meta import ObjectMeta
from okg.api.service import Service
from okg.cloudprovider.balancer import Balancer, Draft, build_service
from okg.workload.ownership import controlled_by

POD = Pod(
    metadata=ObjectMeta(
        name="gss-3", namespace="ns", uid="u", labels={"game.kruise.io/owner-gss": "gss"}
    )
)
GSS = GameServerSet(metadata=ObjectMeta(name="gss", namespace="ns", uid="gu"))
SELECTOR = {"statefulset.kubernetes.io/pod-name": "gss-3"}
NO_PROXY = {"service.kubernetes.io/service-proxy-name": "dummy"}
HASH = "game.kruise.io/network-config-hash"


def conf_of(*lines: str) -> tuple[NetworkConfParam, ...]:
    """Return entries written as ``Name=value``."""
    parts = (line.partition("=") for line in lines)
    return tuple(NetworkConfParam(name=name, value=value) for name, _, value in parts)


def built(balancer: Balancer, *lines: str, ports: tuple[int, ...], member: int = 0) -> Service:
    """Return the Service of the server by a configuration."""
    conf = balancer.parameters.read(conf_of(*lines))
    owner = controlled_by(GSS if balancer.fixed(conf) else POD)
    group = balancer.groups(conf)[0]
    members = balancer.members(conf, POD, group)
    return build_service(balancer, Draft(conf, POD, ports, owner), members[member])


def spec_of(service: Service) -> Mapping[str, object]:
    """Return a Service's spec as JSON."""
    spec: Mapping[str, object] = msgspec.json.decode(msgspec.json.encode(service.spec))
    return spec
