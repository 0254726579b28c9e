"""AlibabaCloud-AutoNLBs-V2: load balancers and addresses that operators make for a set."""

from msgspec.structs import replace

from okg.api.service import Service
from okg.cloudprovider.alibabacloud import nlb
from okg.cloudprovider.alibabacloud.auto import (
    BLOCK_PORTS,
    EIP_ISP_TYPES,
    MAX_PORT,
    MIN_PORT,
    RESERVE,
    RETAIN,
    SECURITY,
    SHARED,
    ZONE_MAPS,
    room,
)
from okg.cloudprovider.alibabacloud.marks import ID_KEYS
from okg.cloudprovider.alibabacloud.multi_nlbs import POLICY, PORT_PROTOCOLS
from okg.cloudprovider.balancer import Balancer, Member, labelled, specified
from okg.cloudprovider.fingerprint import Fields, GoStruct, fingerprint
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameters
from okg.cloudprovider.service_parameters import go_ports
from okg.workload.names import OWNER_GSS


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    owner = service.metadata.controller
    marks = {OWNER_GSS: owner.name} if owner else {}
    return specified(
        labelled(nlb.dress(conf, member, service), marks),
        external_traffic_policy=conf[POLICY],
        allocate_load_balancer_node_ports=False,
    )


def _fingerprint(conf: Conf) -> str:
    # Go keeps apart a list that was never given and one that nothing came of.
    nothing = None if conf.given(BLOCK_PORTS) else ()
    fields: Fields = (
        ("minPort", "int32", conf[MIN_PORT]),
        ("maxPort", "int32", conf[MAX_PORT]),
        ("blockPorts", "[]int32", conf[BLOCK_PORTS] or nothing),
        ("zoneMaps", "string", conf[ZONE_MAPS].text),
        ("reserveNlbNum", "int", conf[RESERVE]),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("eipIspTypes", "[]string", conf[EIP_ISP_TYPES]),
        ("externalTrafficPolicy", "v1.ServiceExternalTrafficPolicy", conf[POLICY]),
        ("retainNLBOnDelete", "bool", conf[RETAIN]),
        ("securityProtectionTypes", "[]string", conf[SECURITY]),
        ("nlbHealthConfig", "", nlb.health_struct(conf)),
    )
    return fingerprint(GoStruct("*alibabacloud.autoNLBsConfig", fields))


AUTO_NLBS_V2 = Balancer(
    name="AlibabaCloud-AutoNLBs-V2",
    alias="Auto-NLBs-Network",
    parameters=Parameters(
        replace(ZONE_MAPS, strict=True), *SHARED, RETAIN, SECURITY, ALLOW_NOT_READY, rules=room
    ),
    id_keys=ID_KEYS,
    groups=lambda _: (),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda _: True,
    fingerprint=_fingerprint,
    dress=_dress,
    optional=nlb.HEALTH_KEYS,
    speaks_both=True,
)
"""The network type; its ports are told by ordinals, so it has no groups to draw from."""
