import socket

from okg.testing.ports import eligible_ports, ephemeral_ports, free_ports


def test_ports_of_the_ephemeral_range_are_not_eligible() -> None:
    eligible = eligible_ports(range(11002, 65534))

    assert eligible == (11000, 11001, 65534, 65535)


def test_all_ports_are_eligible_when_the_ephemeral_range_covers_them() -> None:
    eligible = eligible_ports(range(1024, 65536))

    assert eligible[0] == 11000
    assert eligible[-1] == 65535


def test_free_ports_are_different_and_outside_the_ephemeral_range() -> None:
    ports = free_ports(50)

    assert len(set(ports)) == 50
    assert set(ports).isdisjoint(ephemeral_ports())


def test_a_free_port_can_be_bound() -> None:
    (port,) = free_ports(1)

    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname() == ("127.0.0.1", port)
