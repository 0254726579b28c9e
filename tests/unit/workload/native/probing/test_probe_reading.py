"""What a quality says of how it is probed."""

from typing import Any

import pytest

from okg.workload.native.probing.probe import (
    ExecAction,
    HttpAction,
    HttpHeader,
    Probe,
    TcpAction,
    read_probes,
    resolve_port,
)
from unit.workload.native.probing.probed_pods import a_probed_pod, a_quality


def test_numbers_that_are_not_given_are_those_of_openkruisegame() -> None:
    probes = read_probes((a_quality(),))

    assert probes.runnable == (
        Probe(
            quality="idle",
            container="game",
            action=ExecAction(("check",)),
            initial_delay=10,
            timeout=5,
            period=3,
            success_threshold=1,
            failure_threshold=3,
        ),
    )
    assert probes.names == {"idle"}
    assert probes.problems == ()


def test_given_numbers_count() -> None:
    quality = a_quality(
        initialDelaySeconds=1,
        timeoutSeconds=2,
        periodSeconds=4,
        successThreshold=5,
        failureThreshold=6,
    )

    [probe] = read_probes((quality,)).runnable

    assert (probe.initial_delay, probe.timeout, probe.period) == (1, 2, 4)
    assert (probe.success_threshold, probe.failure_threshold) == (5, 6)


def test_http_has_the_defaults_of_kubernetes() -> None:
    http = a_quality("http", httpGet={"port": 80})
    full = a_quality(
        "full",
        httpGet={
            "port": "web",
            "path": "/state?x=1",
            "scheme": "HTTPS",
            "host": "ignored.example",
            "httpHeaders": [{"name": "X-Game", "value": "1"}],
        },
    )

    probes = read_probes((http, full))

    assert [probe.action for probe in probes.runnable] == [
        HttpAction(port=80, path="/", scheme="HTTP"),
        HttpAction(
            port="web", path="/state?x=1", scheme="HTTPS", http_headers=(HttpHeader("X-Game", "1"),)
        ),
    ]


def test_a_socket_has_a_port() -> None:
    [probe] = read_probes((a_quality(tcpSocket={"port": 7000}),)).runnable

    assert probe.action == TcpAction(7000)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"grpc": {"port": 1}}, "spec.serviceQualities[0]: cannot be probed; write exec"),
        ({"tcpSocket": {"port": []}}, "spec.serviceQualities[0].tcpSocket: cannot be read: "),
        ({"httpGet": {}}, "spec.serviceQualities[0].httpGet: cannot be read: "),
    ],
)
def test_what_cannot_be_probed_is_told(members: dict[str, Any], problem: str) -> None:
    probes = read_probes((a_quality(**members), a_quality("other")))

    assert [probe.quality for probe in probes.runnable] == ["other"]
    assert probes.names == {"idle", "other"}
    assert str(probes.problems[0]).startswith(problem)


def test_commands_can_be_forbidden() -> None:
    qualities = (a_quality(), a_quality("open", tcpSocket={"port": 1}))

    probes = read_probes(qualities, exec_allowed=False)

    assert [probe.quality for probe in probes.runnable] == ["open"]
    assert [problem.field for problem in probes.problems] == ["spec.serviceQualities[0].exec"]
    assert "--probe-exec=false" in str(probes.problems[0])


def test_a_port_is_a_number_or_a_name_of_the_same_container() -> None:
    pod = a_probed_pod()

    assert resolve_port(pod, "game", 80) == 80
    assert resolve_port(pod, "game", "80") == 80
    assert resolve_port(pod, "game", "web") == 7000
    assert resolve_port(pod, "sidecar", "web") == 9000
    assert resolve_port(pod, "game", "other") is None
