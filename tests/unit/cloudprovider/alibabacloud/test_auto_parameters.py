"""What users can write of load balancers that are made for them."""

import pytest

from okg.cloudprovider.alibabacloud.auto import (
    BLOCK_PORTS,
    EIP_ISP_TYPES,
    RESERVE,
    RETAIN,
    SECURITY,
    ZONE_MAPS,
    Zones,
)
from okg.cloudprovider.alibabacloud.auto_nlbs import PARAMETERS as V1
from okg.cloudprovider.alibabacloud.auto_nlbs_v2 import AUTO_NLBS_V2
from okg.cloudprovider.parameters import Conf, Parameters
from okg.cloudprovider.plugin import PluginError
from unit.cloudprovider.golden import conf_of

V2 = AUTO_NLBS_V2.parameters
ENOUGH = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP")
both = pytest.mark.parametrize("parameters", [V1, V2], ids=["v1", "v2"])


def _given(*lines: str) -> tuple[str, ...]:
    """Return lines with those that are needed, unless they are among them."""
    names = {line.partition("=")[0] for line in lines}
    return (*(line for line in ENOUGH if line.partition("=")[0] not in names), *lines)


@both
def test_zones_and_ports_are_enough(parameters: Parameters) -> None:
    assert list(parameters.problems(conf_of(*ENOUGH))) == []


@both
@pytest.mark.parametrize("name", ["ZoneMaps", "PortProtocols"])
def test_what_is_missing_is_named(parameters: Parameters, name: str) -> None:
    rest = [line for line in ENOUGH if not line.startswith(name)]

    problems = list(parameters.problems(conf_of(*rest)))

    assert len(problems) == 1
    assert problems[0].startswith(f"{name} is missing; write ")


@both
@pytest.mark.parametrize(
    "line",
    [
        "ZoneMaps=vpc-x",
        "ZoneMaps=@h:a,i:b",
        "ZoneMaps=vpc-x@h:a",
        "ZoneMaps=vpc-x@h:a,i",
        "ZoneMaps=vpc-x@h:a,i:b:c",
        "ZoneMaps=vpc-x@h:a,:b",
        "ZoneMaps=vpc-x@h:a,i:",
        "PortProtocols=80/TCP,x",
        "PortProtocols=0/TCP",
        "PortProtocols=65536",
        "PortProtocols=80/SCTP",
        "EipIspTypes=",
        "EipIspTypes=BGP,",
        "EipIspTypes=B GP",
        "EipIspTypes=BGP_PRO,bgp-pro",
        "MinPort=x",
        "MinPort=0",
        "MaxPort=65536",
        "BlockPorts=1001,x",
        "BlockPorts=70000",
        "ReserveNlbNum=x",
        "ReserveNlbNum=-1",
        "ReserveNlbNum=101",
        "ExternalTrafficPolicyType=Near",
        "LBHealthCheckFlag=yes",
        "LBHealthCheckType=udp",
        "LBHealthCheckConnectPort=65536",
        "LBHealthCheckConnectTimeout=301",
        "LBHealthCheckInterval=0",
        "LBHealthyThreshold=1",
        "LBUnhealthyThreshold=11",
        "LBHealthCheckUri=x",
        "LBHealthCheckDomain=A",
        "LBHealthCheckMethod=post",
    ],
)
def test_a_mistake_is_named_with_what_to_write(parameters: Parameters, line: str) -> None:
    name = line.partition("=")[0]

    problems = list(parameters.problems(conf_of(*_given(line))))

    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: ")
    assert "is malformed; write " in problems[0]


def test_malformed_zones_are_the_clouds_to_judge_or_ours() -> None:
    lines = conf_of("ZoneMaps=vpc-x", ENOUGH[1])

    assert V1.read(lines)[ZONE_MAPS].text == "vpc-x"
    with pytest.raises(PluginError, match='ZoneMaps: "vpc-x" is malformed; write vpc-id@'):
        V2.read(lines)


@pytest.mark.parametrize("line", ["RetainNLBOnDelete=no", "RetainNLBOnDelete="])
def test_a_mistake_of_the_second_version_is_named(line: str) -> None:
    problems = list(V2.problems(conf_of(*_given(line))))

    assert problems == [
        f'RetainNLBOnDelete: "{line.partition("=")[2]}" is malformed; write true or false'
    ]


@both
@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("MinPort=2000",), "MinPort 2000 is greater than MaxPort 1499; swap them"),
        (
            ("MinPort=1000", "MaxPort=1001", "BlockPorts=1000", "PortProtocols=80,81"),
            "MinPort 1000, MaxPort 1001: 2 ports of a server do not fit beside 1 BlockPorts",
        ),
    ],
)
def test_a_range_without_room_for_one_server_is_a_mistake(
    parameters: Parameters, lines: tuple[str, ...], problem: str
) -> None:
    problems = list(parameters.problems(conf_of(*_given(*lines))))

    assert len(problems) == 1
    assert problems[0].startswith(problem)
    with pytest.raises(PluginError, match=problem):
        parameters.read(conf_of(*_given(*lines)))


def test_the_first_version_knows_nothing_of_the_seconds_own() -> None:
    own = ("RetainNLBOnDelete=false", "SecurityProtectionTypes=a", "AllowNotReadyContainers=b")

    assert V1.unknown(conf_of(*own)) == [
        "AllowNotReadyContainers",
        "RetainNLBOnDelete",
        "SecurityProtectionTypes",
    ]
    assert V2.unknown(conf_of(*own)) == []


def test_what_is_stored_is_read_as_far_as_it_goes() -> None:
    conf = Conf(
        V2,
        conf_of(
            "ZoneMaps= vpc-x @ h : a ,i:b",
            "EipIspTypes=BGP, ,ChinaTelecom,BGP",
            "BlockPorts=1001,x,1003",
            "ReserveNlbNum=many",
            "RetainNLBOnDelete=FALSE",
            "SecurityProtectionTypes= AntiDDoS_Enhanced ,",
        ),
    )

    assert conf[ZONE_MAPS] == Zones(" vpc-x @ h : a ,i:b", "vpc-x", (("h", "a"), ("i", "b")))
    assert conf[EIP_ISP_TYPES] == ("BGP", "ChinaTelecom")
    assert conf[BLOCK_PORTS] == (1001, 1003)
    assert conf[RESERVE] == 0
    assert conf[RETAIN] is False
    assert conf[SECURITY] == ("AntiDDoS_Enhanced",)


@pytest.mark.parametrize(
    ("text", "reserve"), [("100", 100), ("150", 100), ("9" * 18, 100), ("-1", 0), ("9" * 20, 0)]
)
def test_a_reserve_that_is_stored_is_cut_to_what_can_be(text: str, reserve: int) -> None:
    assert Conf(V2, conf_of(f"ReserveNlbNum={text}"))[RESERVE] == reserve


def test_defaults() -> None:
    conf = Conf(V2, conf_of(*ENOUGH))

    assert conf[EIP_ISP_TYPES] == ("BGP",)
    assert conf[RESERVE] == 1
    assert conf[RETAIN] is True
