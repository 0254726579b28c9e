"""Free TCP ports for servers that a test starts.

Ports of the ephemeral range are never chosen: between our looking and the server's binding, any
outgoing connection of the machine could be given the same number.
"""

import random
import socket
from contextlib import ExitStack
from pathlib import Path

_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
# IANA's dynamic ports, what other systems than Linux use.
_DYNAMIC_PORTS = range(49152, 65536)
# Below are the ports that well-known servers of a developer's machine listen on.
_LOWEST = 11000
_ATTEMPTS = 200


def free_ports(count: int) -> tuple[int, ...]:
    """Return ``count`` different ports that nothing listens on at this moment."""
    eligible = eligible_ports(ephemeral_ports())
    with ExitStack() as held:
        ports: list[int] = []
        # Sampling without end points: two planes that start together rarely meet.
        for port in random.sample(eligible, min(_ATTEMPTS, len(eligible))):
            if len(ports) == count:
                break
            candidate = held.enter_context(socket.socket())
            if _binds(candidate, port):
                ports.append(port)
    if len(ports) < count:
        raise OSError(f"no {count} free ports among {len(eligible)} outside the ephemeral range")
    return tuple(ports)


def eligible_ports(ephemeral: range) -> tuple[int, ...]:
    """Return the unprivileged ports outside ``ephemeral``, or all of them if it covers all."""
    ports = range(_LOWEST, 65536)
    return tuple(port for port in ports if port not in ephemeral) or tuple(ports)


def ephemeral_ports() -> range:
    """Return the ports that the kernel gives to outgoing connections."""
    try:
        first, last = _RANGE_FILE.read_text().split()
    except OSError:
        return _DYNAMIC_PORTS
    return range(int(first), int(last) + 1)


def _binds(candidate: socket.socket, port: int) -> bool:
    try:
        candidate.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
