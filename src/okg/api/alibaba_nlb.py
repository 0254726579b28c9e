"""Network load balancers and public addresses of Alibaba Cloud, as two operators make them.

Only what we write and read of them is declared.
"""

from typing import ClassVar

import msgspec

from okg.api.meta import Value
from okg.api.resource import Object, ResourceType


class ZoneMapping(Value, frozen=True, kw_only=True):
    """A zone that a load balancer stands in, and its public address there."""

    zone_id: str = ""
    v_switch_id: str = ""
    allocation_id: str = ""


class NlbSpec(Value, frozen=True, kw_only=True):
    """The load balancer that is to be."""

    load_balancer_name: str = ""
    address_type: str = ""
    address_ip_version: str = ""
    vpc_id: str = ""
    zone_mappings: tuple[ZoneMapping, ...] = ()


class NlbStatus(Value, frozen=True, kw_only=True):
    """The load balancer that has been made."""

    load_balancer_id: str = ""


class Nlb(Object, frozen=True, kw_only=True):
    """A network load balancer."""

    resource_type: ClassVar = ResourceType("nlboperator.alibabacloud.com", "v1", "NLB", "nlbs")
    spec: NlbSpec = NlbSpec()
    status: NlbStatus = NlbStatus()


class EipSpec(Value, frozen=True, kw_only=True):
    """The address that is to be; the bandwidth is in Mbit/s."""

    bandwidth: str = ""
    internet_charge_type: str = ""
    isp: str = ""
    name: str = ""
    description: str = ""
    security_protection_types: tuple[str, ...] = ()
    release_strategy: str = ""


class EipStatus(Value, frozen=True, kw_only=True):
    """The address that has been allocated."""

    allocation_id: str = msgspec.field(default="", name="allocationID")


class Eip(Object, frozen=True, kw_only=True):
    """A public address."""

    resource_type: ClassVar = ResourceType("eip.alibabacloud.com", "v1alpha1", "EIP", "eips")
    spec: EipSpec = EipSpec()
    status: EipStatus = EipStatus()
