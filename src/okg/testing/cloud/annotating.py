"""Vendors that answer pods by annotations: Volcengine, JD Cloud, Huawei Cloud, Tencent Cloud."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.testing.cloud.line import (
    LATER,
    Answer,
    Change,
    Cluster,
    Line,
    address_of,
    marked,
    number_of,
)

VOLCENGINE_EIP = "vke.volcengine.com/"
JDCLOUD_EIP = "jdos.jd.com/"
HWCLOUD_EIP = "yangtse.io/"
TENCENTCLOUD_CLB = "networking.cloud.tencent.com/"


def _annotating(
    name: str, asks: Callable[[Mapping[str, str]], bool], notes: Callable[[Pod], Mapping[str, str]]
) -> Line[Pod]:
    """Return what a vendor does for a pod as soon as that has an address.

    Args:
        name: of the line.
        asks: whether a pod with such annotations asks.
        notes: the annotations that it gets.
    """

    def give(pod: Pod, _: Cluster) -> Answer:
        if not pod.status.pod_ip:
            return LATER
        return Answer((Change(pod, marked(pod, annotations=notes(pod))),))

    def take(pod: Pod, _: Cluster) -> Answer:
        noted = notes(pod).keys()
        kept = {key: text for key, text in pod.metadata.annotations.items() if key not in noted}
        return Answer(
            (Change(pod, replace(pod, metadata=replace(pod.metadata, annotations=kept))),)
        )

    return Line(
        name=name,
        kind=Pod,
        asks=lambda pod: asks(pod.metadata.annotations),
        give=give,
        take=take,
    )


def _volcengine(pod: Pod) -> Mapping[str, str]:
    named = pod.metadata.annotations.get(f"{VOLCENGINE_EIP}primary-eip-id")
    eip = named or f"eip-{number_of(pod.metadata.uid):08x}"
    found = {"EipId": eip, "EipAddress": address_of(eip), "EniIp": pod.status.pod_ip}
    return {f"{VOLCENGINE_EIP}allocated-eips": msgspec.json.encode([found]).decode()}


VOLCENGINE_EIPS = _annotating(
    "addresses of Volcengine",
    lambda notes: (
        f"{VOLCENGINE_EIP}primary-eip-id" in notes
        or f"{VOLCENGINE_EIP}primary-eip-allocate" in notes
    ),
    _volcengine,
)


def _jdcloud(pod: Pod) -> Mapping[str, str]:
    static = pod.metadata.annotations.get(f"{JDCLOUD_EIP}eip.static") == "true"
    seed = pod.key if static else pod.metadata.uid
    eip = f"fip-{number_of(seed):08x}"
    return {f"{JDCLOUD_EIP}eip.id": eip, f"{JDCLOUD_EIP}eip.ip": address_of(seed)}


JDCLOUD_EIPS = _annotating(
    "addresses of JD Cloud",
    lambda notes: notes.get(f"{JDCLOUD_EIP}eip.enable") == "true",
    _jdcloud,
)


def _hwcloud(pod: Pod) -> Mapping[str, str]:
    named = pod.metadata.annotations.get(f"{HWCLOUD_EIP}eip-id")
    return {f"{HWCLOUD_EIP}allocated-ipv4-eip": address_of(named or pod.metadata.uid)}


HWCLOUD_EIPS = _annotating(
    "addresses of Huawei Cloud",
    lambda notes: (
        notes.get(f"{HWCLOUD_EIP}pod-with-eip") == "true" or f"{HWCLOUD_EIP}eip-id" in notes
    ),
    _hwcloud,
)


def _tencentcloud(pod: Pod) -> Mapping[str, str]:
    """Return a place for each line of ``port protocol pool``."""
    lines = pod.metadata.annotations.get(f"{TENCENTCLOUD_CLB}clb-port-mapping", "").splitlines()
    address = address_of(pod.metadata.uid)
    result = [
        {"port": int(port), "protocol": protocol, "address": f"{address}:{port}"}
        for port, protocol, _ in (line.split() for line in lines)
    ]
    return {
        f"{TENCENTCLOUD_CLB}clb-port-mapping-result": msgspec.json.encode(result).decode(),
        f"{TENCENTCLOUD_CLB}clb-port-mapping-status": "Ready",
    }


TENCENTCLOUD_CLBS = _annotating(
    "load balancers of Tencent Cloud",
    lambda notes: notes.get(f"{TENCENTCLOUD_CLB}enable-clb-port-mapping") == "true",
    _tencentcloud,
)
