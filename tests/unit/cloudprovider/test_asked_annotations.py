"""Annotations that go when the configuration does not say them any more."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from okg.cloudprovider.alibabacloud.multi_nlbs import MULTI_NLBS
from okg.cloudprovider.alibabacloud.nlb import NLB
from okg.cloudprovider.alibabacloud.slb import SLB
from okg.cloudprovider.asked_annotations import brought_up
from okg.cloudprovider.balancer import Balancer, redressed
from okg.cloudprovider.hwcloud.elb import ELB
from okg.cloudprovider.hwcloud.elb_cce import CCE_ELB
from okg.cloudprovider.jdcloud.nlb import NLB as JD_NLB
from okg.cloudprovider.volcengine.clb import CLB
from unit.cloudprovider.golden import built

NOTE = "game.kruise.io/network-conf-annotations"
ALIBABA_NLB = ("NlbIds=nlb-a", "PortProtocols=80/TCP")
MULTI = ("NlbIdNames=nlb-a/dx", "PortProtocols=80/TCP")
ALIBABA_SLB = ("SlbIds=lb-a", "PortProtocols=80/TCP")
HUAWEI = ("ElbIds=elb-a", "PortProtocols=80/TCP")
CCE = ("PortProtocols=80/TCP", "kubernetes.io/elb.id=elb-a")


@pytest.mark.parametrize(
    ("stored", "wanted", "after"),
    [
        ({"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}),
        ({"a": "1", "b": "1", NOTE: "a,b"}, {"b": "2", NOTE: "b"}, {"b": "2", NOTE: "b"}),
        ({"a": "1", "foreign": "1", NOTE: "a"}, {}, {"foreign": "1"}),
        ({"a": "1", "own": "1", NOTE: "a,own"}, {"own": "2"}, {"own": "2"}),
        ({"optional": "1"}, {}, {}),
    ],
    ids=["without a note", "one of two", "the last", "one of ours", "optional"],
)
def test_what_was_asked_for_and_is_no_longer_goes(
    stored: Mapping[str, str], wanted: Mapping[str, str], after: Mapping[str, str]
) -> None:
    assert brought_up(stored, wanted, {"optional"}) == after


@pytest.mark.parametrize(
    ("balancer", "before", "after"),
    [
        (SLB, (*ALIBABA_SLB, "LBHealthCheckType=http"), ALIBABA_SLB),
        (SLB, ALIBABA_SLB, (*ALIBABA_SLB, "LBHealthCheckSwitch=off")),
        (NLB, (*ALIBABA_NLB, "LBHealthCheckType=http"), ALIBABA_NLB),
        (NLB, ALIBABA_NLB, (*ALIBABA_NLB, "LBHealthCheckFlag=off")),
        (MULTI_NLBS, MULTI, (*MULTI, "LBHealthCheckFlag=off")),
        (ELB, (*HUAWEI, "ElbClass=shared", "ElbIdleTimeout=30"), HUAWEI),
        (ELB, (*HUAWEI, "ElbRequestTimeout=30", "ElbResponseTimeout=30"), HUAWEI),
        (ELB, (*HUAWEI, 'LBHealthCheckOption={"delay":3}'), (*HUAWEI, "LBHealthCheckFlag=off")),
        (CCE_ELB, ("PortProtocols=80/TCP", "kubernetes.io/elb.autocreate={}"), CCE),
        (CCE_ELB, (*CCE, "kubernetes.io/elb.class=performance"), CCE),
        (CCE_ELB, (*CCE, "AllowNotReadyContainers=game"), CCE),
        (
            CLB,
            ("ClbIds=a", "PortProtocols=80", "Annotations=k:v"),
            ("ClbIds=a", "PortProtocols=80"),
        ),
        (
            JD_NLB,
            ("NlbIds=a", "PortProtocols=80", "Annotations=k:v"),
            ("NlbIds=a", "PortProtocols=80"),
        ),
    ],
)
def test_a_service_that_is_brought_up_to_date_has_what_a_new_one_has_and_what_others_gave_it(
    balancer: Balancer, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    stored, wanted = built(balancer, *before, ports=(500,)), built(balancer, *after, ports=(500,))
    foreign = {**stored.metadata.annotations, "foreign": "stays"}
    stored = replace(stored, metadata=replace(stored.metadata, annotations=foreign))

    again = redressed(stored, wanted, balancer.optional)

    assert again.metadata.annotations == {**wanted.metadata.annotations, "foreign": "stays"}
