"""What users can write of load balancers with carriers."""

import pytest

from okg.cloudprovider.alibabacloud.multi_nlbs import NLB_ID_NAMES, PARAMETERS, Carried
from okg.cloudprovider.plugin import PluginError
from unit.cloudprovider.golden import conf_of


def _problems(id_names: str, *lines: str) -> list[str]:
    return list(
        PARAMETERS.problems(conf_of(f"NlbIdNames={id_names}", "PortProtocols=80/TCP", *lines))
    )


@pytest.mark.parametrize(
    ("id_names", "problem"),
    [
        (
            "A/DX,B/dx",
            "NlbIdNames: DX and dx are one name in small letters; write it always the same way",
        ),
        (
            "A/dx,B/lt,B/dx,C/lt",
            "NlbIdNames: B is of lt and dx; write each load balancer with one carrier",
        ),
        (
            "A/dx,A/lt",
            "NlbIdNames: A is of dx and lt; write each load balancer with one carrier",
        ),
        (
            "A/dx,B/dx,C/lt",
            "NlbIdNames: each carrier needs as many load balancers as every other",
        ),
    ],
)
def test_load_balancers_that_cannot_be_told_apart_are_refused(id_names: str, problem: str) -> None:
    assert _problems(id_names) == [problem]


@pytest.mark.parametrize("id_names", ["A/dx,B/lt,C/dx,D/lt", "A/dx", "A/dx,A/dx", "A/dx,B/lt,"])
def test_load_balancers_of_one_carrier_each_are_well(id_names: str) -> None:
    assert _problems(id_names) == []


def test_fixed_is_true_or_false_even_where_it_is_stored() -> None:
    with pytest.raises(PluginError, match='Fixed: "yes" is malformed'):
        PARAMETERS.read(conf_of("NlbIdNames=A/dx", "PortProtocols=80", "Fixed=yes"))


def test_nothing_between_commas_is_no_load_balancer() -> None:
    conf = PARAMETERS.read(conf_of("NlbIdNames=,A/dx,,B/lt,", "PortProtocols=80"))

    assert conf[NLB_ID_NAMES] == (Carried("A", "dx"), Carried("B", "lt"))


@pytest.mark.parametrize(
    "lines", [["NlbIdNames=A/dx"], ["PortProtocols=80"], ["NlbIdNames=,", "PortProtocols=80"]]
)
def test_without_load_balancers_or_ports_no_pod_is_made(lines: list[str]) -> None:
    with pytest.raises(PluginError, match="NlbIdNames and PortProtocols are needed"):
        PARAMETERS.read(conf_of(*lines))
