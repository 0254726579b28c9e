"""elbv2.services.k8s.aws and elbv2.k8s.aws: load balancers of AWS, as its two operators know them.

Target groups and listeners are those of the ACK controller for ELBv2, which makes them in AWS;
bindings are those of the AWS Load Balancer Controller, which registers pods.
"""

from typing import ClassVar

import msgspec

from okg.api.meta import IntOrString, Value
from okg.api.resource import Object, ResourceType


class Tag(Value, frozen=True, kw_only=True):
    """A tag in AWS."""

    key: str = ""
    value: str = ""


class AckResourceMetadata(Value, frozen=True, kw_only=True):
    """What AWS calls an object; there is none before AWS has made it."""

    arn: str = ""


class AckCondition(Value, frozen=True, kw_only=True):
    """One thing that ACK says of an object."""

    type: str = ""
    status: str = ""
    message: str | None = None


class AckStatus(Value, frozen=True, kw_only=True):
    """What has come of an object in AWS."""

    ack_resource_metadata: AckResourceMetadata | None = None
    conditions: tuple[AckCondition, ...] = ()

    @property
    def arn(self) -> str:
        """The name in AWS; empty before AWS has made it."""
        return self.ack_resource_metadata.arn if self.ack_resource_metadata else ""

    @property
    def refusal(self) -> str:
        """Why AWS never makes it as it is; empty as long as it may."""
        found = (it for it in self.conditions if (it.type, it.status) == ("ACK.Terminal", "True"))
        return next((it.message or it.type for it in found), "")


class HealthCheck(Value, frozen=True, kw_only=True):
    """How targets are probed; AWS fills in what is not said."""

    health_check_enabled: bool | None = None
    health_check_interval_seconds: int | None = None
    health_check_path: str | None = None
    health_check_port: str | None = None
    health_check_protocol: str | None = None
    health_check_timeout_seconds: int | None = None
    healthy_threshold_count: int | None = None
    unhealthy_threshold_count: int | None = None


class TargetGroupSpec(HealthCheck, frozen=True, kw_only=True):
    """Targets that speak one protocol."""

    name: str = ""
    port: int = 0
    protocol: str = ""
    tags: tuple[Tag, ...] = ()
    target_type: str = ""
    vpc_id: str = msgspec.field(default="", name="vpcID")


class TargetGroup(Object, frozen=True, kw_only=True):
    """A group of targets."""

    resource_type: ClassVar = ResourceType(
        "elbv2.services.k8s.aws", "v1alpha1", "TargetGroup", "targetgroups"
    )
    spec: TargetGroupSpec = TargetGroupSpec()
    status: AckStatus = AckStatus()


class Action(Value, frozen=True, kw_only=True):
    """What is done with a connection."""

    target_group_arn: str = msgspec.field(default="", name="targetGroupARN")
    type: str = ""


class ListenerSpec(Value, frozen=True, kw_only=True):
    """A port of a load balancer."""

    default_actions: tuple[Action, ...] = ()
    load_balancer_arn: str = msgspec.field(default="", name="loadBalancerARN")
    port: int = 0
    protocol: str = ""
    tags: tuple[Tag, ...] = ()


class Listener(Object, frozen=True, kw_only=True):
    """A listener."""

    resource_type: ClassVar = ResourceType(
        "elbv2.services.k8s.aws", "v1alpha1", "Listener", "listeners"
    )
    spec: ListenerSpec = ListenerSpec()
    status: AckStatus = AckStatus()


class ServiceReference(Value, frozen=True, kw_only=True):
    """A port of a Service, by number or by name."""

    name: str = ""
    port: IntOrString = 0


class TargetGroupBindingSpec(Value, frozen=True, kw_only=True):
    """Whose pods are the targets."""

    target_group_arn: str = msgspec.field(default="", name="targetGroupARN")
    target_type: str = ""
    service_ref: ServiceReference = ServiceReference()


class TargetGroupBinding(Object, frozen=True, kw_only=True):
    """The pods of a Service as the targets of a group."""

    resource_type: ClassVar = ResourceType(
        "elbv2.k8s.aws", "v1beta1", "TargetGroupBinding", "targetgroupbindings"
    )
    spec: TargetGroupBindingSpec = TargetGroupBindingSpec()
