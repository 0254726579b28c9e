"""Families: network types that are made alike and walk alike."""

from collections.abc import Mapping, Sequence

from okg.testing.network import Scenario
from unit.cloudprovider.scenarios import SCENARIOS
from unit.network_walk.walk import NetworkWalk

_MEMBERS: Mapping[str, Sequence[str]] = {
    "pool": (
        "AlibabaCloud-SLB",
        "AlibabaCloud-NLB",
        "AlibabaCloud-Multi-NLBs",
        "Volcengine-CLB",
        "JdCloud-NLB",
        "HwCloud-ELB",
        "HwCloud-CCE-ELB",
    ),
    "shared": ("AlibabaCloud-SLB-SharedPort", "AlibabaCloud-NLB-SharedPort"),
    "annotated": (
        "AlibabaCloud-NATGW",
        "AlibabaCloud-EIP",
        "Volcengine-EIP",
        "JdCloud-EIP",
        "HwCloud-CCE-EIP",
        "TencentCloud-CLB",
    ),
    "kubernetes": ("Kubernetes-HostPort", "Kubernetes-NodePort", "Kubernetes-Ingress"),
    "aws": ("AmazonWebServices-NLB",),
    "auto": ("AlibabaCloud-AutoNLBs", "AlibabaCloud-AutoNLBs-V2"),
}
FAMILIES = tuple(_MEMBERS)
"""Their names."""


def members(family: str) -> Sequence[Scenario]:
    """Return the scenarios of a family; some network types have several."""
    return [scenario for scenario in SCENARIOS if scenario.name in _MEMBERS[family]]


def walk_of(family: str, seed: int) -> NetworkWalk:
    """Return the walk of a seed, with one of the family's network types."""
    found = members(family)
    return NetworkWalk(seed, found[seed % len(found)], family)
