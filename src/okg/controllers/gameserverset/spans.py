"""What the span of a look at one set tells."""

from okg.telemetry.fields import ACTION, MARKER_SYNCED, PODS_COUNT, TRIGGER
from okg.telemetry.tracing import Attributes, Span
from okg.workload.pod_counts import MemberCounts


def tell_gone(span: Span) -> None:
    """Tell that there is no set any more."""
    span.set({TRIGGER: "delete"})
    span.succeed()


def tell_action(span: Span, action: str, more: Attributes | None = None) -> None:
    """Tell what was done."""
    span.set({ACTION: action, **(more or {})})
    span.succeed()


def tell_pods(span: Span, members: MemberCounts, *, waiting: bool) -> None:
    """Tell what was found of a set about which nothing is to be done now.

    Args:
        span: of the look.
        members: the set's servers, as their pods show them.
        waiting: whether OpenKruise has yet to take note of the probes.
    """
    span.set({PODS_COUNT: members.living + members.terminating})
    if waiting:
        span.set({MARKER_SYNCED: False})
