"""The external scaler over HTTP/2, as KEDA asks it."""

import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeAlias

import grpc
import pytest
from structlog.testing import capture_logs

from keda import calling
from okg.api.game import GameServerSet
from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.manager import ManagerOptions
from okg.testing.apiserver.faults import Refuse
from okg.testing.certificates import Authority
from okg.testing.eventually import eventually
from unit.scaler.stage import Stage

Call: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"

STREAM = "StreamIsActive"


@contextmanager
def refused(code: str) -> Generator[Callable[[], str]]:
    """Expect an answer with this status; yields what tells its text afterwards."""
    with pytest.raises(grpc.RpcError) as error:
        yield lambda: str(error.value.details())
    assert error.value.code().name == code


def test_the_number_follows_the_set_and_its_servers() -> None:
    stage = Stage()
    stage.put_set("lobby", 2)
    lobby_0 = stage.put_pod("lobby-0", "None")
    stage.put_pod("lobby-1", "Allocated")
    stage.put_pod("arena-0", "None", owner="arena")
    stage.put_pod("nobodys", "None", owner="")

    with stage.playing() as keda:
        assert keda.spec("games", "lobby") == ("gssReplicas", 1)
        assert keda.metric("games", "lobby") == 2
        assert keda.metric("games", "lobby", minAvailable="3") == 4
        assert keda.metric("games", "lobby", minAvailable="0.6") == 3
        assert keda.metric("games", "lobby", maxAvailable="0") == 1

        stage.put_pod("lobby-0", "WaitToBeDeleted")
        eventually(lambda: keda.metric("games", "lobby") == 1)
        stage.server.merge(
            lobby_0, {"metadata": {"labels": {"game.kruise.io/gs-state": "Deleting"}}}
        )
        eventually(lambda: keda.metric("games", "lobby") == 2)
        stage.server.remove(lobby_0)
        eventually(lambda: keda.metric("games", "lobby", minAvailable="0.5") == 3)


def test_a_set_is_in_use_while_not_all_of_its_servers_wait_to_be_deleted() -> None:
    stage = Stage()
    stage.put_set("lobby", 2, currentReplicas=2, waitToBeDeletedReplicas=1)
    stage.put_set("idle", 2, currentReplicas=2, waitToBeDeletedReplicas=2)

    with stage.playing() as keda:
        assert keda.is_active("games", "lobby") is True
        assert keda.is_active("games", "idle") is False
        assert keda.is_active("games", "idle", minAvailable="1") is True


def test_a_set_that_is_not_there_is_named_together_with_the_rule_for_names() -> None:
    with Stage().playing() as keda:
        with refused("NOT_FOUND") as text:
            keda.metric("games", "lobby")
        assert text() == (
            'GameServerSet.game.kruise.io "lobby" not found in namespace "games": give the'
            " ScaledObject the name and the namespace of its GameServerSet"
        )
        with refused("NOT_FOUND"):
            keda.is_active("games", "lobby")


def test_a_set_that_no_controller_has_looked_at_is_neither_in_use_nor_not() -> None:
    stage = Stage()
    stage.put_set("lobby", 1)

    with stage.playing() as keda:
        with refused("FAILED_PRECONDITION") as text:
            keda.is_active("games", "lobby", minAvailable="x")
        assert text().startswith("GameServerSet games/lobby has not inited: ")
        assert keda.metric("games", "lobby") == 1


@pytest.mark.parametrize("least", ["x", "20%", "1e39"])
def test_a_minimum_that_is_no_number_is_refused_by_both_calls_of_a_poll(least: str) -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda:
        with refused("INVALID_ARGUMENT") as text:
            keda.metric("games", "lobby", minAvailable=least)
        assert text().startswith(f"minAvailable: {least!r} is ")
        assert text().endswith(
            "write a count such as 3, or a share of the servers below 1 such as 0.2"
        )
        with refused("INVALID_ARGUMENT"):
            keda.is_active("games", "lobby", minAvailable=least)


def test_a_negative_minimum_is_refused_where_it_is_used() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda:
        with refused("INVALID_ARGUMENT") as text:
            keda.metric("games", "lobby", minAvailable="-1")
        assert text().startswith("minAvailable: -1 is no number from 0 on; ")
        assert keda.is_active("games", "lobby", minAvailable="-1") is True


def test_a_maximum_that_is_no_number_is_left_out_and_the_set_is_told_once() -> None:
    stage = Stage()
    stage.put_set("lobby", 10, currentReplicas=10)

    with stage.playing() as keda:
        assert keda.metric("games", "lobby", minAvailable="6", maxAvailable="x") == 16
        assert keda.metric("games", "lobby", minAvailable="6", maxAvailable="x") == 16
        eventually(stage.events)
        assert keda.metric("games", "lobby", minAvailable="6", maxAvailable="4") == 14
        assert keda.metric("games", "lobby", minAvailable="6", maxAvailable="1.5") == 16

        eventually(lambda: len(stage.events()) == 2)
        assert stage.events() == [
            "maxAvailable: 'x' is not a whole number; write a count such as 10",
            "maxAvailable: '1.5' is not a whole number; write a count such as 10",
        ]


def test_nobody_is_answered_from_caches_that_are_not_filled() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)
    fault = stage.server.faults.inject(Refuse(status=500), resource="gameserversets")

    with stage.running(), calling(stage.address) as keda:
        with refused("UNAVAILABLE") as text:
            keda.metric("games", "lobby")
        assert text() == "the caches are not filled yet; ask again"
        stage.server.faults.remove(fault)
        eventually(lambda: stage.manager.is_synced, within=20)
        assert keda.metric("games", "lobby") == 1


def test_a_replica_that_does_not_lead_answers() -> None:
    elected = ManagerOptions(leader_election_id="lease", leader_election_namespace="default")
    leader = Stage(options=elected)
    follower = Stage(options=elected, server=leader.server)
    leader.put_set("lobby", 1, currentReplicas=1)

    with leader.playing() as first:
        eventually(lambda: leader.manager.is_leader)
        with follower.playing() as second:
            assert not follower.manager.is_leader
            assert first.metric("games", "lobby") == 1
            assert second.metric("games", "lobby") == 1
            with second.stream("games", "lobby") as pushed:
                assert next(pushed) is True


def test_a_stream_tells_the_state_at_once_and_each_change_of_it() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda, keda.stream("games", "lobby") as pushed:
        assert next(pushed) is True
        stage.put_set("lobby", 1, currentReplicas=2)
        stage.put_set("arena", 1, currentReplicas=0)
        stage.put_set("lobby", 1, currentReplicas=2, waitToBeDeletedReplicas=2)
        assert next(pushed) is False
        stage.put_set("lobby", 1, currentReplicas=3, waitToBeDeletedReplicas=2)
        assert next(pushed) is True


def test_a_stream_about_a_set_that_goes_ends_with_the_reason() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda, keda.stream("games", "lobby") as pushed:
        assert next(pushed) is True
        stage.server.remove(stage.server.objects(GameServerSet)[0])
        with refused("NOT_FOUND"):
            next(pushed)


def test_many_streams_cost_no_thread_and_are_forgotten_when_their_clients_go() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda:
        assert keda.is_active("games", "lobby") is True
        with ThreadPoolExecutor(40) as clients, keda.stream("games", "lobby") as one:
            before = [t for t in threading.enumerate() if t.name.startswith("okg-")]
            calls = [clients.submit(_hold_stream, stage) for _ in range(40)]
            eventually(lambda: stage.sample("okg_scaler_streams") == 41)
            after = [t for t in threading.enumerate() if t.name.startswith("okg-")]
            stage.put_set("lobby", 1, currentReplicas=0)
            told = [call.result() for call in calls]
            assert [next(one), next(one)] == [True, False]

        eventually(lambda: stage.sample("okg_scaler_streams") == 0)

    assert told == [(True, False)] * 40
    assert len(after) == len(before)


def _hold_stream(stage: Stage) -> tuple[bool, bool]:
    with calling(stage.address) as keda, keda.stream("games", "lobby") as pushed:
        return next(pushed), next(pushed)


def test_the_server_has_one_thread_of_ours() -> None:
    stage = Stage()
    others = set(threading.enumerate())

    with stage.playing() as keda:
        keda.spec("games", "lobby")
        started = [t.name for t in threading.enumerate() if t not in others]

    assert [name for name in started if "scaler" in name] == ["okg-scaler"]


def test_a_replica_that_goes_ends_its_streams_and_comes_to_an_end() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.running() as ctx, calling(stage.address) as keda:
        eventually(lambda: stage.manager.is_synced)
        with keda.stream("games", "lobby") as pushed:
            assert next(pushed) is True
            ctx.cancel()
            with refused("UNAVAILABLE") as text:
                next(pushed)

    assert text() == "this replica is going; ask another one"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", stage.port))


def test_what_is_no_request_is_refused_and_others_go_on() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda, grpc.insecure_channel(stage.address) as channel:
        garbage: Call = channel.unary_unary("/externalscaler.ExternalScaler/GetMetrics")
        with refused("INVALID_ARGUMENT") as text:
            garbage(b"\xff", timeout=20, wait_for_ready=True)
        assert text().startswith("not a request of GetMetrics: ")
        unknown: Call = channel.unary_unary("/externalscaler.ExternalScaler/StreamMetricSpec")
        with refused("UNIMPLEMENTED"):
            unknown(b"", timeout=20, wait_for_ready=True)
        with refused("RESOURCE_EXHAUSTED"):
            garbage(b"x" * 300_000, timeout=20, wait_for_ready=True)
        assert keda.metric("games", "lobby") == 1


def test_a_failure_of_ours_is_told_logged_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.playing() as keda:
        with monkeypatch.context() as broken, capture_logs() as logs:
            broken.setattr("okg.scaler.answers.count_crowd", _fail)
            with refused("INTERNAL") as text:
                keda.metric("games", "lobby")
        assert text() == "GetMetrics failed: KeyError: 'a defect'"
        assert [(line["log_level"], line["method"]) for line in logs] == [("error", "GetMetrics")]
        assert keda.metric("games", "lobby") == 1


def _fail(*_arguments: object) -> NoReturn:
    raise KeyError("a defect")


def test_answers_are_counted_by_method_and_status() -> None:
    stage = Stage()
    stage.put_set("lobby", 1, currentReplicas=1)
    assert _requests(stage, "GetMetrics", "OK") == 0

    with stage.playing() as keda:
        keda.metric("games", "lobby")
        with refused("NOT_FOUND"):
            keda.metric("games", "arena")
        with keda.stream("games", "lobby") as pushed:
            next(pushed)
        eventually(lambda: _requests(stage, STREAM, "CANCELLED") == 1)

    assert _requests(stage, "GetMetrics", "OK") == 1
    assert _requests(stage, "GetMetrics", "NOT_FOUND") == 1
    name = "okg_scaler_request_duration_seconds_count"
    assert stage.sample(name, method="GetMetrics") == 2


def _requests(stage: Stage, method: str, code: str) -> float | None:
    return stage.sample("okg_scaler_requests_total", method=method, code=code)


def test_new_connections_get_the_newest_certificate_without_a_restart(tmp_path: Path) -> None:
    old, new = Authority("old"), Authority("new")
    _write_pair(tmp_path, old)
    stage = Stage(f"--scale-server-certs-dir={tmp_path}")
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.running(), calling(stage.address, old.certificate) as first:
        eventually(lambda: stage.manager.is_synced)
        assert first.metric("games", "lobby") == 1
        _write_pair(tmp_path, new)
        with calling(stage.address, new.certificate) as second:
            assert second.metric("games", "lobby") == 1
        assert first.metric("games", "lobby") == 1


def test_a_pair_of_files_that_does_not_load_changes_nothing(tmp_path: Path) -> None:
    authority = Authority("one")
    _write_pair(tmp_path, authority)
    stage = Stage(f"--scale-server-certs-dir={tmp_path}")
    stage.put_set("lobby", 1, currentReplicas=1)

    with stage.running():
        (tmp_path / "tls.key").write_text("not a key")
        with calling(stage.address, authority.certificate) as keda:
            eventually(lambda: stage.manager.is_synced)
            assert keda.metric("games", "lobby") == 1


def _write_pair(folder: Path, authority: Authority) -> None:
    pair = authority.issue_server(["127.0.0.1"])
    (folder / "tls.crt").write_bytes(pair.public)
    (folder / "tls.key").write_bytes(pair.private)


def test_an_occupied_port_ends_the_manager_in_words_that_say_what_to_change() -> None:
    stage = Stage()
    with socket.socket() as holder:
        # gRPC would share it with whoever allows that, such as another manager.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", stage.port))
        holder.listen()

        with pytest.raises(ConfigError) as error:
            stage.manager.run(Context())

    assert str(error.value) == (
        f"cannot listen on {stage.address}; choose another with --scale-server-bind-address"
    )
