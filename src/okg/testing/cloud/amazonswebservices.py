"""AWS: the ACK controller for ELBv2, and the AWS Load Balancer Controller."""

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from okg.api.elbv2 import (
    AckCondition,
    AckResourceMetadata,
    AckStatus,
    Listener,
    TargetGroup,
    TargetGroupBinding,
)
from okg.api.resource import Object
from okg.testing.cloud.line import LATER, Answer, Change, Cluster, Line, held, number_of, released

T = TypeVar("T", TargetGroup, Listener)

ACK = "finalizers.elbv2.services.k8s.aws/"
"""Prefix of the finalizers by which ACK keeps what it has made in AWS."""

BINDING = "elbv2.k8s.aws/resources"
_ARN = "arn:aws:elasticloadbalancing:us-east-1:888:"


def _made(obj: T, kind: str) -> Answer:
    """Return an object with its name in AWS."""
    name = f"{_ARN}{kind}/{obj.metadata.name}/{number_of(obj.metadata.uid):08x}"
    synced = AckCondition(type="ACK.ResourceSynced", status="True")
    status = AckStatus(ack_resource_metadata=AckResourceMetadata(arn=name), conditions=(synced,))
    kept = held(obj, f"{ACK}{type(obj).__name__}")
    return Answer((Change(obj, replace(kept, status=status)),))


def _unmake(obj: Object) -> Answer:
    return released(obj, f"{ACK}{type(obj).__name__}")


def _leading_to(group: TargetGroup, cluster: Cluster) -> Iterator[Listener]:
    """Yield the listeners in AWS that pass connections to a group."""
    for listener in cluster.list(Listener):
        targets = (action.target_group_arn for action in listener.spec.default_actions)
        if listener.status.arn and group.status.arn in targets:
            yield listener


def _unmake_group(group: TargetGroup, cluster: Cluster) -> Answer:
    """Remove a group that nothing leads to any more; AWS refuses to before."""
    return LATER if any(_leading_to(group, cluster)) else _unmake(group)


def _listen(listener: Listener, cluster: Cluster) -> Answer:
    """Make a listener, unless another one of its load balancer has the port."""
    place = (listener.spec.load_balancer_arn, listener.spec.port)
    others = (it for it in cluster.list(Listener) if it.key != listener.key and it.status.arn)
    if any((it.spec.load_balancer_arn, it.spec.port) == place for it in others):
        return LATER
    return _made(listener, "listener")


TARGET_GROUPS = Line(
    name="target groups of AWS",
    kind=TargetGroup,
    asks=lambda _: True,
    give=lambda group, _: _made(group, "targetgroup"),
    take=_unmake_group,
)
LISTENERS = Line(
    name="listeners of AWS",
    kind=Listener,
    asks=lambda _: True,
    give=_listen,
    take=lambda listener, _: _unmake(listener),
)
BINDINGS = Line(
    name="bindings of AWS",
    kind=TargetGroupBinding,
    asks=lambda _: True,
    give=lambda binding, _: Answer((Change(binding, held(binding, BINDING)),)),
    take=lambda binding, _: released(binding, BINDING),
)

LINES = (TARGET_GROUPS, LISTENERS, BINDINGS)
"""All that is simulated of it."""
