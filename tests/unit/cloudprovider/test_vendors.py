"""Options of the vendors: which make sense, and which ports they give."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pytest

from okg.api.meta import ObjectMeta
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.cloudprovider.alibabacloud.provider import provider as alibabacloud
from okg.cloudprovider.hwcloud.provider import provider as hwcloud
from okg.cloudprovider.jdcloud.provider import provider as jdcloud
from okg.cloudprovider.kubernetes.provider import provider as kubernetes
from okg.cloudprovider.options import SHIPPED, InvalidOptions
from okg.cloudprovider.pool import Pool, pools_of
from okg.cloudprovider.ports import bits_of, ports_of
from okg.cloudprovider.provider import Site, Vendor
from okg.cloudprovider.tencentcloud.provider import provider as tencentcloud
from okg.cloudprovider.volcengine.provider import provider as volcengine

SITE = Site("system")
Ports: TypeAlias = Mapping[str, object]


def _ports(low: int, high: int, *blocked: int) -> Ports:
    return {"min_port": low, "max_port": high, "block_ports": list(blocked)}


def _names(vendor: Vendor, **tables: object) -> Sequence[str]:
    return [plugin.name for plugin in vendor.offered({"enable": True, **tables}, SITE)]


def _pools(vendor: Vendor, **tables: object) -> Mapping[str, Pool]:
    plugins = vendor.offered({**SHIPPED[vendor.section], "enable": True, **tables}, SITE)
    return {pool.name: pool for pool in pools_of(plugins)}


def _given(pool: Pool) -> Sequence[int]:
    return ports_of(pool.allowed.bits)


def _hostport(low: int, high: int) -> Mapping[str, object]:
    return {"hostport": _ports(low, high)}


def _alibaba(slb: Ports | None = None, nlb: Ports | None = None) -> Mapping[str, object]:
    return {"slb": slb or _ports(500, 600), "nlb": nlb or _ports(1000, 1502)}


def _huawei(elb: Ports | None = None, cce: Ports | None = None) -> Mapping[str, object]:
    return {"elb": elb or _ports(500, 700), "cce": {"elb": cce or _ports(32768, 65535)}}


@pytest.mark.parametrize(
    ("vendor", "tables"),
    [
        (kubernetes, _hostport(1, 2)),
        (kubernetes, _hostport(8000, 99999)),
        (alibabacloud, _alibaba(slb=_ports(1, 200))),
        (alibabacloud, _alibaba(slb=_ports(500, 700, 501))),
        (alibabacloud, _alibaba(slb=_ports(500, 700, 699))),
        (alibabacloud, _alibaba(nlb=_ports(1, 70000, 2))),
        (alibabacloud, _alibaba(nlb=_ports(1000, 1502, 1001, 1501))),
        (volcengine, {"clb": _ports(1, 65535)}),
        (volcengine, {"clb": _ports(550, 600, 550, 599)}),
        (jdcloud, {"nlb": _ports(1, 65535, 7)}),
        (tencentcloud, {"clb": _ports(0, 70000)}),
        (hwcloud, _huawei()),
        (hwcloud, _huawei(elb=_ports(1, 202, 2))),
        (hwcloud, _huawei(elb=_ports(500, 700, 501, 699), cce=_ports(1, 65535, 2, 65534))),
    ],
)
def test_options_just_inside_their_bounds_are_taken(
    vendor: Vendor, tables: Mapping[str, object]
) -> None:
    assert _names(vendor, **tables)


ALIBABA_LISTENERS = (
    "slb.max_port - slb.min_port, less the number of slb.block_ports, must be less than 200:"
    " take a smaller range or block a port"
)
HUAWEI_LISTENERS = (
    "elb.max_port - elb.min_port, less the number of elb.block_ports, must be at most 200"
)


def _between(key: str) -> str:
    return f"{key}.block_ports must lie between {key}.min_port and {key}.max_port"


@pytest.mark.parametrize(
    ("vendor", "tables", "problem"),
    [
        (kubernetes, _hostport(0, 9000), "hostport.min_port must be greater than 0"),
        (
            kubernetes,
            _hostport(9000, 9000),
            "hostport.max_port must be greater than hostport.min_port",
        ),
        (alibabacloud, _alibaba(slb=_ports(0, 100)), "slb.min_port must be greater than 0"),
        (alibabacloud, _alibaba(slb=_ports(500, 700)), ALIBABA_LISTENERS),
        (alibabacloud, _alibaba(slb=_ports(500, 600, 500)), _between("slb")),
        (alibabacloud, _alibaba(slb=_ports(500, 600, 600)), _between("slb")),
        (alibabacloud, _alibaba(nlb=_ports(0, 100)), "nlb.min_port must be greater than 0"),
        (alibabacloud, _alibaba(nlb=_ports(1000, 1502, 1000)), _between("nlb")),
        (alibabacloud, _alibaba(nlb=_ports(1000, 1502, 1502)), _between("nlb")),
        (volcengine, {"clb": _ports(0, 600)}, "clb.min_port must be greater than 0"),
        (volcengine, {"clb": _ports(1, 65536)}, "clb.max_port must be at most 65535"),
        (
            volcengine,
            {"clb": _ports(550, 600, 549)},
            "clb.block_ports must be from clb.min_port to clb.max_port - 1",
        ),
        (
            volcengine,
            {"clb": _ports(550, 600, 600)},
            "clb.block_ports must be from clb.min_port to clb.max_port - 1",
        ),
        (jdcloud, {"nlb": _ports(0, 700)}, "nlb.min_port must be greater than 0"),
        (jdcloud, {"nlb": _ports(1, 65536)}, "nlb.max_port must be at most 65535"),
        (hwcloud, _huawei(elb=_ports(0, 100)), "elb.min_port must be greater than 0"),
        (hwcloud, _huawei(elb=_ports(65400, 65536)), "elb.max_port must be at most 65535"),
        (hwcloud, _huawei(elb=_ports(500, 600, 500)), _between("elb")),
        (hwcloud, _huawei(elb=_ports(500, 600, 600)), _between("elb")),
        (hwcloud, _huawei(elb=_ports(500, 701)), HUAWEI_LISTENERS),
        (hwcloud, _huawei(cce=_ports(0, 100)), "cce.elb.min_port must be greater than 0"),
        (hwcloud, _huawei(cce=_ports(1, 65536)), "cce.elb.max_port must be at most 65535"),
        (hwcloud, _huawei(cce=_ports(1, 100, 1)), _between("cce.elb")),
        (hwcloud, _huawei(cce=_ports(1, 100, 100)), _between("cce.elb")),
    ],
)
def test_options_just_outside_their_bounds_are_refused_by_their_key(
    vendor: Vendor, tables: Mapping[str, object], problem: str
) -> None:
    with pytest.raises(InvalidOptions) as caught:
        _names(vendor, **tables)

    assert str(caught.value) == f"[{vendor.section}]: {problem}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidOptions) as caught:
        _names(jdcloud, nlb=_ports(0, 70000))

    assert str(caught.value) == (
        "[jdcloud]: nlb.min_port must be greater than 0; nlb.max_port must be at most 65535"
    )


@pytest.mark.parametrize(
    ("vendor", "names"),
    [
        (kubernetes, ["Kubernetes-HostPort", "Kubernetes-NodePort", "Kubernetes-Ingress"]),
        (
            alibabacloud,
            [
                "AlibabaCloud-SLB",
                "AlibabaCloud-NLB",
                "AlibabaCloud-Multi-NLBs",
                "AlibabaCloud-AutoNLBs",
                "AlibabaCloud-AutoNLBs-V2",
                "AlibabaCloud-SLB-SharedPort",
                "AlibabaCloud-NLB-SharedPort",
                "AlibabaCloud-NATGW",
                "AlibabaCloud-EIP",
            ],
        ),
        (volcengine, ["Volcengine-CLB", "Volcengine-EIP"]),
        (tencentcloud, ["TencentCloud-CLB"]),
        (jdcloud, ["JdCloud-NLB", "JdCloud-EIP"]),
        (hwcloud, ["HwCloud-ELB", "HwCloud-CCE-ELB", "HwCloud-CCE-EIP"]),
    ],
)
def test_a_vendor_offers_its_network_types(vendor: Vendor, names: Sequence[str]) -> None:
    shipped = SHIPPED[vendor.section]

    assert _names(vendor, **{**shipped, "enable": True}) == names


def test_the_highest_port_is_given_but_where_the_go_manager_does_not() -> None:
    ports = _ports(500, 503, 501)

    alibaba = _pools(alibabacloud, slb=ports, nlb=ports)
    huawei = _pools(hwcloud, elb=ports, cce={"elb": ports})
    [volc] = _pools(volcengine, clb=ports).values()
    [jd] = _pools(jdcloud, nlb=ports).values()

    assert _given(alibaba["alibabacloud-slb"]) == (500, 502, 503)
    assert _given(alibaba["alibabacloud-nlb"]) == (500, 502, 503)
    assert _given(huawei["hwcloud-elb"]) == (500, 502, 503)
    assert _given(huawei["hwcloud-cce-elb"]) == (500, 502, 503)
    assert _given(volc) == (500, 502)
    assert _given(jd) == (500, 501, 502)


def test_a_range_never_has_ports_that_do_not_exist() -> None:
    beyond = _pools(alibabacloud, nlb=_ports(65534, 70000, 66000))["alibabacloud-nlb"]
    upside_down = _pools(alibabacloud, nlb=_ports(1000, 10))["alibabacloud-nlb"]

    assert _given(beyond) == (65534, 65535)
    assert _given(upside_down) == ()
    assert upside_down.allowed.size == 0


def test_network_types_of_the_same_load_balancers_draw_from_one_pool() -> None:
    plugins = alibabacloud.offered({**SHIPPED["alibabacloud"], "enable": True}, SITE)
    pools = {plugin.name: list(pools_of([plugin])) for plugin in plugins}

    assert pools["AlibabaCloud-NLB"] == pools["AlibabaCloud-Multi-NLBs"]
    assert pools["AlibabaCloud-NLB"] != pools["AlibabaCloud-SLB"]
    assert pools["AlibabaCloud-EIP"] == []
    assert [(pool.name, pool.namespace) for pool in pools_of(plugins)] == [
        ("alibabacloud-slb", "system"),
        ("alibabacloud-nlb", "system"),
        ("alibabacloud-slb-shared", "system"),
    ]


def test_a_pool_knows_the_ports_of_services_whatever_network_type_made_them() -> None:
    pool = _pools(alibabacloud)["alibabacloud-nlb"]
    labels = {"game.kruise.io/network-type": "AlibabaCloud-Multi-NLBs"}
    annotations = {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id": "id-A"}
    meta = ObjectMeta(name="gss-3-dx", namespace="ns", labels=labels, annotations=annotations)
    service = Service(metadata=meta, spec=ServiceSpec(ports=(ServicePort(port=1000),)))

    pool.observe(None, service)

    assert pool.index.in_use("id-A") == bits_of([1000])
