"""What is made for sets with load balancers of their own, as a real API server takes it."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from okg.api.core import Namespace, Pod
from okg.api.game import GameServerSet, NetworkConfParam
from okg.api.meta import ObjectMeta
from okg.api.service import Service
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.cloudprovider.alibabacloud.auto_nlbs import PARAMETERS, build_service as block_service
from okg.cloudprovider.alibabacloud.auto_nlbs_v2 import AUTO_NLBS_V2
from okg.cloudprovider.balancer import Draft, Member, build_service, redressed
from okg.testing.cluster import Cluster
from okg.workload.ownership import controlled_by

pytestmark = pytest.mark.integration


@pytest.fixture
def api(control_plane: Cluster) -> ApiClient:
    return ApiClient(Urllib3Transport(connect(str(control_plane.kubeconfig))))


@pytest.fixture
def gss(api: ApiClient) -> GameServerSet:
    namespace = api.create(Namespace(metadata=ObjectMeta(name=f"auto-{uuid4().hex[:8]}")))
    meta = ObjectMeta(name="gss", namespace=namespace.metadata.name, uid="gu")
    return GameServerSet(metadata=meta)


def _conf(*lines: str) -> Sequence[NetworkConfParam]:
    parts = (line.partition("=") for line in lines)
    return [NetworkConfParam(name=name, value=value) for name, _, value in parts]


def _made(api: ApiClient, wanted: Service) -> tuple[Service, Service]:
    """Return a Service as it is stored, and as it would be after another look."""
    stored = api.create(wanted)
    return stored, redressed(stored, wanted)


@pytest.mark.parametrize("isp_type", ["BGP", "BGP_PRO", "intranet"])
def test_a_service_of_a_whole_block_is_taken_and_stays_as_it_is(
    api: ApiClient, gss: GameServerSet, isp_type: str
) -> None:
    conf = PARAMETERS.read(
        _conf("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=65535/TCPUDP", "BlockPorts=1001,1434")
    )

    stored, again = _made(api, block_service(conf, gss, isp_type, 20))

    assert len(stored.spec.ports) == 2 * 498
    assert again == stored


def test_a_service_of_one_server_is_taken_and_stays_as_it_is(
    api: ApiClient, gss: GameServerSet
) -> None:
    conf = AUTO_NLBS_V2.parameters.read(
        _conf("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCPUDP,90/TCP,90/UDP,81")
    )
    pod = Pod(metadata=ObjectMeta(name="gss-0", namespace=gss.metadata.namespace))
    draft = Draft(conf, pod, (1000, 1001, 1002, 1003), controlled_by(gss))

    stored, again = _made(
        api, build_service(AUTO_NLBS_V2, draft, Member("gss-0-bgp-pro", "nlb-1", "BGP_PRO"))
    )

    assert [(port.name, port.protocol, port.port) for port in stored.spec.ports] == [
        ("80-tcp", "TCP", 1000),
        ("80-udp", "UDP", 1000),
        ("90-tcp", "TCP", 1001),
        ("90-udp", "UDP", 1002),
        ("81", "TCP", 1003),
    ]
    assert again == stored
