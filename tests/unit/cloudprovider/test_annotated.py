"""Networks that pods ask for by annotations."""

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodStatus
from okg.api.meta import ObjectMeta
from okg.cloudprovider.alibabacloud.eip import EIP as ALIBABA_EIP
from okg.cloudprovider.alibabacloud.kinds import (
    DnatEntry,
    PodDnat,
    PodDnatStatus,
    PodEip,
    PodEipStatus,
)
from okg.cloudprovider.alibabacloud.natgw import NATGW
from okg.cloudprovider.annotated import AnnotatedNetwork, Annotations
from okg.cloudprovider.hwcloud.eip_cce import CCE_EIP
from okg.cloudprovider.jdcloud.eip import EIP as JD_EIP
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.tencentcloud.clb import CLB
from okg.cloudprovider.volcengine.eip import EIP as VOLCENGINE_EIP
from okg.context import Context
from unit.cloudprovider.golden import POD, conf_of
from unit.cloudprovider.network_pods import disabled, status_of
from unit.controllers.memory import MemoryClient

CTX = Context()
CONF = "game.kruise.io/network-conf"
STATUS = "game.kruise.io/network-status"
TIMES = '"createTime":null,"lastTransitionTime":null}'
NAME = ObjectMeta(name="gss-3", namespace="ns")


def _pod(*lines: str) -> Pod:
    annotations = {CONF: msgspec.json.encode(conf_of(*lines)).decode()}
    meta = replace(POD.metadata, annotations=annotations)
    return replace(POD, metadata=meta, status=PodStatus(pod_ip="10.0.0.1"))


def _asked(kind: Annotations, *lines: str) -> dict[str, str]:
    """Return the annotations that a new pod gets."""
    pod = AnnotatedNetwork(kind).on_pod_added(CTX, MemoryClient(), _pod(*lines))
    return {key: value for key, value in pod.metadata.annotations.items() if key != CONF}


def _told(kind: Annotations, client: MemoryClient, pod: Pod, **noted: str) -> str:
    """Return the status of a pod after somebody noted something on it."""
    network = AnnotatedNetwork(kind)
    pod = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, pod))
    annotations = {**pod.metadata.annotations, **noted}
    pod = replace(pod, metadata=replace(pod.metadata, annotations=annotations))
    return network.on_pod_updated(CTX, client, pod).metadata.annotations[STATUS]


WAITING = '{"currentNetworkState":"Waiting",' + TIMES


@pytest.mark.parametrize("kind", [NATGW, ALIBABA_EIP, VOLCENGINE_EIP, JD_EIP])
def test_a_network_is_waited_for_until_it_is_there(kind: Annotations) -> None:
    assert _told(kind, MemoryClient(), _pod("Ports=80")) == WAITING


def test_a_nat_gateway_is_asked_for_ports() -> None:
    asked = _asked(NATGW, "Ports=80,8080", "Protocol=udp", "Fixed=true")

    assert asked == {
        "k8s.aliyun.com/pod-dnat": "true",
        "k8s.aliyun.com/pod-dnat-expose-port": "80,8080",
        "k8s.aliyun.com/pod-dnat-expose-protocol": "udp",
        "k8s.aliyun.com/pod-dnat-fixed": "true",
    }


def _dnat(*ports: str) -> PodDnat:
    """Return the ports of the pod on a gateway: 80 is 512 there."""
    entries = tuple(
        DnatEntry(
            external_port=str(int(port) + 432),
            external_ip="47.97.0.1",
            internal_port=port,
            internal_ip="10.0.0.1",
            ip_protocol="tcp",
        )
        for port in ports
    )
    return PodDnat(metadata=NAME, status=PodDnatStatus(entries=entries))


def test_ports_of_a_nat_gateway_are_told_as_texts() -> None:
    client = MemoryClient(_dnat("80"))

    assert _told(NATGW, client, _pod("Ports=80")) == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":"80"}]}],'
        '"externalAddresses":[{"ip":"47.97.0.1","ports":[{"name":"80","protocol":"TCP","port":"512"}]}],'
        '"currentNetworkState":"Ready",' + TIMES
    )
    assert '"currentNetworkState":"Waiting"' in _told(NATGW, client, _pod("Ports=80,81"))


def _look(kind: Annotations, client: MemoryClient, pod: Pod) -> Pod:
    return AnnotatedNetwork(kind).on_pod_updated(CTX, client, pod)


def _ready(kind: Annotations, client: MemoryClient, pod: Pod, **noted: str) -> Pod:
    """Return a pod whose network is Ready."""
    status = _told(kind, client, pod, **noted)
    assert '"currentNetworkState":"Ready"' in status
    pod = AnnotatedNetwork(kind).on_pod_added(CTX, client, pod)
    annotations = {**pod.metadata.annotations, **noted, STATUS: status}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


@pytest.mark.parametrize(
    ("left", "outside"), [(("80",), ["512"]), ((), [])], ids=["one is lost", "all are lost"]
)
def test_a_nat_gateway_that_has_lost_a_port_is_not_ready_until_it_is_back(
    left: tuple[str, ...], outside: list[str]
) -> None:
    client = MemoryClient(_dnat("80", "81"))
    ready = _ready(NATGW, client, _pod("Ports=80,81"))

    client.put(_dnat(*left))
    lost = _look(NATGW, client, ready)
    client.put(_dnat("80", "81"))
    back = _look(NATGW, client, lost)

    assert status_of(lost).current_network_state == "NotReady"
    assert [a.ports[0].port for a in status_of(lost).external_addresses] == outside
    assert status_of(back) == status_of(ready)


@pytest.mark.parametrize("lines", [("Ports=",), ("Protocol=tcp",)])
@pytest.mark.parametrize("entries", [(), ("80",)])
def test_a_nat_gateway_that_was_asked_for_no_port_is_never_ready(
    lines: tuple[str, ...], entries: tuple[str, ...]
) -> None:
    assert '"currentNetworkState":"Waiting"' in _told(
        NATGW, MemoryClient(_dnat(*entries)), _pod(*lines)
    )


def test_what_had_an_answer_and_has_none_any_more_is_not_ready_where_it_was() -> None:
    client = MemoryClient(_dnat("80"))
    ready = _ready(NATGW, client, _pod("Ports=80"))
    client.remove(PodDnat, "ns/gss-3")

    lost = _look(NATGW, client, ready)

    assert status_of(lost) == replace(status_of(ready), current_network_state="NotReady")
    assert _look(NATGW, client, lost) is lost


def test_an_address_of_alibaba_cloud_that_is_gone_is_not_ready() -> None:
    status = PodEipStatus(eip_address="47.98.0.1", private_ip_address="10.0.0.1")
    client = MemoryClient(PodEip(metadata=NAME, status=status))
    ready = _ready(ALIBABA_EIP, client, _pod())
    client.remove(PodEip, "ns/gss-3")

    assert status_of(_look(ALIBABA_EIP, client, ready)).current_network_state == "NotReady"


def test_an_address_of_alibaba_cloud() -> None:
    status = PodEipStatus(eip_address="47.98.0.1", private_ip_address="10.0.0.1")
    client = MemoryClient(PodEip(metadata=NAME, status=status))

    assert _asked(ALIBABA_EIP, "Bandwidth=5", "ReleaseStrategy=Never") == {
        "k8s.aliyun.com/pod-with-eip": "true",
        "k8s.aliyun.com/eip-name": "ns/gss-3",
        "k8s.aliyun.com/eip-bandwidth": "5",
        "k8s.aliyun.com/pod-eip-release-strategy": "Never",
    }
    assert _told(ALIBABA_EIP, client, _pod()) == (
        '{"internalAddresses":[{"ip":"10.0.0.1"}],"externalAddresses":[{"ip":"47.98.0.1"}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


@pytest.mark.parametrize(
    ("lines", "attributes"),
    [
        (
            (),
            '{"description":"Created by the OKG Volcengine EIP plugin. Do not delete or modify."}',
        ),
        (
            ("name=a<b", "bandwidth=10", "billingType=2", "isp=BGP"),
            '{"bandwidth":10,"billingType":2,"isp":"BGP","name":"a\\u003cb"}',
        ),
    ],
)
def test_an_address_of_volcengine_is_asked_for(lines: tuple[str, ...], attributes: str) -> None:
    assert _asked(VOLCENGINE_EIP, *lines) == {
        "vke.volcengine.com/primary-eip-allocate": '{"type": "Elastic"}',
        "vke.volcengine.com/primary-eip-attributes": attributes,
    }


def test_an_address_of_volcengine_that_is_there_is_named_alone() -> None:
    assert _asked(VOLCENGINE_EIP, "vke.volcengine.com/primary-eip-id=eip-1", "name=a") == {
        "vke.volcengine.com/primary-eip-id": "eip-1"
    }


@pytest.mark.parametrize("key", ["niIp", "EniIp"])
def test_an_address_of_volcengine(key: str) -> None:
    noted = f'[{{"EipId":"e","EipAddress":"1.2.3.4","EniId":"n","{key}":"10.0.0.1"}}]'

    told = _told(
        VOLCENGINE_EIP, MemoryClient(), _pod(), **{"vke.volcengine.com/allocated-eips": noted}
    )

    assert told == (
        '{"internalAddresses":[{"ip":"10.0.0.1"}],"externalAddresses":[{"ip":"1.2.3.4"}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


@pytest.mark.parametrize("noted", ["[]", "null", "[null]"])
def test_no_address_of_volcengine_yet(noted: str) -> None:
    key = "vke.volcengine.com/allocated-eips"

    assert _told(VOLCENGINE_EIP, MemoryClient(), _pod(), **{key: noted}) == WAITING


def test_what_an_address_of_volcengine_does_not_say_is_empty() -> None:
    noted = '[null,{"EipId":null,"EipAddress":"1.2.3.4","EniIp":null,"niIp":null}]'

    told = _told(
        VOLCENGINE_EIP, MemoryClient(), _pod(), **{"vke.volcengine.com/allocated-eips": noted}
    )

    assert told == (
        '{"internalAddresses":[{"ip":""}],"externalAddresses":[{"ip":"1.2.3.4"}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


@pytest.mark.parametrize("line", ["bandwidth=10M", "billingType=two"])
@pytest.mark.parametrize("more", [(), ("vke.volcengine.com/primary-eip-id=eip-1",)])
def test_a_number_of_volcengine_that_is_none_is_refused_as_an_internal_error(
    line: str, more: tuple[str, ...]
) -> None:
    with pytest.raises(PluginError, match=line.partition("=")[0]) as caught:
        _asked(VOLCENGINE_EIP, line, *more)

    assert caught.value.type is PluginErrorType.INTERNAL


def test_an_address_of_jd_cloud() -> None:
    lines = ("Bandwidth=10", "ChargeType=postpaid_by_usage", "Fixed=true")
    noted = {"jdos.jd.com/eip.id": "fip-1", "jdos.jd.com/eip.ip": "1.2.3.4"}

    assert _asked(JD_EIP, *lines) == {
        "jdos.jd.com/eip.enable": "true",
        "jdos.jd.com/eip-name": "ns/gss-3",
        "jdos.jd.com/eip.bandwith": "10",
        "jdos.jd.com/eip.chargeMode": "postpaid_by_usage",
        "jdos.jd.com/eip.static": "true",
    }
    assert _told(JD_EIP, MemoryClient(), _pod(), **noted) == (
        '{"internalAddresses":[{"ip":"10.0.0.1"}],"externalAddresses":[{"ip":"1.2.3.4"}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


def test_a_pod_that_jd_cloud_is_not_asked_for_cannot_have_an_address() -> None:
    with pytest.raises(PluginError, match=r"eip\.enable of the pod is not true"):
        _told(JD_EIP, MemoryClient(), _pod(), **{"jdos.jd.com/eip.enable": "no"})


def test_an_address_of_huaweis_container_engine() -> None:
    assert _asked(CCE_EIP, "yangtse.io/pod-with-eip=true", "yangtse.io/other=x") == {
        "yangtse.io/pod-with-eip": "true"
    }
    assert _told(CCE_EIP, MemoryClient(), _pod()) == '{"currentNetworkState":"Ready",' + TIMES


TENCENT = "networking.cloud.tencent.com/"


def test_ports_of_tencent_cloud() -> None:
    result = '[{"port":80,"protocol":"TCP","address":"1.2.3.4:30001"},{"address":"bad"}]'
    noted = {
        f"{TENCENT}clb-port-mapping-status": "Ready",
        f"{TENCENT}clb-port-mapping-result": result,
    }

    assert _asked(CLB, "PortProtocols=80/TCP,7777/UDP") == {
        f"{TENCENT}clb-port-mapping": "80 TCP ns-gss\n7777 UDP ns-gss\n",
        f"{TENCENT}enable-clb-port-mapping": "true",
    }
    assert _told(CLB, MemoryClient(), _pod("PortProtocols=80/TCP"), **noted) == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}],'
        '"externalAddresses":[{"ip":"1.2.3.4","ports":[{"name":"80","protocol":"TCP","port":30001}]}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


def test_a_server_of_tencent_cloud_is_cut_off() -> None:
    network = AnnotatedNetwork(CLB)
    pod = network.on_pod_updated(CTX, MemoryClient(), _pod("PortProtocols=80"))
    labels = {**pod.metadata.labels, "game.kruise.io/network-disabled": "true"}

    pod = replace(pod, metadata=replace(pod.metadata, labels=labels))
    cut = network.on_pod_updated(CTX, MemoryClient(), pod)

    assert cut.metadata.annotations[f"{TENCENT}enable-clb-port-mapping"] == "false"


MAPPED = {
    f"{TENCENT}clb-port-mapping-status": "Ready",
    f"{TENCENT}clb-port-mapping-result": '[{"port":80,"protocol":"TCP","address":"1.2.3.4:30001"}]',
}


def test_a_server_of_tencent_cloud_that_is_cut_off_is_not_ready_until_it_is_let_back() -> None:
    client = MemoryClient()
    ready = _ready(CLB, client, _pod("PortProtocols=80/TCP"), **MAPPED)

    cut = _look(CLB, client, disabled(ready, "true"))
    still = _look(CLB, client, cut)
    back = _look(CLB, client, disabled(still, "false"))

    assert status_of(cut) == replace(status_of(ready), current_network_state="NotReady")
    assert still is cut
    assert status_of(back) == status_of(ready)


def test_a_server_of_tencent_cloud_that_begins_cut_off_is_not_waited_for() -> None:
    pod = disabled(_pod("PortProtocols=80/TCP"), "true")

    cut = _look(CLB, MemoryClient(), _look(CLB, MemoryClient(), pod))

    assert status_of(cut).current_network_state == "NotReady"


@pytest.mark.parametrize(
    ("key", "value"),
    [("clb-port-mapping-status", "Pending"), ("clb-port-mapping-result", "")],
)
def test_a_port_of_tencent_cloud_that_is_mapped_no_more_is_not_ready(key: str, value: str) -> None:
    ready = _ready(CLB, MemoryClient(), _pod("PortProtocols=80/TCP"), **MAPPED)
    annotations = {**ready.metadata.annotations, TENCENT + key: value}
    withdrawn = replace(ready, metadata=replace(ready.metadata, annotations=annotations))

    lost = _look(CLB, MemoryClient(), withdrawn)

    assert status_of(lost) == replace(status_of(ready), current_network_state="NotReady")


def test_a_pod_of_tencent_cloud_without_ports_is_refused() -> None:
    with pytest.raises(PluginError, match="missing PortProtocols config"):
        _asked(CLB, "PortProtocols=http")
