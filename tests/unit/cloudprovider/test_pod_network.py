"""What pods say of their networks."""

import pytest

from okg.api.core import Pod
from okg.api.game import NetworkAddress, NetworkConfParam, NetworkPort, NetworkStatus
from okg.api.meta import ObjectMeta
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import read_pod_network, told, told_ready, told_state

CONF = "game.kruise.io/network-conf"
STATUS = "game.kruise.io/network-status"
DISABLED = "game.kruise.io/network-disabled"


def _pod(annotations: dict[str, str], labels: dict[str, str] | None = None) -> Pod:
    return Pod(metadata=ObjectMeta(name="a-0", annotations=annotations, labels=labels or {}))


def test_a_configuration_is_read() -> None:
    network = read_pod_network(_pod({CONF: '[{"name":"SlbIds","value":"lb-a"},{"name":"Fixed"}]'}))

    assert network.entries == (
        NetworkConfParam(name="SlbIds", value="lb-a"),
        NetworkConfParam(name="Fixed"),
    )
    assert network.status is None


@pytest.mark.parametrize("text", ["null", "[]"])
def test_no_configuration_is_one_without_entries(text: str) -> None:
    assert read_pod_network(_pod({CONF: text})).entries == ()


@pytest.mark.parametrize("text", ["", "{}", '[{"name":"a","value":1}]', "[" * 5000])
def test_a_configuration_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(PluginError, match="no list of names and values") as raised:
        read_pod_network(_pod({CONF: text}))

    assert raised.value.type is PluginErrorType.PARAMETER


@pytest.mark.parametrize(("label", "expected"), [("true", True), ("T", True), ("yes", False)])
def test_a_label_cuts_the_traffic_off(label: str, *, expected: bool) -> None:
    assert read_pod_network(_pod({}, {DISABLED: label})).disabled is expected


def test_a_first_state_is_told_with_its_times_open() -> None:
    pod = _pod({})

    told_pod = told_state(pod, read_pod_network(pod))

    assert told_pod.metadata.annotations[STATUS] == (
        '{"currentNetworkState":"NotReady","createTime":null,"lastTransitionTime":null}'
    )


def test_addresses_are_told_as_the_go_manager_tells_them() -> None:
    inside = NetworkAddress(ip="10.0.0.1", ports=(NetworkPort(name="80", protocol="TCP", port=80),))
    outside = NetworkAddress(
        ip="", ports=(NetworkPort(name="80", protocol="TCP", port=951),), end_point="host"
    )

    ready = told_ready(_pod({}), [inside], [outside])

    assert ready.metadata.annotations[STATUS] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}],'
        '"externalAddresses":[{"ip":"","ports":[{"name":"80","protocol":"TCP","port":951}],'
        '"endPoint":"host"}],"currentNetworkState":"Ready","createTime":null,'
        '"lastTransitionTime":null}'
    )
    assert read_pod_network(ready).status == NetworkStatus(
        internal_addresses=(inside,), external_addresses=(outside,), current_network_state="Ready"
    )


def test_what_is_told_already_changes_nothing() -> None:
    pod = told_ready(_pod({}), [NetworkAddress(ip="10.0.0.1")], [])

    assert told_ready(pod, [NetworkAddress(ip="10.0.0.1")], []) is pod


def test_a_lost_network_keeps_its_addresses() -> None:
    pod = told_ready(_pod({}), [NetworkAddress(ip="10.0.0.1")], [])

    lost = told_state(pod, read_pod_network(pod))

    status = read_pod_network(lost).status
    assert status is not None
    assert status.current_network_state == "NotReady"
    assert status.internal_addresses == (NetworkAddress(ip="10.0.0.1"),)


def test_texts_and_numbers_of_ports_stay_what_they_are() -> None:
    address = NetworkAddress(ip="1.2.3.4", ports=(NetworkPort(name="80", port="512"),))

    pod = told(_pod({}), NetworkStatus(external_addresses=(address,)))

    assert '"port":"512"' in pod.metadata.annotations[STATUS]
