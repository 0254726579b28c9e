"""Probe: what is done to a container, how often, and how many results count."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import msgspec

from okg.api.core import Pod
from okg.api.game import ServiceQuality
from okg.workload.invalid import InvalidField, attempt
from okg.workload.opaque import decode_json, is_there
from okg.workload.probe_marker import container_probe
from okg.workload.probe_rules import QUALITIES

Port: TypeAlias = int | str
"""A number, or the name that the container's ports give to one."""

_T = TypeVar("_T")


class ExecAction(msgspec.Struct, frozen=True):
    """Run a command in the container; exit code 0 is a success."""

    command: tuple[str, ...]


class HttpHeader(msgspec.Struct, frozen=True):
    """A header of a request."""

    name: str
    value: str = ""


class HttpAction(msgspec.Struct, frozen=True, rename="camel"):
    """Ask the pod over HTTP; codes from 200 to 399 are a success.

    ``host`` is not read: the pod is asked, and nobody else.
    """

    port: Port
    path: str = "/"
    scheme: str = "HTTP"
    http_headers: tuple[HttpHeader, ...] = ()


class TcpAction(msgspec.Struct, frozen=True):
    """Connect to a port of the pod."""

    port: Port


Action: TypeAlias = ExecAction | HttpAction | TcpAction


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A service quality as it is probed; all times in seconds.

    Attributes:
        quality: its name.
        container: which container is probed.
        action: what is done.
        initial_delay: from the start of a container to its first probe.
        timeout: of one probe.
        period: from one probe to the next.
        success_threshold: successes in a row that it takes to count as one.
        failure_threshold: likewise for failures.
    """

    quality: str
    container: str
    action: Action
    initial_delay: int = 10
    timeout: int = 5
    period: int = 3
    success_threshold: int = 1
    failure_threshold: int = 3


class Probes(msgspec.Struct, frozen=True):
    """What is probed of a set's pods.

    Attributes:
        names: of all its qualities.
        runnable: those that can be probed.
        problems: why the others cannot.
    """

    names: frozenset[str] = frozenset()
    runnable: tuple[Probe, ...] = ()
    problems: tuple[InvalidField, ...] = ()


def read_probes(qualities: Sequence[ServiceQuality], *, exec_allowed: bool = True) -> Probes:
    """Return how the qualities of a set are probed.

    Args:
        qualities: of the set.
        exec_allowed: whether commands may be run in containers.
    """
    read = [
        attempt(_read_probe, quality, f"{QUALITIES}[{index}]", exec_allowed=exec_allowed)
        for index, quality in enumerate(qualities)
    ]
    return Probes(
        names=frozenset(quality.name for quality in qualities),
        runnable=tuple(probe for probe in read if isinstance(probe, Probe)),
        problems=tuple(problem for problem in read if isinstance(problem, InvalidField)),
    )


def resolve_port(pod: Pod, container: str, port: Port) -> int | None:
    """Return the number of a port, None where the container has none of this name."""
    if isinstance(port, int):
        return port
    if port.isdecimal():
        return int(port)
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    named = (p for c in containers if c.name == container for p in c.ports if p.name == port)
    return next((p.container_port for p in named), None)


def _read_probe(quality: ServiceQuality, where: str, *, exec_allowed: bool) -> Probe:
    numbers = container_probe(quality)
    return Probe(
        quality=quality.name,
        container=quality.container_name,
        action=_read_action(quality, where, exec_allowed=exec_allowed),
        initial_delay=max(1, numbers.initial_delay_seconds),
        timeout=max(1, numbers.timeout_seconds),
        period=max(1, numbers.period_seconds),
        success_threshold=max(1, numbers.success_threshold),
        failure_threshold=max(1, numbers.failure_threshold),
    )


def _read_action(quality: ServiceQuality, where: str, *, exec_allowed: bool) -> Action:
    if is_there(quality.exec):
        if not exec_allowed:
            raise InvalidField(
                f"{where}.exec",
                "this manager runs no commands in containers (--probe-exec=false); write httpGet "
                "or tcpSocket",
            )
        return _read(quality.exec, ExecAction, f"{where}.exec")
    if is_there(quality.http_get):
        return _read(quality.http_get, HttpAction, f"{where}.httpGet")
    if is_there(quality.tcp_socket):
        return _read(quality.tcp_socket, TcpAction, f"{where}.tcpSocket")
    raise InvalidField(where, "cannot be probed; write exec, httpGet or tcpSocket")


def _read(document: msgspec.Raw, kind: type[_T], where: str) -> _T:
    try:
        return decode_json(document, kind, where)
    except msgspec.DecodeError as error:
        raise InvalidField(where, f"cannot be read: {error}") from error
