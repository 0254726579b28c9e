"""Entries of one name: which lists add up, and where the last entry counts."""

import pytest

from okg.cloudprovider.alibabacloud import (
    auto,
    multi_nlbs,
    nlb as alibaba_nlb,
    nlb_shared,
    shared,
    slb,
    slb_shared,
)
from okg.cloudprovider.alibabacloud.multi_nlbs import MULTI_NLBS
from okg.cloudprovider.amazonswebservices import parameters as aws
from okg.cloudprovider.balancer import Balancer
from okg.cloudprovider.grammar import PortProtocol
from okg.cloudprovider.hwcloud.elb import ELB
from okg.cloudprovider.hwcloud.elb_cce import CCE_ELB
from okg.cloudprovider.jdcloud.nlb import ANNOTATIONS, NLB as JD_NLB
from okg.cloudprovider.kubernetes import node_port
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.tencentcloud import clb as tencent
from okg.cloudprovider.volcengine.clb import CLB as VOLC_CLB, CLB_IDS
from unit.cloudprovider.golden import HASH, built, conf_of


def _value(parameter: Parameter[object], *values: str) -> object:
    """Return what is understood of entries of a parameter."""
    lines = (f"{parameter.name}={value}" for value in values)
    return Conf(Parameters(parameter), conf_of(*lines))[parameter]


def _hash_of(balancer: Balancer, *lines: str) -> str:
    return built(balancer, *lines, ports=(500, 501)).metadata.annotations[HASH]


@pytest.mark.parametrize(
    "parameter",
    [
        slb.PORT_PROTOCOLS,
        alibaba_nlb.PORT_PROTOCOLS,
        multi_nlbs.PORT_PROTOCOLS,
        aws.PORT_PROTOCOLS,
        tencent.PORT_PROTOCOLS,
    ],
)
def test_ports_of_several_entries_add_up(parameter: Parameter[object]) -> None:
    assert _value(parameter, "80/TCP", "81/UDP,82") == (
        PortProtocol(80, "TCP"),
        PortProtocol(81, "UDP"),
        PortProtocol(82, "TCP"),
    )


@pytest.mark.parametrize("parameter", [node_port.PORT_PROTOCOLS, shared.PORT_PROTOCOLS])
def test_of_ports_of_nodes_and_of_shared_ports_the_last_entry_counts(
    parameter: Parameter[object],
) -> None:
    assert _value(parameter, "80/TCP,x", "81/UDP,82") == (
        PortProtocol(81, "UDP"),
        PortProtocol(82, "TCP"),
    )


@pytest.mark.parametrize(
    ("balancer", "line"),
    [
        (slb.SLB, "SlbIds=a"),
        (alibaba_nlb.NLB, "NlbIds=a"),
        (MULTI_NLBS, "NlbIdNames=a/dx"),
        (VOLC_CLB, "ClbIds=a"),
        (JD_NLB, "NlbIds=a"),
        (ELB, "ElbIds=a"),
        (CCE_ELB, "kubernetes.io/elb.id=a"),
    ],
    ids=lambda it: it.name if isinstance(it, Balancer) else "",
)
def test_a_service_of_several_entries_is_that_of_one(balancer: Balancer, line: str) -> None:
    several = (line, "PortProtocols=80/TCP", "PortProtocols=81/UDP")

    service = built(balancer, *several, ports=(500, 501))

    assert [(port.port, port.target_port) for port in service.spec.ports] == [(500, 80), (501, 81)]
    assert _hash_of(balancer, *several) == _hash_of(balancer, line, "PortProtocols=80/TCP,81/UDP")


@pytest.mark.parametrize(
    ("balancer", "line"), [(VOLC_CLB, "ClbIds=a"), (JD_NLB, "NlbIds=a")], ids=["volc", "jd"]
)
def test_annotations_of_several_entries_are_all_written(balancer: Balancer, line: str) -> None:
    ports = "PortProtocols=80/TCP,81/UDP"
    several = (line, ports, "Annotations=k:v,l:1", "Annotations=l:2")

    service = built(balancer, *several, ports=(500, 501))

    told = service.metadata.annotations
    assert (told["k"], told["l"]) == ("v", "2")
    assert told[HASH] == _hash_of(balancer, line, ports, "Annotations=k:v,l:2")


def test_settings_of_a_health_check_add_up_and_the_last_of_a_name_counts() -> None:
    conf = aws.PARAMETERS.read(
        conf_of(
            "NlbHealthCheck=healthCheckPath:/a,healthyThresholdCount:2",
            "NlbHealthCheck=healthCheckPath:/b",
        )
    )

    assert aws.health_of(conf).health_check_path == "/b"
    assert aws.health_of(conf).healthy_threshold_count == 2
    assert _value(ANNOTATIONS, "k:v,l:1", "l:2") == {"k": "v", "l": "2"}


def test_balancers_and_containers_of_several_entries_add_up() -> None:
    assert _value(slb.SLB_IDS, "a,", "b") == ("a", "b")
    assert _value(multi_nlbs.NLB_ID_NAMES, "a/dx,", "b/lt") == (
        multi_nlbs.Carried("a", "dx"),
        multi_nlbs.Carried("b", "lt"),
    )
    assert _value(ALLOW_NOT_READY, "game", "log") == ("game", "log")


def test_a_balancer_of_volcengine_counts_once_an_entry() -> None:
    once = ("ClbIds=a,b,a", "ClbIds=b", "PortProtocols=80,81")

    assert VOLC_CLB.parameters.read(conf_of(*once))[CLB_IDS] == ("a", "b", "b")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (slb_shared.SLB_IDS, ("b", "c")),
        (slb_shared.MANAGED_NAMES, ("b", "c")),
        (auto.EIP_ISP_TYPES, ("b", "c")),
    ],
)
def test_of_some_lists_the_last_entry_counts(parameter: Parameter[object], value: object) -> None:
    assert _value(parameter, "a,x", "b,c") == value


def test_of_what_is_one_value_the_last_entry_counts() -> None:
    assert _value(auto.BLOCK_PORTS, "1,2", "3") == (3,)
    assert _value(nlb_shared.NLB_ID, "a", "b") == "b"
    assert _value(slb.FLAG, "on", "off") == "off"
