"""Kinds of Alibaba Cloud's operators: what we read of them."""

from typing import ClassVar

import msgspec

from okg.api.meta import Value
from okg.api.resource import Object, ResourceType


class DnatEntry(Value, frozen=True, kw_only=True):
    """One port that a gateway passes on; all as texts."""

    external_port: str = ""
    external_ip: str = msgspec.field(default="", name="externalIP")
    internal_port: str = ""
    internal_ip: str = msgspec.field(default="", name="internalIP")
    ip_protocol: str = ""


class PodDnatStatus(Value, frozen=True, kw_only=True):
    """What the gateway passes on."""

    entries: tuple[DnatEntry, ...] | None = None


class PodDnat(Object, frozen=True, kw_only=True):
    """The ports of a pod on a NAT gateway."""

    resource_type: ClassVar = ResourceType("alibabacloud.com", "v1beta1", "PodDNAT", "poddnats")
    status: PodDnatStatus = PodDnatStatus()


class PodEipStatus(Value, frozen=True, kw_only=True):
    """The addresses of a pod."""

    eip_address: str = ""
    private_ip_address: str = msgspec.field(default="", name="privateIPAddress")


class PodEip(Object, frozen=True, kw_only=True):
    """The public address of a pod."""

    resource_type: ClassVar = ResourceType("alibabacloud.com", "v1beta1", "PodEIP", "podeips")
    status: PodEipStatus = PodEipStatus()
