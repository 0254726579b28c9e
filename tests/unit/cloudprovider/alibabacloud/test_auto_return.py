"""Load balancers that go with their set, and those that stay."""

import pytest
from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, Nlb
from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.resource import Object
from okg.api.service import Service
from okg.cloudprovider.alibabacloud.auto_return import FINALIZER
from okg.cloudprovider.asking import ask
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from unit.cloudprovider.alibabacloud.operators import KEPT, SMALL, Operators, a_pod, a_set
from unit.cloudprovider.network_pods import changed, status_of
from unit.fleet import NOW

CTX = Context()
MARK = "game.kruise.io/retain-nlb-on-delete"


def _finalized(pod: Pod) -> Pod:
    """Return a pod as the Go manager left it."""
    return replace(pod, metadata=replace(pod.metadata, finalizers=("other", FINALIZER)))


def _marks(operators: Operators) -> list[str | None]:
    kinds: tuple[type[Object], ...] = (Nlb, Eip)
    found = [obj for kind in kinds for obj in operators.client.list(kind)]
    return [obj.metadata.annotations.get(MARK) for obj in found]


def _taken_over(*lines: str) -> tuple[Operators, Pod]:
    """Return a set that the Go manager made, with one pod that is Ready."""
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    pod = operators.client.put(_finalized(changed(pod, *lines)))
    operators.client.put(a_set(*lines))
    return operators, pod


def _give_back(operators: Operators) -> None:
    operators.plugin.on_set_gone(CTX, operators.client, "ns", "gss")


def test_what_goes_with_its_set_says_so() -> None:
    operators = Operators(*KEPT)

    pod = operators.ready(a_pod(*KEPT))

    assert status_of(pod).current_network_state == "Ready"
    assert pod.metadata.finalizers == ()
    assert _marks(operators) == ["false"] * 6


def test_what_is_retained_says_nothing() -> None:
    operators = Operators(*SMALL)

    operators.ready(a_pod(*SMALL))

    assert _marks(operators) == [None] * 6


def test_a_set_that_changes_its_mind_marks_what_there_is_and_costs_nothing_more() -> None:
    operators, pod = _taken_over(*KEPT)

    pod = operators.look(operators.look(pod))
    marked, written = _marks(operators), len(operators.client.writes)
    again = operators.look(pod)
    operators.client.put(a_set(*SMALL))
    operators.look(changed(pod, *SMALL))

    assert marked == ["false"] * 6
    assert again is pod
    assert operators.client.writes[written:].count("patch Service gss-0-bgp") == 1
    assert len(operators.client.writes) == written + 6 + 1
    assert _marks(operators) == [None] * 6


def test_pods_of_an_earlier_configuration_do_not_take_it_back() -> None:
    operators = Operators(*KEPT)
    old = operators.ready(a_pod(*KEPT))
    operators.client.put(a_set(*SMALL))

    operators.look(old)
    operators.look(old)

    assert _marks(operators) == [None] * 6


def test_what_the_go_manager_made_is_marked_at_the_start() -> None:
    operators, _ = _taken_over(*KEPT)
    written = len(operators.client.writes)

    operators.plugin.start(CTX, operators.client)
    operators.plugin.start(CTX, operators.client)

    assert _marks(operators) == ["false"] * 6
    assert len(operators.client.writes) == written + 6


def test_sets_of_other_network_types_are_left_alone_at_the_start() -> None:
    operators, _ = _taken_over(*KEPT)
    operators.client.put(replace(a_set(*KEPT), spec=None))

    operators.plugin.start(CTX, operators.client)

    assert _marks(operators) == [None] * 6


def test_the_go_managers_finalizer_goes_with_the_next_look() -> None:
    operators, pod = _taken_over(*KEPT)

    assert operators.look(pod).metadata.finalizers == ("other",)


@pytest.mark.parametrize(("lines", "mark"), [(SMALL, None), (SMALL[1:], None), (KEPT, "false")])
def test_the_go_managers_finalizer_goes_also_off_a_pod_that_goes_after_its_set(
    lines: tuple[str, ...], mark: str | None
) -> None:
    operators, pod = _taken_over(*lines)
    operators.client.remove(GameServerSet, "ns/gss")
    going = replace(pod, metadata=replace(pod.metadata, deletion_timestamp=NOW))

    let_go = ask(CTX, operators.client, operators.plugin, Operation.UPDATE, going)

    assert let_go.metadata.finalizers == ("other",)
    assert _marks(operators) == [mark] * 6


def test_a_pod_without_the_finalizer_goes_without_a_word() -> None:
    operators = Operators(*KEPT)
    pod = operators.ready(a_pod(*KEPT))
    operators.client.remove(GameServerSet, "ns/gss")
    written = len(operators.client.writes)

    operators.plugin.on_pod_deleted(CTX, operators.client, pod)

    assert len(operators.client.writes) == written


@pytest.mark.parametrize(
    "lines", [SMALL, KEPT, SMALL[1:]], ids=["retained", "not retained", "malformed"]
)
def test_a_pod_with_the_finalizer_is_let_go_while_its_set_stays(lines: tuple[str, ...]) -> None:
    operators, pod = _taken_over(*lines)

    operators.plugin.on_pod_deleted(CTX, operators.client, pod)
    operators.plugin.on_pod_deleted(CTX, operators.client, pod)

    assert operators.find(Pod, "gss-0").metadata.finalizers == ("other",)
    assert _marks(operators) == [None] * 6


@pytest.mark.parametrize(
    ("lines", "mark"),
    [(SMALL, None), (SMALL[1:], None), (KEPT, "false")],
    ids=["retained", "malformed", "not retained"],
)
def test_a_pod_with_the_finalizer_is_let_go_when_its_set_is_gone(
    lines: tuple[str, ...], mark: str | None
) -> None:
    operators, pod = _taken_over(*lines)
    operators.client.remove(GameServerSet, "ns/gss")

    operators.plugin.on_pod_deleted(CTX, operators.client, pod)

    assert operators.find(Pod, "gss-0").metadata.finalizers == ("other",)
    assert _marks(operators) == [mark] * 6


def test_a_pod_that_is_gone_needs_nothing_taken_off() -> None:
    operators, pod = _taken_over(*SMALL)
    operators.client.remove(Pod, "ns/gss-0")

    operators.plugin.on_pod_deleted(CTX, operators.client, pod)

    assert operators.client.list(Pod) == []


def test_a_later_pod_of_the_same_name_is_left_alone() -> None:
    operators, pod = _taken_over(*SMALL)
    operators.client.put(replace(pod, metadata=replace(pod.metadata, uid="later")))

    operators.plugin.on_pod_deleted(CTX, operators.client, pod)

    assert operators.find(Pod, "gss-0").metadata.finalizers == ("other", FINALIZER)


def test_services_go_first_then_load_balancers_then_addresses() -> None:
    operators = Operators(*KEPT)
    operators.ready(a_pod(*KEPT))
    operators.client.remove(GameServerSet, "ns/gss")

    with pytest.raises(PluginError, match="4 Services of set gss are still there, such as gss-"):
        _give_back(operators)
    first = len(operators.names(Nlb)), len(operators.names(Eip))
    for name in operators.names(Service):
        operators.client.remove(Service, f"ns/{name}")
    with pytest.raises(PluginError, match="2 load balancers of set gss are still there") as wait:
        _give_back(operators)
    second = len(operators.names(Nlb)), len(operators.names(Eip))
    _give_back(operators)

    assert first == (2, 4)
    assert second == (0, 4)
    assert operators.names(Eip) == []
    assert wait.value.type is PluginErrorType.RETRY


def test_a_load_balancer_that_takes_its_time_is_deleted_once() -> None:
    operators = Operators(*KEPT)
    operators.look(a_pod(*KEPT))
    operators.allocate()
    operators.look(a_pod(*KEPT))
    operators.client.remove(Nlb, "ns/gss-bgp-1")
    nlb = operators.find(Nlb, "gss-bgp-0")
    operators.client.put(replace(nlb, metadata=replace(nlb.metadata, deletion_timestamp=NOW)))
    written = len(operators.client.writes)

    with pytest.raises(PluginError, match="1 load balancers of set gss are still there"):
        _give_back(operators)

    assert len(operators.client.writes) == written


def test_what_is_retained_is_not_given_back() -> None:
    operators = Operators(*SMALL)
    operators.ready(a_pod(*SMALL))
    operators.client.remove(GameServerSet, "ns/gss")

    _give_back(operators)

    assert len(operators.names(Nlb)) == 2
    assert len(operators.names(Eip)) == 4


def test_what_another_set_has_is_not_given_back() -> None:
    operators = Operators(*KEPT)
    operators.ready(a_pod(*KEPT))

    operators.plugin.on_set_gone(CTX, operators.client, "ns", "gs")
    operators.plugin.on_set_gone(CTX, operators.client, "other", "gss")

    assert len(operators.names(Nlb)) == 2


def test_a_load_balancer_that_goes_is_not_used() -> None:
    operators = Operators(*SMALL)
    pod = operators.ready(a_pod(*SMALL))
    nlb = operators.find(Nlb, "gss-bgp-0")
    operators.client.put(replace(nlb, metadata=replace(nlb.metadata, deletion_timestamp=NOW)))

    assert status_of(operators.look(pod)).current_network_state == "NotReady"


def test_an_address_that_goes_is_not_used() -> None:
    operators = Operators(*SMALL)
    operators.look(a_pod(*SMALL))
    operators.allocate()
    eip = operators.find(Eip, "gss-eip-bgp-0-z0")
    operators.client.put(replace(eip, metadata=replace(eip.metadata, deletion_timestamp=NOW)))

    operators.look(a_pod(*SMALL))

    assert operators.names(Nlb) == ["gss-bgp-1"]
