"""What is told of ports that no Service can have."""

import pytest

from okg.cloudprovider.grammar import PortProtocol, port_protocols

THREE = port_protocols("TCP", "UDP", "TCPUDP")


@pytest.mark.parametrize(
    ("texts", "faults"),
    [
        (["80/TCP,80/TCP"], ("80/TCP",)),
        (["80,80/TCP"], ("80/TCP",)),
        (["80/TCPUDP,80/TCP"], ("80/TCP",)),
        (["80/UDP,81/TCP,80/TCPUDP"], ("80/TCPUDP",)),
        (["80/TCP", "80/TCP"], ("80/TCP",)),
        (["80/TCP,80/UDP,81/TCPUDP"], ()),
    ],
)
def test_a_port_and_protocol_is_there_once(texts: list[str], faults: tuple[str, ...]) -> None:
    assert THREE.read(texts).faults == faults


def test_what_is_there_twice_is_taken_as_it_is_where_it_is_stored() -> None:
    assert THREE.read(["80,80"]).value == (PortProtocol(80, "TCP"), PortProtocol(80, "TCP"))


def test_what_users_are_told_to_write_says_so() -> None:
    assert THREE.description == (
        "ports from 1 to 65535 such as 80/TCP,7777/UDP, each TCP, UDP or TCPUDP, none twice"
    )
