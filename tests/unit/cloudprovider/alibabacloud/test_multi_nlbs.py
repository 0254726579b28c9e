"""Servers with load balancers of several carriers, when the configuration names more of them."""

from collections.abc import Mapping

from okg.api.service import Service
from okg.testing.network import Stage, entries
from okg.testing.network.judge import complaints
from unit.cloudprovider.scenarios import SCENARIOS

ID = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id"
PORT = "PortProtocols=80/TCP"
SPREAD = "AllocatePolicy=balanced"


def _stage(names: str) -> Stage:
    """Return a stage without servers, whose set names these load balancers."""
    scenario = next(it for it in SCENARIOS if it.name == "AlibabaCloud-Multi-NLBs")
    stage = Stage(scenario)
    stage.configure(entries(f"NlbIdNames={names}", PORT, SPREAD))
    return stage


def _given(stage: Stage) -> Mapping[str, tuple[str, int]]:
    """Return load balancer and port of each Service."""
    return {
        it.metadata.name: (it.metadata.annotations[ID], it.spec.ports[0].port)
        for it in stage.server.objects(Service)
    }


def test_a_carrier_is_added_on_the_port_that_a_server_has() -> None:
    stage = _stage("A/dx,B/lt")
    stage.scale(1)
    stage.settle()

    stage.configure(entries("NlbIdNames=A/dx,B/lt,C/yd", PORT, SPREAD))
    stage.settle()

    assert stage.is_ready(0)
    assert _given(stage) == {
        "gss-0-dx": ("A", 1000),
        "gss-0-lt": ("B", 1000),
        "gss-0-yd": ("C", 1000),
    }


def test_servers_of_two_groups_do_not_meet_on_a_carrier_that_is_added() -> None:
    stage = _stage("A/dx,B/lt,C/dx,D/lt")
    stage.scale(2)
    stage.settle()
    before = _given(stage)

    stage.configure(entries("NlbIdNames=A/dx,B/lt,E/yd,C/dx,D/lt,E/yd", PORT, SPREAD))
    stage.settle()

    assert before == {
        "gss-0-dx": ("A", 1000),
        "gss-0-lt": ("B", 1000),
        "gss-1-dx": ("C", 1000),
        "gss-1-lt": ("D", 1000),
    }
    assert _given(stage) == {
        "gss-0-dx": ("A", 1000),
        "gss-0-lt": ("B", 1000),
        "gss-0-yd": ("E", 1000),
        "gss-1-dx": ("C", 1001),
        "gss-1-lt": ("D", 1001),
        "gss-1-yd": ("E", 1001),
    }
    assert [stage.is_ready(0), stage.is_ready(1)] == [True, True]
    assert list(complaints(stage)) == []


def test_a_carrier_that_is_added_where_another_set_has_the_port_moves_the_server() -> None:
    stage = _stage("A/dx,B/lt")
    stage.scale(1)
    stage.settle()
    stage.conf = entries("NlbIdNames=C/yd", PORT)
    stage.add(1)
    stage.settle()

    stage.configure(entries("NlbIdNames=A/dx,B/lt,C/yd", PORT, SPREAD))
    stage.settle()

    assert _given(stage)["gss-0-yd"] == ("C", 1001)
    assert _given(stage)["gss-0-dx"] == ("A", 1001)
    assert list(complaints(stage)) == []


def test_a_carrier_that_is_added_and_full_leaves_the_server_where_it_is_and_says_so() -> None:
    stage = _stage("A/dx")
    stage.scale(6)
    stage.settle()
    stage.conf = entries("NlbIdNames=E/yd", PORT)
    stage.add(6)
    stage.settle()

    stage.configure(entries("NlbIdNames=A/dx,E/yd", PORT))
    stage.settle()

    assert sorted(stage.failures) == ["gss-0", "gss-6"]
    assert str(stage.failures["gss-0"]).startswith(
        "no available ports: 1 wanted for games/gss-0, A and E have 0 free of 6 in 1000-1006"
    )
    assert stage.is_ready(0)
    assert _given(stage)["gss-0-dx"] == ("A", 1000)
    assert _given(stage)["gss-1-yd"] == ("E", 1001)
    assert list(complaints(stage)) == []
