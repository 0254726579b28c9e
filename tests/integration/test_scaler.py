"""The external scaler of the binary on a real API server, with KEDA's own client in front of it."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from integration.arena import Arena, ManagerProcess, names
from keda import Keda, calling
from okg.testing.certificates import Authority
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports

pytestmark = pytest.mark.integration

ELECT = ("--leader-elect", "--leader-election-namespace=kruise-game-system")
LEADS = "successfully acquired lease"


@contextmanager
def serving(arena: Arena, *flags: str) -> Generator[tuple[ManagerProcess, Keda]]:
    """Run the binary with the scaler; yield it and a client."""
    [port] = free_ports(1)
    address = f"127.0.0.1:{port}"
    bind = f"--scale-server-bind-address={address}"
    with arena.manager(bind, *flags) as manager, calling(address) as keda:
        yield manager, keda


@pytest.fixture(scope="module")
def keda(arena: Arena) -> Generator[Keda]:
    with serving(arena) as (_, client):
        yield client


def scale(arena: Arena, namespace: str, replicas: int) -> None:
    """Write what an autoscaler does."""
    path = f"/apis/game.kruise.io/v1alpha1/namespaces/{namespace}/gameserversets/a/scale"
    change = {"spec": {"replicas": replicas}}
    arena.rest.call("PATCH", path, change, content_type="application/merge-patch+json")


def test_the_answer_written_to_the_scale_subresource_leads_to_the_servers(
    arena: Arena, keda: Keda
) -> None:
    namespace = arena.namespace()
    arena.play(namespace)
    eventually(lambda: keda.metric(namespace, "a") == 3, within=30)
    eventually(lambda: keda.is_active(namespace, "a"), within=30)

    arena.edit_server(namespace, "a-0", {"spec": {"opsState": "Allocated"}})
    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "Allocated"}})
    eventually(lambda: keda.metric(namespace, "a", minAvailable="3") == 5, within=30)
    scale(arena, namespace, 5)
    eventually(lambda: arena.ready(namespace) == names("a", range(5)), within=60)
    eventually(lambda: keda.metric(namespace, "a", minAvailable="3") == 5, within=30)

    arena.edit_server(namespace, "a-2", {"spec": {"opsState": "WaitToBeDeleted"}})
    eventually(lambda: keda.metric(namespace, "a", minAvailable="1") == 4, within=30)
    scale(arena, namespace, 4)
    eventually(lambda: set(arena.pods(namespace)) == names("a", (0, 1, 3, 4)), within=60)
    eventually(lambda: keda.metric(namespace, "a", minAvailable="1") == 4, within=30)


def test_a_set_goes_to_nothing_and_comes_back(arena: Arena, keda: Keda) -> None:
    namespace = arena.namespace()
    arena.create_set(namespace, "a", replicas=1)
    eventually(lambda: arena.ready(namespace) == names("a", range(1)), within=60)
    eventually(lambda: keda.is_active(namespace, "a"), within=30)

    with keda.stream(namespace, "a") as pushed:
        assert next(pushed) is True
        arena.edit_server(namespace, "a-0", {"spec": {"opsState": "WaitToBeDeleted"}})
        assert next(pushed) is False
    eventually(lambda: keda.metric(namespace, "a") == 0, within=30)
    assert keda.is_active(namespace, "a", minAvailable="1") is True

    scale(arena, namespace, 0)
    eventually(lambda: not arena.pods(namespace), within=60)
    eventually(lambda: keda.metric(namespace, "a", minAvailable="1") == 1, within=30)
    scale(arena, namespace, 1)
    eventually(lambda: arena.ready(namespace) == names("a", range(1)), within=60)
    eventually(lambda: keda.is_active(namespace, "a"), within=30)


def test_what_cannot_be_answered_says_what_to_change(arena: Arena, keda: Keda) -> None:
    namespace = arena.namespace()

    with pytest.raises(grpc.RpcError) as missing:
        keda.metric(namespace, "a")
    arena.create_set(namespace, "a", replicas=0)
    eventually(lambda: arena.get_set(namespace, "a").status, within=30)
    with pytest.raises(grpc.RpcError) as malformed:
        eventually(lambda: keda.metric(namespace, "a", minAvailable="many") < 0, within=30)
    assert keda.metric(namespace, "a", maxAvailable="many") == 0
    [told] = eventually(lambda: arena.events(namespace, "IgnoredMaxAvailable"), within=30)

    assert missing.value.code() is grpc.StatusCode.NOT_FOUND
    assert "the name and the namespace of its GameServerSet" in str(missing.value.details())
    assert malformed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "minAvailable: 'many' is not a number" in str(malformed.value.details())
    assert "maxAvailable: 'many' is not a whole number" in told.message


def test_a_follower_answers_too(arena: Arena) -> None:
    namespace = arena.namespace()
    with serving(arena, *ELECT) as (leader, first):
        eventually(lambda: LEADS in leader.log, within=30)
        arena.create_set(namespace, "a", replicas=2)
        eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
        with serving(arena, *ELECT) as (follower, second):
            eventually(lambda: first.metric(namespace, "a", minAvailable="3") == 3, within=30)
            eventually(lambda: second.metric(namespace, "a", minAvailable="3") == 3, within=30)
            eventually(lambda: second.is_active(namespace, "a"), within=30)
            assert LEADS not in follower.log


def test_the_binary_serves_tls_with_the_files_it_is_given(arena: Arena, tmp_path: Path) -> None:
    authority, [port] = Authority("scaler"), free_ports(1)
    pair = authority.issue_server(["127.0.0.1"])
    (tmp_path / "tls.crt").write_bytes(pair.public)
    (tmp_path / "tls.key").write_bytes(pair.private)
    namespace, address = arena.namespace(), f"127.0.0.1:{port}"
    flags = (f"--scale-server-bind-address={address}", f"--scale-server-certs-dir={tmp_path}")

    with arena.manager(*flags), calling(address, authority.certificate) as keda:
        arena.create_set(namespace, "a", replicas=0)
        eventually(lambda: arena.get_set(namespace, "a").status, within=30)
        eventually(lambda: not keda.is_active(namespace, "a"), within=30)


def test_an_occupied_port_ends_the_binary_with_one_line(arena: Arena) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"

        manager = arena.start_manager(f"--scale-server-bind-address={address}")
        eventually(lambda: not manager.process.running, within=30)

    assert [line for line in manager.log.splitlines() if "INFO" not in line] == [
        f"okg: cannot listen on {address}; choose another with --scale-server-bind-address"
    ]
