"""AlibabaCloud-NLB-SharedPort: all servers behind the same ports of one network load balancer."""

from okg.api.service import Service
from okg.cloudprovider.alibabacloud.marks import NLB_CLASS
from okg.cloudprovider.alibabacloud.shared import PORT_PROTOCOLS, Shared
from okg.cloudprovider.balancer import CONFIG_HASH, annotated, specified
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import matching
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters

NLB_ID = Parameter(
    name="NlbIds",
    grammar=matching(r"[^,]+", "the id of one network load balancer"),
    meaning="in front of the servers",
    required=True,
    changeable=False,
)


def _dress(conf: Conf, service: Service) -> Service:
    wanted = conf[PORT_PROTOCOLS]
    fields = (
        ("lbId", "string", service.metadata.name),
        ("ports", "[]int", tuple(item.port for item in wanted)),
        ("protocols", "[]v1.Protocol", tuple(item.protocol for item in wanted)),
    )
    number = fingerprint(GoStruct("*alibabacloud.nlbSpConfig", fields))
    return specified(annotated(service, {CONFIG_HASH: number}), load_balancer_class=NLB_CLASS)


NLB_SHARED = Shared(
    name="AlibabaCloud-NLB-SharedPort",
    parameters=Parameters(NLB_ID, PORT_PROTOCOLS, ALLOW_NOT_READY),
    balancers=lambda conf: (conf[NLB_ID],) if conf[NLB_ID] else (),
    dress=_dress,
    host=lambda ingress: ("", ingress.hostname),
)
"""The network type."""
