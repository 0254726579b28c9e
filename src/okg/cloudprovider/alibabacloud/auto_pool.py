"""Load balancers with their public addresses, as a set has them made: names, forms, marks."""

from collections.abc import Sequence

import msgspec

from okg.api.alibaba_nlb import Eip, EipSpec, Nlb, NlbSpec, ZoneMapping
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.cloudprovider.alibabacloud.auto import SECURITY, ZONE_MAPS, is_intranet, part_of_name
from okg.cloudprovider.parameters import Conf

NLB_SET, EIP_SET = "game.kruise.io/nlb-pool-gss", "game.kruise.io/eip-pool-gss"
"""Labels of load balancers and of addresses: name of the set."""

RETAINED = "game.kruise.io/retain-nlb-on-delete"
"""Annotation of load balancers and addresses: ``false`` if they go with their set."""

_BY_BANDWIDTH = frozenset({"ChinaTelecom", "ChinaMobile", "ChinaUnicom"})
"""Lines that are paid for by bandwidth."""


class Place(msgspec.Struct, frozen=True):
    """One load balancer of a set.

    Attributes:
        gss: the set.
        isp_type: its type of line.
        block: which of that type.
    """

    gss: GameServerSet
    isp_type: str
    block: int

    @property
    def name(self) -> str:
        """Of the load balancer."""
        return f"{self.gss.metadata.name}-{part_of_name(self.isp_type)}-{self.block}"

    @property
    def namespace(self) -> str:
        """Of all that belongs to it."""
        return self.gss.metadata.namespace


def service_name(pod_name: str, isp_type: str) -> str:
    """Return the name of a pod's Service."""
    return f"{pod_name}-{part_of_name(isp_type)}"


def marks(*, retained: bool) -> dict[str, str]:
    """Return the annotations of what goes with its set, or does not."""
    return {} if retained else {RETAINED: "false"}


def build_eips(conf: Conf, place: Place, *, retained: bool) -> Sequence[Eip]:
    """Return the public addresses of a load balancer, one in each zone; none on the intranet."""
    if is_intranet(place.isp_type):
        return ()
    zones = range(len(conf[ZONE_MAPS].switches))
    return [_build_eip(conf, place, zone, retained=retained) for zone in zones]


def _build_eip(conf: Conf, place: Place, zone: int, *, retained: bool) -> Eip:
    set_name, isp_type = place.gss.metadata.name, place.isp_type
    name = f"{set_name}-eip-{part_of_name(isp_type)}-{place.block}-z{zone}"
    meta = ObjectMeta(
        name=name,
        namespace=place.namespace,
        labels={
            "game.kruise.io/eip-pool": "true",
            "game.kruise.io/eip-pool-index": f"{place.block}-z{zone}",
            "game.kruise.io/eip-pool-eip-isp-type": isp_type,
            EIP_SET: set_name,
        },
        annotations=marks(retained=retained),
    )
    spec = EipSpec(
        name=name,
        bandwidth="5",
        internet_charge_type=("PayByBandwidth" if isp_type in _BY_BANDWIDTH else "PayByTraffic"),
        isp=isp_type,
        release_strategy="OnDelete",
        description=(f"EIP for GameServerSet {set_name}, NLB index {place.block}, zone {zone}"),
        security_protection_types=conf[SECURITY],
    )
    return Eip(metadata=meta, spec=spec)


def build_nlb(conf: Conf, place: Place, allocations: Sequence[str], *, retained: bool) -> Nlb:
    """Return a load balancer.

    Args:
        conf: of the pods.
        place: which.
        allocations: ids of its public addresses, one a zone; none on the intranet.
        retained: whether it outlives its set.
    """
    zones = conf[ZONE_MAPS]
    ids = allocations or ("",) * len(zones.switches)
    meta = ObjectMeta(
        name=place.name,
        namespace=place.namespace,
        labels={
            "game.kruise.io/nlb-pool": "true",
            "game.kruise.io/nlb-pool-index": str(place.block),
            "game.kruise.io/nlb-pool-eip-isp-type": place.isp_type,
            NLB_SET: place.gss.metadata.name,
        },
        annotations=marks(retained=retained),
    )
    spec = NlbSpec(
        load_balancer_name=f"{place.namespace}-{place.name}",
        address_type="Intranet" if is_intranet(place.isp_type) else "Internet",
        address_ip_version="ipv4",
        vpc_id=zones.vpc,
        zone_mappings=tuple(
            ZoneMapping(zone_id=zone, v_switch_id=switch, allocation_id=allocation)
            for (zone, switch), allocation in zip(zones.switches, ids, strict=True)
        ),
    )
    return Nlb(metadata=meta, spec=spec)
