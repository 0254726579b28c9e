"""The way of a pod to its load balancers, look by look."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, Nlb, NlbStatus
from okg.api.game import GameServerSet
from okg.api.resource import O
from okg.api.service import Service
from okg.cloudprovider.alibabacloud.auto_network import MADE_AHEAD
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from okg.errors import Forbidden
from unit.cloudprovider.alibabacloud.operators import SMALL, STATUS, Operators, a_pod, a_set
from unit.cloudprovider.network_pods import changed, disabled, status_of
from unit.controllers.memory import MemoryClient

ID = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id"
DELETING = "game.kruise.io/gss-deleting"
CTX = Context()


def test_addresses_come_first_then_load_balancers_then_services() -> None:
    operators = Operators(*SMALL)

    told = operators.look(a_pod(*SMALL))
    first = operators.names(Eip), operators.names(Nlb)
    operators.allocate()
    operators.look(told)
    second = operators.names(Nlb), operators.names(Service)
    operators.build()
    waiting = operators.look(told)
    third = operators.names(Service)
    operators.answer()
    ready = operators.look(waiting)

    assert first == (
        ["gss-eip-bgp-0-z0", "gss-eip-bgp-0-z1", "gss-eip-bgp-1-z0", "gss-eip-bgp-1-z1"],
        [],
    )
    assert second == (["gss-bgp-0", "gss-bgp-1"], [])
    assert third == ["gss-0-bgp", "gss-1-bgp", "gss-2-bgp", "gss-3-bgp"]
    assert status_of(waiting).current_network_state == "NotReady"
    assert ready.metadata.annotations[STATUS] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}],'
        '"externalAddresses":[{"ip":"","ports":[{"name":"80","protocol":"TCP","port":1000}],'
        '"endPoint":"gss-0-bgp.nlb/BGP"}],"currentNetworkState":"Ready","createTime":null,'
        '"lastTransitionTime":null}'
    )


def test_services_are_on_the_load_balancer_of_their_block() -> None:
    operators = Operators(*SMALL)

    operators.ready(a_pod(*SMALL))

    services = [operators.find(Service, f"gss-{ordinal}-bgp") for ordinal in range(4)]
    assert [service.metadata.annotations[ID] for service in services] == [
        "id-gss-bgp-0",
        "id-gss-bgp-0",
        "id-gss-bgp-1",
        "id-gss-bgp-1",
    ]
    assert [service.spec.ports[0].port for service in services] == [1000, 1001, 1000, 1001]


def test_addresses_of_all_lines_are_told() -> None:
    lines = (*SMALL, "EipIspTypes=BGP_PRO,intranet")
    operators = Operators(*lines)

    pod = operators.ready(a_pod(*lines, ordinal=1))

    assert operators.names(Eip) == [
        "gss-eip-bgp-pro-0-z0",
        "gss-eip-bgp-pro-0-z1",
        "gss-eip-bgp-pro-1-z0",
        "gss-eip-bgp-pro-1-z1",
    ]
    assert [(a.ip, a.ports[0].port) for a in status_of(pod).internal_addresses] == [
        ("10.0.0.1", 80),
        ("10.0.0.1", 80),
    ]
    assert [(a.end_point, a.ports[0].port) for a in status_of(pod).external_addresses] == [
        ("gss-1-bgp-pro.nlb/BGP_PRO", 1001),
        ("gss-1-intranet.nlb/intranet", 1001),
    ]


def test_one_line_alone_is_not_enough() -> None:
    lines = (*SMALL, "EipIspTypes=BGP,X")
    operators = Operators(*lines)
    pod = operators.ready(a_pod(*lines))
    operators.client.put(replace(operators.find(Service, "gss-0-x"), status=Service().status))

    assert status_of(operators.look(pod)).current_network_state == "NotReady"


def test_a_network_that_is_ready_costs_nothing_more() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    written = len(operators.client.writes)

    assert operators.look(pod) is pod
    assert len(operators.client.writes) == written


def test_a_hundred_pods_write_what_there_is_to_be_and_nothing_twice() -> None:
    lines = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP", "MaxPort=1049")
    operators = Operators(*lines, replicas=100)
    pods = [operators.look(a_pod(*lines, ordinal=ordinal)) for ordinal in range(100)]
    operators.allocate()
    pods = [operators.look(pod) for pod in pods]
    operators.build()
    pods = [operators.look(pod) for pod in pods]
    operators.answer()
    pods = [operators.look(pod) for pod in pods]
    pods = [operators.look(pod) for pod in pods]

    assert {status_of(pod).current_network_state for pod in pods} == {"Ready"}
    assert len(operators.names(Nlb)) == 4
    assert len(operators.names(Eip)) == 8
    assert len(operators.names(Service)) == 150
    assert len(operators.client.writes) == 4 + 8 + 150


def test_one_look_makes_some_for_pods_to_come_and_the_next_goes_on() -> None:
    lines = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP", "MaxPort=1099")
    operators = Operators(*lines)
    pod = operators.look(a_pod(*lines))
    operators.allocate()
    operators.look(pod)
    operators.build()

    operators.look(pod)
    first = len(operators.names(Service))
    operators.look(pod)

    assert first == 1 + MADE_AHEAD
    assert len(operators.names(Service)) == 1 + 2 * MADE_AHEAD


class _Interrupted(MemoryClient):
    """Lets another pod be looked at in the middle of the first write that is made ahead."""

    def __init__(self, operators: Operators) -> None:
        super().__init__(*operators.client.objects.values())
        self._operators = operators
        self.nested: list[str] = []

    def create(self, obj: O) -> O:
        stored = super().create(obj)
        if not self.nested and obj.metadata.name == "gss-eip-bgp-1-z0":
            before = len(self.writes)
            self.nested = ["begun"]
            self._operators.look(a_pod(*SMALL, ordinal=1))
            self.nested += self.writes[before:]
        return stored


def test_one_look_at_a_time_works_ahead_for_a_set() -> None:
    operators = Operators(*SMALL)
    client = _Interrupted(operators)
    operators.client = client

    operators.look(a_pod(*SMALL))

    assert client.nested == ["begun"]
    assert len(client.writes) == 4


def test_nothing_is_made_ahead_when_the_caller_has_no_time_left() -> None:
    operators = Operators(*SMALL)

    with CTX.deadline(3.0) as hurried:
        operators.plugin.on_pod_updated(hurried, operators.client, a_pod(*SMALL))

    assert operators.names(Eip) == ["gss-eip-bgp-0-z0", "gss-eip-bgp-0-z1", "gss-eip-bgp-1-z0"]


def test_what_a_set_has_grown_to_is_found_by_any_replica() -> None:
    operators = Operators(*SMALL)
    operators.ready(a_pod(*SMALL, ordinal=5))
    other = Operators(*SMALL)
    other.client.objects = operators.client.objects

    other.look(a_pod(*SMALL, ordinal=0))

    assert operators.names(Nlb) == ["gss-bgp-0", "gss-bgp-1", "gss-bgp-2", "gss-bgp-3"]
    assert [write for write in other.client.writes if "Service" not in write] == []


def test_a_load_balancer_that_somebody_removed_is_made_again() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    operators.client.remove(Nlb, "ns/gss-bgp-0")

    gone = operators.look(pod)
    nlb = operators.find(Nlb, "gss-bgp-0")
    operators.client.put(replace(nlb, status=NlbStatus(load_balancer_id="new")))
    operators.look(gone)

    assert status_of(gone).current_network_state == "NotReady"
    assert operators.find(Service, "gss-0-bgp").metadata.annotations[ID] == "new"


def test_a_hole_among_load_balancers_is_filled_by_any_pod() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    operators.client.remove(Nlb, "ns/gss-bgp-1")

    operators.look(pod)

    assert operators.names(Nlb) == ["gss-bgp-0", "gss-bgp-1"]


def test_operators_that_refuse_what_is_made_ahead_harm_no_pod() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    operators.client.remove(Nlb, "ns/gss-bgp-1")
    operators.client.refusals[Nlb] = Forbidden(403, "Forbidden", "quota")

    assert operators.look(pod) is pod


def test_what_another_replica_has_just_made_is_no_failure() -> None:
    operators = Operators(*SMALL)
    operators.client.lag(Eip)

    operators.look(a_pod(*SMALL))
    operators.look(a_pod(*SMALL))

    assert len(operators.names(Eip)) == 4


def test_traffic_is_cut_off_without_telling_addresses_that_are_none() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))

    cut = operators.look(disabled(pod, "true"))
    cut_service = operators.find(Service, "gss-0-bgp")
    operators.client.put(replace(cut_service, status=Service().status))
    still = operators.look(cut)
    back = operators.look(disabled(still, "false"))
    operators.answer()
    ready = operators.look(back)

    assert cut_service.spec.type == "ClusterIP"
    assert status_of(cut).current_network_state == "NotReady"
    assert status_of(cut).external_addresses == status_of(pod).external_addresses
    assert status_of(still).current_network_state == "NotReady"
    assert operators.find(Service, "gss-0-bgp").spec.load_balancer_class == "alibabacloud.com/nlb"
    assert status_of(ready).current_network_state == "Ready"


def test_changed_health_checks_reach_the_service() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    before = operators.find(Service, "gss-0-bgp")

    told = operators.look(changed(pod, *SMALL, "LBHealthCheckInterval=20"))
    ready = operators.look(told)

    service = operators.find(Service, "gss-0-bgp")
    key = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-health-check-interval"
    assert service.metadata.annotations[key] == "20"
    assert service.status == before.status
    assert status_of(told).current_network_state == "NotReady"
    assert status_of(ready).current_network_state == "Ready"


def test_ports_that_a_service_has_stay_while_its_configuration_does() -> None:
    lines = (*SMALL[:2], "MaxPort=1004", "BlockPorts=1001")
    operators = Operators(*lines)
    pod = operators.ready(a_pod(*lines, ordinal=1))
    service = operators.find(Service, "gss-1-bgp")
    moved = replace(service.spec, ports=(replace(service.spec.ports[0], port=1004),))
    operators.client.put(replace(service, spec=moved))

    pod = operators.look(pod)

    assert [p.port for p in service.spec.ports] == [1002]
    assert [a.ports[0].port for a in status_of(pod).external_addresses] == [1004]


def test_services_of_an_earlier_set_are_waited_for() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    gss = a_set(*SMALL)
    operators.client.put(replace(gss, metadata=replace(gss.metadata, uid="another")))
    written = len(operators.client.writes)

    after = operators.look(pod)

    assert status_of(after).current_network_state == "NotReady"
    assert len(operators.client.writes) == written


def test_load_balancers_that_were_retained_serve_a_later_set() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    for name in operators.names(Service):
        operators.client.remove(Service, f"ns/{name}")
    gss = a_set(*SMALL)
    operators.client.put(replace(gss, metadata=replace(gss.metadata, uid="another")))

    operators.look(pod)

    assert operators.find(Service, "gss-0-bgp").metadata.annotations[ID] == "id-gss-bgp-0"
    assert operators.names(Nlb) == ["gss-bgp-0", "gss-bgp-1"]


def test_a_pod_whose_set_goes_is_marked_and_left_alone() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    gss = operators.find(GameServerSet, "gss")
    leaving = replace(gss.metadata, deletion_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    operators.client.put(replace(gss, metadata=leaving))
    written = len(operators.client.writes)

    marked = operators.look(pod)

    assert marked.metadata.labels[DELETING] == "true"
    assert marked.metadata.annotations == pod.metadata.annotations
    assert operators.look(marked) is marked
    assert len(operators.client.writes) == written


def test_the_mark_goes_when_the_set_is_there_after_all() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    gss = operators.find(GameServerSet, "gss")
    operators.client.remove(GameServerSet, "ns/gss")
    marked = operators.look(pod)
    operators.client.put(gss)

    assert marked.metadata.labels[DELETING] == "true"
    assert operators.look(marked) == pod


def test_connections_outlive_an_update_in_place() -> None:
    lines = (*SMALL, "AllowNotReadyContainers=game")
    operators = Operators(*lines)
    pod = operators.ready(a_pod(*lines))
    labels = {**pod.metadata.labels, "lifecycle.apps.kruise.io/state": "PreparingUpdate"}
    preparing = replace(pod, metadata=replace(pod.metadata, labels=labels))

    prepared = operators.look(preparing)
    released = operators.look(prepared)

    blocker = "game.kruise.io/inplace-update-not-ready-blocker"
    assert prepared.metadata.labels[blocker] == "true"
    assert operators.find(Service, "gss-0-bgp").spec.publish_not_ready_addresses
    assert released.metadata.labels[blocker] == "false"
    assert status_of(released).current_network_state == "Ready"


def test_a_new_pod_is_as_it_is() -> None:
    operators = Operators(*SMALL)
    pod = a_pod(*SMALL)

    assert operators.plugin.on_pod_added(CTX, operators.client, pod) is pod
    assert operators.client.writes == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (SMALL[1:], "ZoneMaps is missing"),
        (("ZoneMaps=vpc-x@h:a", *SMALL[1:]), 'ZoneMaps: "vpc-x@h:a" is malformed; write vpc-id@'),
        ((SMALL[0],), "PortProtocols is missing"),
        ((*SMALL, "MinPort=2000"), "MinPort 2000 is greater than MaxPort 1001; swap them"),
    ],
)
def test_a_pod_whose_network_cannot_be_is_refused(lines: tuple[str, ...], message: str) -> None:
    operators = Operators(*SMALL)

    with pytest.raises(PluginError, match=message) as refusal:
        operators.plugin.on_pod_added(CTX, operators.client, a_pod(*lines))

    assert refusal.value.type is PluginErrorType.PARAMETER
