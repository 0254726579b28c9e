"""The words that metrics of networks are told apart by."""

import pytest

from okg.api.core import Pod
from okg.api.meta import ObjectMeta
from okg.cloudprovider.slugs import cloud_slug, error_slug, network_slug, plugin_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Kubernetes-HostPort", "kubernetes_hostport"),
        ("AlibabaCloud-SLB-SharedPort", "alibabacloud_slb_sharedport"),
        ("AlibabaCloud-NLB", "alibabacloud_nlb"),
        (" My Own  Net ", "my_own_net"),
        ("HostPort", "kubernetes_hostport"),
        ("nodeport", "kubernetes_nodeport"),
        ("NLB", "alibabacloud_nlb"),
    ],
)
def test_a_plugin_has_one_slug(name: str, slug: str) -> None:
    assert plugin_slug(name) == slug


@pytest.mark.parametrize(
    ("network_type", "cloud"),
    [
        ("Kubernetes-Ingress", "kubernetes"),
        ("AlibabaCloud-SLB", "alibaba_cloud"),
        ("AmazonWebServices-NLB", "aws"),
        ("TencentCloud-CLB", "tencent_cloud"),
        (" volcengine-EIP", "volcengine"),
        ("JdCloud-NLB", "jdcloud"),
        ("HwCloud-ELB", "hwcloud"),
        ("MyCloud-NLB", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_network_type_tells_its_cloud(network_type: str, cloud: str) -> None:
    assert cloud_slug(network_type) == cloud


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        ("apiCallError", "api_call_error"),
        ("InternalError", "internal_error"),
        ("parameterError", "parameter_error"),
        ("notImplementedError", "not_implemented_error"),
        ("ResourceNotReady", "resource_not_ready"),
        ("portExhausted", "port_exhausted"),
        ("retryError", "retryerror"),
        ("Some-Thing", "some_thing"),
    ],
)
def test_a_kind_of_error_has_one_slug(kind: str, slug: str) -> None:
    assert error_slug(kind) == slug


@pytest.mark.parametrize(
    ("note", "slug"),
    [
        ('{"currentNetworkState":"Ready"}', "ready"),
        ('{"currentNetworkState":"NotReady"}', "not_ready"),
        ('{"currentNetworkState":"Waiting"}', "waiting"),
        ('{"currentNetworkState":"Odd"}', "odd"),
        ("{}", "waiting"),
        ("broken", "waiting"),
    ],
)
def test_the_state_of_a_network_is_what_its_plugin_noted(note: str, slug: str) -> None:
    meta = ObjectMeta(name="a-0", annotations={"game.kruise.io/network-status": note})

    assert network_slug(Pod(metadata=meta)) == slug


def test_a_pod_without_a_note_waits_unless_told_otherwise() -> None:
    pod = Pod(metadata=ObjectMeta(name="a-0"))

    assert network_slug(pod) == "waiting"
    assert network_slug(pod, "not_ready") == "not_ready"
