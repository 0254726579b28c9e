"""Scenario: what a network plugin has, and how to make one, for those who test it."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from okg.api.core import Pod
from okg.api.game import NetworkConfParam
from okg.api.resource import Object
from okg.api.service import Service
from okg.cloudprovider.parameters import Parameters
from okg.cloudprovider.plugin import NetworkPlugin
from okg.testing.apiserver import FakeApiServer
from okg.testing.cloud import AnyLine

Conf: TypeAlias = tuple[NetworkConfParam, ...]


def reached_by_services(server: FakeApiServer, pod: Pod) -> bool:
    """Whether a Service leads traffic from outside to a pod."""
    return any(
        service.spec.type in {"LoadBalancer", "NodePort"}
        and service.spec.selector.items() <= pod.metadata.labels.items()
        for service in server.objects(Service, pod.metadata.namespace)
    )


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin to be tested, and what it has.

    A configuration is written by ``entries("Name=value", …)``.

    Attributes:
        name: for reports; the network type.
        install: makes the plugin as a fresh process has it, with nothing remembered.
        parameters: what it can be told; None if it does not say.
        conf: a configuration that works, without a fixed address.
        cloud: what makes it work; lines of ``okg.testing.cloud`` or your own.
        kinds: custom resources that plugin and cloud read and write.
        other_ports: a configuration with other ports, if that can be changed at run time.
        asking: a configuration that asks for the annotation ``example.com/asked`` on an object of
            the server, if annotations can be asked for.
        elsewhere: ``conf`` on other load balancers, if it says on which.
        fixed: a configuration with a fixed address, if there is such.
        fixed_host: whether that is the whole address, else the ports alone.
        capacity: how many servers ``conf`` has room for, if their number is bounded; a scenario
            makes that small by the options of its plugin.
        more_room: a configuration with room for more, if there is such.
        isolates: whether ``networkDisabled`` cuts traffic off.
        reached: whether traffic from outside is led to a pod.
        needs_cloud: whether nothing is Ready before the cloud has answered.
        shares: whether servers share addresses and ports.
        reuses: whether several servers may have one port of the pool.
        withdraws: whether a network that the cloud has taken back is Ready no longer.
    """

    name: str
    install: Callable[[], NetworkPlugin]
    parameters: Parameters | None = None
    conf: Conf
    cloud: tuple[AnyLine, ...] = ()
    kinds: tuple[type[Object], ...] = ()
    other_ports: Conf | None = None
    asking: Conf | None = None
    elsewhere: Conf | None = None
    fixed: Conf | None = None
    fixed_host: bool = True
    capacity: int | None = None
    more_room: Conf | None = None
    isolates: bool = False
    reached: Callable[[FakeApiServer, Pod], bool] = reached_by_services
    needs_cloud: bool = True
    shares: bool = False
    reuses: bool = False
    withdraws: bool = False


def entries(*lines: str) -> Conf:
    """Return a configuration written as ``Name=value``."""
    parts = (line.partition("=") for line in lines)
    return tuple(NetworkConfParam(name=name, value=value) for name, _, value in parts)
