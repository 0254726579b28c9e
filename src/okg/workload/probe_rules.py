"""What service qualities may say of how containers are probed.

The problems are what OpenKruise refuses (release 1.8, its webhook for PodProbeMarkers), so that no
quality of the set could ever be probed.
"""

from collections.abc import Collection, Iterator, Sequence

from okg.api.game import ServiceQuality
from okg.api.meta import Opaque
from okg.workload.invalid import InvalidField, attempt, shown
from okg.workload.labels import is_label_value
from okg.workload.opaque import is_there, read_list, read_object, read_text

QUALITIES = "spec.serviceQualities"

_RESERVED = frozenset(
    {
        "PodScheduled",
        "Initialized",
        "Ready",
        "ContainersReady",
        "KruisePodReady",
        "InPlaceUpdateReady",
    }
)
"""Conditions that Kubernetes and OpenKruise set; no probe may be called like them."""

_NAME = (
    'write at most 63 letters, digits, "-", "_" or ".", with a letter or digit at both ends: it '
    "becomes a condition of the pod"
)
_HANDLERS = "write exec, httpGet or tcpSocket"


def probe_problems(qualities: Sequence[ServiceQuality]) -> Iterator[InvalidField]:
    """Yield why the qualities cannot be probed."""
    taken: dict[str, str] = {}
    for index, quality in enumerate(qualities):
        where = f"{QUALITIES}[{index}]"
        yield from _name_problems(quality.name, f"{where}.name", taken)
        if not quality.container_name:
            yield InvalidField(f"{where}.containerName", "is required; write which to probe")
        yield from _handler_problems(quality, where)
        yield from _number_problems(quality, where)


def container_name_problems(
    qualities: Sequence[ServiceQuality], containers: Collection[str]
) -> Iterator[InvalidField]:
    """Yield the qualities whose container does not exist: they never have a result."""
    for index, quality in enumerate(qualities):
        name = quality.container_name
        if name and name not in containers:
            yield InvalidField(
                f"{QUALITIES}[{index}].containerName",
                f'"{shown(name)}" is no container of spec.gameServerTemplate; write the name of '
                "one",
            )


def probe_cautions(qualities: Sequence[ServiceQuality] | None) -> Iterator[InvalidField]:
    """Yield what has no effect, or not everywhere."""
    if qualities is not None and not qualities:
        yield InvalidField(QUALITIES, "an empty list is read as none; leave it out")
    for index, quality in enumerate(qualities or ()):
        if is_there(quality.http_get):
            yield InvalidField(
                f"{QUALITIES}[{index}].httpGet",
                "OpenKruise before release 1.9 refuses this handler; write exec or tcpSocket "
                "unless yours is newer",
            )


def _name_problems(name: str, field: str, taken: dict[str, str]) -> Iterator[InvalidField]:
    if not name:
        yield InvalidField(field, f"is required; {_NAME}")
    elif not is_label_value(name):
        yield InvalidField(field, f'"{shown(name)}" cannot be a name; {_NAME}')
    elif name in _RESERVED:
        yield InvalidField(field, f'"{name}" is a condition of every pod; write another name')
    elif name in taken:
        yield InvalidField(field, f'"{name}" is the name in {taken[name]} already; write another')
    else:
        taken[name] = field


def _handler_problems(quality: ServiceQuality, where: str) -> Iterator[InvalidField]:
    handlers = {
        "exec": quality.exec,
        "httpGet": quality.http_get,
        "tcpSocket": quality.tcp_socket,
        "grpc": quality.grpc,
    }
    found = [name for name, handler in handlers.items() if is_there(handler)]
    if not found:
        yield InvalidField(where, f"no handler says how to probe; {_HANDLERS}")
    elif len(found) > 1:
        yield InvalidField(where, f"{', '.join(found)} exclude each other; keep one of them")
    elif found == ["grpc"]:
        yield InvalidField(f"{where}.grpc", f"OpenKruise does not run it; {_HANDLERS}")
    yield from _exec_problems(quality.exec, f"{where}.exec")
    yield from _socket_problems(quality.tcp_socket, f"{where}.tcpSocket")


def _exec_problems(handler: Opaque, where: str) -> Iterator[InvalidField]:
    if not is_there(handler):
        return
    command = attempt(_read_command, handler, where)
    if isinstance(command, InvalidField):
        yield command
    elif not command:
        yield InvalidField(f"{where}.command", "is required; write what to run")


def _read_command(handler: Opaque, where: str) -> list[Opaque]:
    return read_list(read_object(handler, where).get("command"), f"{where}.command")


def _socket_problems(handler: Opaque, where: str) -> Iterator[InvalidField]:
    host = attempt(_read_host, handler, where)
    if isinstance(host, InvalidField):
        yield host
    elif host:
        yield InvalidField(f"{where}.host", f'"{shown(host)}" is not possible; leave it out')


def _read_host(handler: Opaque, where: str) -> str:
    return read_text(read_object(handler, where).get("host"), f"{where}.host")


def _number_problems(quality: ServiceQuality, where: str) -> Iterator[InvalidField]:
    numbers = {
        "initialDelaySeconds": quality.initial_delay_seconds,
        "timeoutSeconds": quality.timeout_seconds,
        "periodSeconds": quality.period_seconds,
        "successThreshold": quality.success_threshold,
        "failureThreshold": quality.failure_threshold,
    }
    for name, number in numbers.items():
        if number < 0:
            yield InvalidField(f"{where}.{name}", f"{number} is negative; write 0 or more")
