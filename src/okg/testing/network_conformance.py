"""What every network plugin must do, as tests that anybody can run against their own.

A distribution with a plugin subclasses ``NetworkConformance`` in a test module and says what the
plugin has::

    from okg.testing.cloud import Answer, Change, Line
    from okg.testing.network import Scenario, entries
    from okg.testing.network_conformance import NetworkConformance

    class TestMyNetworks(NetworkConformance):
        scenarios = (
            Scenario(
                name="Acme-LB",
                install=AcmeNetwork,
                conf=entries("AcmeIds=lb-a", "PortProtocols=80/TCP"),
                cloud=(ACME_CLOUD_CONTROLLER,),
                fixed=entries("AcmeIds=lb-a", "PortProtocols=80/TCP", "Fixed=true"),
                isolates=True,
            ),
        )

Each test runs once for each scenario that has what it is about, named by the test's argument. All
happens in memory and in virtual time: the API server is ``FakeApiServer``, the cloud are the lines
of the scenario, and a replica is a plugin made by ``install`` with caches of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import pytest
from msgspec.structs import replace

from okg.api.game import NetworkConfParam, NetworkPort
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.networking import Ingress
from okg.api.resource import Object
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.cloudprovider.grammar import PortProtocol
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import PluginError
from okg.errors import OkgError
from okg.testing.apiserver import LoseAnswer, Refuse, Unreachable
from okg.testing.apiserver.faults import Effect
from okg.testing.apiserver.trees import Json
from okg.testing.network.judge import complaints
from okg.testing.network.replica import Killed
from okg.testing.network.scenario import Conf, Scenario
from okg.testing.network.stage import NAMESPACE, SET, Stage
from okg.workload.names import LIFECYCLE_STATE, NETWORK_CONF, NOT_READY_BLOCKER

_HAVING: Mapping[str, Callable[[Scenario], object]] = {
    "scenario": lambda _: True,
    "fixed": lambda it: it.fixed,
    "isolating": lambda it: it.isolates,
    "changeable": lambda it: it.other_ports,
    "asking": lambda it: it.asking,
    "movable": lambda it: it.elsewhere,
    "waiting": lambda it: it.needs_cloud,
    "withdrawing": lambda it: it.withdraws,
    "bounded": lambda it: it.capacity,
    "declared": lambda it: it.parameters,
    "preparing": lambda it: it.isolates and ALLOW_NOT_READY in (it.parameters or ()),
}
"""Names of arguments, and which scenarios they stand for."""

ASKED, FOREIGN = "example.com/asked", "example.com/foreign"
"""Annotations: what scenarios ask for, and what nobody asks for."""

HELD = "example.com/held"
"""Finalizer of somebody who takes his time."""

CLAIMS_LAST = 700.0
"""Seconds after which a port that was claimed and never used is free again, and some more."""

LET_GO = 100.0
"""Seconds after which it is if the server has gone for which it was claimed, and some more."""

MOST_WRITES = 200
"""More writes than any plugin needs for what one test does."""

ODD_TEXTS = ("", " ", ",", "-1", "0", "99999999999", "80/XYZ", "a b/c/d", "{", "on off", "<id><id>")
"""What people write by mistake."""


SPOKEN = (PortProtocol(80, "TCP"), PortProtocol(81, "UDP"))
"""What ``80/TCP,81/UDP`` means."""


SHOP = OwnerReference(
    api_version="apps/v1", kind="Deployment", name="shop", uid="shop", controller=True
)


class NetworkConformance:
    """The tests.

    Attributes:
        scenarios: the plugins that they are run for.
    """

    scenarios: ClassVar[Sequence[Scenario]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test for the scenarios that have what it is about."""
        for name in _HAVING.keys() & set(metafunc.fixturenames):
            fitting = [it for it in self.scenarios if _HAVING[name](it)]
            metafunc.parametrize(name, fitting, ids=[it.name for it in fitting])

    # How a server comes to its network.

    def test_servers_are_told_their_addresses(self, scenario: Scenario) -> None:
        """All servers become Ready, and nothing meets."""
        stage = _with(scenario, 3)

        _assert_well(stage, 3)

    def test_a_network_that_is_ready_costs_nothing_more(self, scenario: Scenario) -> None:
        """Asked again the plugin says the same, and writes nothing."""
        stage = _with(scenario, 2)
        before, written = stage.server.revision, stage.replicas[0].wire.writes
        pods = stage.pods()

        again = [stage.replicas[0].ask(Operation.UPDATE, pod) for pod in pods]

        assert again == pods
        assert stage.server.revision == before
        assert stage.replicas[0].wire.writes == written

    def test_a_new_pod_that_is_admitted_twice_is_the_same(self, scenario: Scenario) -> None:
        """Admission may be repeated, and asks for nothing more then."""
        stage = Stage(scenario)
        gss = stage.gss
        assert gss is not None
        draft = stage.draft(gss, 0)

        once = stage.replicas[0].ask(Operation.CREATE, draft)
        twice = stage.replicas[0].ask(Operation.CREATE, draft)

        assert not isinstance(once, OkgError), once
        assert not isinstance(twice, OkgError), twice
        assert twice.spec == once.spec
        assert twice.metadata.labels == once.metadata.labels

    def test_deletion_may_be_asked_again_and_again(self, scenario: Scenario) -> None:
        """Also for a pod that nothing is known of any more."""
        stage = _with(scenario, 1)
        pod = stage.pod(0)
        assert pod is not None

        first = stage.replicas[0].ask(Operation.DELETE, pod)
        stage.scale(0)
        stage.settle()
        second = stage.start().ask(Operation.DELETE, pod)

        assert first is pod
        assert second is pod

    # A cloud that is slow, deaf or stutters.

    def test_nothing_is_ready_before_the_cloud_has_answered(self, waiting: Scenario) -> None:
        """Then it is, whenever that may be."""
        stage = Stage(waiting)
        stage.troubles.closed = True
        stage.scale(2)
        stage.settle()
        early = [stage.is_ready(0), stage.is_ready(1)]
        stage.troubles.closed = False
        stage.wait(3600.0)

        assert early == [False, False]
        _assert_well(stage, 2)

    def test_a_cloud_that_has_no_more_to_give_hurts_nobody_else(self, waiting: Scenario) -> None:
        """One server waits, the others serve; when there is more it is served, too."""
        stage = Stage(waiting)
        stage.scale(1)
        stage.settle()
        stage.troubles.quota = 1
        stage.scale(2)
        stage.settle()
        first = stage.is_ready(0)
        stage.troubles.quota = None
        stage.wait(60.0)

        assert first
        _assert_well(stage, 2)

    def test_events_that_are_lost_halved_or_repeated_change_nothing(
        self, scenario: Scenario
    ) -> None:
        """The outcome is as if there had been no trouble."""
        stage = Stage(scenario)
        stage.troubles.overlooked = 4
        stage.troubles.halves = 2
        stage.troubles.repeats = 2
        stage.scale(2)
        for _ in range(5):
            stage.settle()

        _assert_well(stage, 2)

    def test_what_the_cloud_takes_back_is_not_ready(self, withdrawing: Scenario) -> None:
        """Until it is given again."""
        stage = _with(withdrawing, 1)
        stage.troubles.withdrawn = True
        stage.settle()
        without = stage.is_ready(0)
        stage.troubles.withdrawn = False
        stage.settle()

        assert not without
        _assert_well(stage, 1)

    # Pods come and go.

    def test_a_server_that_is_made_anew_is_served_anew(self, scenario: Scenario) -> None:
        """The pod has another uid and another address; nothing of the old one is in its way."""
        stage = _with(scenario, 2)

        stage.recreate(0)
        stage.settle()

        _assert_well(stage, 2)
        _assert_told_of_own_pod(stage, 0)

    def test_a_fixed_address_outlives_the_pod(self, fixed: Scenario) -> None:
        """The next pod of the name is reached where the last one was, whoever came meanwhile."""
        stage = Stage(fixed)
        stage.configure(fixed.fixed or ())
        stage.scale(2)
        stage.settle()
        before = [_kept(stage, 0), _kept(stage, 1)]

        earlier = stage.pod(0)
        assert earlier is not None
        stage.delete(earlier)
        stage.settle()
        stage.add(2)
        stage.settle()
        stage.add(0)
        stage.settle()

        _assert_well(stage, 3)
        assert [_kept(stage, 0), _kept(stage, 1)] == before
        _assert_told_of_own_pod(stage, 0)

    def test_servers_that_are_scaled_away_leave_nothing(self, scenario: Scenario) -> None:
        """And the same number can come again."""
        stage = _with(scenario, 3)
        stage.scale(0)
        stage.wait(CLAIMS_LAST)
        left = [it.key for it in stage.server.objects(Service) if _is_of_a_pod(it)]
        stage.scale(3)
        stage.settle()

        assert left == []
        _assert_well(stage, 3)

    def test_a_set_that_is_deleted_leaves_nothing(self, scenario: Scenario) -> None:
        """Nor does it when its addresses were fixed."""
        stage = Stage(scenario)
        stage.configure(scenario.fixed or scenario.conf)
        stage.scale(2)
        stage.settle()
        pods = stage.pods()

        stage.remove_set()
        for pod in pods:
            stage.delete(pod)
        stage.wait(CLAIMS_LAST)

        assert stage.pods() == []
        assert stage.server.objects(Service) == []
        assert list(complaints(stage)) == []

    def test_a_pod_whose_set_is_gone_is_asked_about_all_the_same(self, scenario: Scenario) -> None:
        """Nothing is raised that nobody expects, and it can go."""
        stage = _with(scenario, 1)
        gss, pod = stage.gss, stage.pod(0)
        assert gss is not None
        assert pod is not None
        stage.api.delete(gss, propagation="Orphan")
        stage.settle()

        assert stage.delete(stage.pod(0) or pod) is None

    def test_a_pod_that_goes_gets_nothing_more(self, scenario: Scenario) -> None:
        """And is not refused: somebody may be about to take a finalizer off it."""
        stage = Stage(scenario)
        stage.scale(1)
        stage.look_at_all()
        pod = stage.pod(0)
        assert pod is not None
        going = replace(
            pod.metadata,
            annotations={**pod.metadata.annotations, NETWORK_CONF: "{}"},
            deletion_timestamp=stage.clock.now(),
            finalizers=("example.com/somebody",),
        )
        pod = replace(pod, metadata=going)
        written = stage.replicas[0].wire.writes

        answer = stage.replicas[0].ask(Operation.UPDATE, pod)

        assert answer is pod
        assert stage.replicas[0].wire.writes == written

    # Traffic is cut off and let back.

    def test_traffic_is_cut_off_and_let_back(self, isolating: Scenario) -> None:
        """That of one server, and nobody else's."""
        stage = _with(isolating, 2)
        before = stage.outside(0)
        stage.disable(0)
        stage.settle()
        cut = [stage.reached(0), stage.reached(1)]
        stage.disable(0, disabled=False)
        stage.settle()

        assert cut == [False, True]
        assert [stage.reached(0), stage.reached(1)] == [True, True]
        _assert_well(stage, 2)
        assert stage.outside(0) == before

    def test_a_server_that_is_cut_off_is_not_ready(self, isolating: Scenario) -> None:
        """However often it is looked at; and it is Ready again when it is let back."""
        stage = _with(isolating, 2)
        stage.disable(0)
        stage.settle()
        stage.restart()
        stage.settle()
        cut = [stage.is_ready(0), stage.is_ready(1)]
        stage.disable(0, disabled=False)
        stage.settle()

        assert cut == [False, True]
        _assert_well(stage, 2)

    def test_traffic_is_cut_off_and_let_back_while_the_cloud_sleeps(
        self, isolating: Scenario
    ) -> None:
        """What was asked for last is what comes of it."""
        stage = _with(isolating, 1)
        stage.troubles.closed = True
        stage.disable(0)
        stage.settle()
        stage.disable(0, disabled=False)
        stage.settle()
        stage.disable(0)
        stage.settle()
        stage.troubles.closed = False
        stage.settle()
        cut = stage.reached(0)
        stage.disable(0, disabled=False)
        stage.settle()

        assert not cut
        assert stage.reached(0)
        _assert_well(stage, 1)

    def test_a_server_may_begin_cut_off(self, isolating: Scenario) -> None:
        """And be let in later."""
        stage = Stage(isolating)
        stage.scale(1)
        stage.disable(0)
        stage.settle()
        cut = stage.reached(0)
        stage.disable(0, disabled=False)
        stage.settle()

        assert not cut
        _assert_well(stage, 1)

    @pytest.mark.parametrize("names", ["game", ""])
    def test_a_server_that_is_cut_off_holds_up_no_update(
        self, preparing: Scenario, names: str
    ) -> None:
        """Whoever waits for its connections to be kept is told to go on."""
        stage = Stage(preparing)
        stage.configure(_with_entry(preparing.conf, ALLOW_NOT_READY.name, names))
        stage.scale(1)
        stage.settle()
        stage.disable(0)
        stage.settle()
        _prepare_update(stage, 0)
        stage.settle()
        pod = stage.pod(0)
        stage.disable(0, disabled=False)
        stage.settle()

        assert pod is not None
        assert pod.metadata.labels[NOT_READY_BLOCKER] == "false"
        _assert_well(stage, 1)

    # Configurations change.

    def test_other_ports_reach_servers_that_run(self, changeable: Scenario) -> None:
        """And the first ones again."""
        stage = _with(changeable, 2)
        before = _told_ports(stage, 0)
        stage.configure(changeable.other_ports or ())
        stage.settle()
        _assert_well(stage, 2)
        other = _told_ports(stage, 0)
        stage.configure(changeable.conf)
        stage.settle()

        _assert_well(stage, 2)
        assert other != before
        assert _told_ports(stage, 0) == before

    def test_other_ports_do_not_reach_a_server_that_is_cut_off(self, isolating: Scenario) -> None:
        """They are there when it is let back."""
        stage = _with(isolating, 1)
        stage.disable(0)
        stage.settle()
        stage.configure(isolating.other_ports or isolating.conf)
        stage.settle()
        cut = stage.reached(0)
        stage.disable(0, disabled=False)
        stage.settle()

        assert not cut
        _assert_well(stage, 1)

    def test_annotations_that_are_not_asked_for_any_more_go(self, asking: Scenario) -> None:
        """Everybody else's stay."""
        stage = _with(asking, 1)
        stage.configure(asking.asking or ())
        stage.settle()
        given = _annotated(stage, ASKED)
        for obj in given:
            stage.server.merge(obj, {"metadata": {"annotations": {FOREIGN: "stays"}}})
        stage.configure(asking.conf)
        stage.settle()

        assert given
        assert _annotated(stage, ASKED) == []
        assert len(_annotated(stage, FOREIGN)) == len(given)
        _assert_well(stage, 1)

    def test_another_load_balancer_gives_no_port_that_a_server_has(self, movable: Scenario) -> None:
        """Neither to who comes, nor to who was on the one before, wherever that is now."""
        stage = _with(movable, 1)
        stage.conf = movable.elsewhere or ()
        stage.add(1)
        stage.settle()
        stage.configure(stage.conf)
        stage.settle()

        _assert_well(stage, 2)

    # Processes come and go.

    def test_a_process_may_end_at_any_write(self, scenario: Scenario) -> None:
        """The next process completes what was begun."""
        for number in range(1, MOST_WRITES):
            if not _dies_at(scenario, number):
                break

    def test_two_replicas_at_once_do_not_meet(self, scenario: Scenario) -> None:
        """Each looks at every pod, its own first, and knows nothing of the other's last writes."""
        stage = _with(scenario, 1)
        stage.replicas.append(stage.start())
        stage.add(1)
        stage.add(2, replica=1)
        stage.run_nodes()
        for _ in range(4):
            stage.replicas[0].hear()
            stage.replicas[1].hear()
            for number, replica in ((1, 0), (2, 1), (1, 1), (2, 0)):
                if (pod := stage.pod(number)) is not None:
                    stage.look(pod, replica=replica)
            stage.serve()
            stage.run_nodes()
        stage.settle()

        _assert_well(stage, 3)

    def test_another_replica_says_the_same(self, scenario: Scenario) -> None:
        """What a pod has is written down, and not in the memory of one process."""
        stage = _with(scenario, 2)
        stage.restart()
        before = stage.server.revision

        stage.settle()

        assert stage.server.revision == before

    @pytest.mark.parametrize(
        "effect",
        [
            Refuse(status=500, reason="InternalError"),
            Refuse(status=409, reason="Conflict"),
            Refuse(status=403, reason="Forbidden"),
            Unreachable(),
            LoseAnswer(),
        ],
        ids=["500", "409", "403", "unreachable", "answer lost"],
    )
    def test_requests_that_fail_are_made_again(self, scenario: Scenario, effect: Effect) -> None:
        """Nothing is raised that nobody expects, and nothing is lost."""
        stage = Stage(scenario)
        stage.replicas[0].wire.strike = lambda number: effect if number % 2 else None
        for act in _life(stage):
            act()
            stage.settle()

        _assert_well(stage, 1)

    # Ports run out.

    def test_a_pool_is_used_to_its_last_port_and_then_says_so(self, bounded: Scenario) -> None:
        """With numbers; and whoever goes makes room."""
        most = bounded.capacity or 0
        stage = _with(bounded, most)
        _assert_well(stage, most)
        stage.scale(most + 1)
        stage.settle()
        failure = stage.failures[f"{SET}-{most}"]
        stage.scale(most)
        stage.wait(CLAIMS_LAST)
        stage.recreate(0)
        stage.settle()

        assert isinstance(failure, PluginError)
        said = str(failure).replace(f"{SET}-{most}", "")
        assert any(character.isdigit() for character in said), failure
        _assert_well(stage, most)

    def test_replicas_that_are_asked_at_once_give_no_more_than_there_is(
        self, bounded: Scenario
    ) -> None:
        """Though neither has heard of what the other has just given."""
        most = bounded.capacity or 0
        stage = Stage(bounded)
        stage.replicas.append(stage.start())
        for number in range(most + 1):
            stage.add(number, replica=number % 2)
        stage.settle()

        assert sum(map(stage.is_ready, range(most + 1))) == most
        assert list(complaints(stage)) == []

    def test_who_goes_at_once_makes_room_soon(self, bounded: Scenario) -> None:
        """Its ports are not kept as long as those of a server that may yet come."""
        most = bounded.capacity or 0
        stage = Stage(bounded)
        for number in range(most):
            stage.add(number)
        for _ in range(4):
            stage.run_nodes()
            stage.look_at_all()
            stage.replicas[0].hear()
        for pod in stage.pods():
            stage.delete(pod)
        stage.wait(LET_GO)
        for number in range(most, 2 * most):
            stage.add(number)
        stage.settle()

        assert stage.failures == {}
        assert [stage.is_ready(most + number) for number in range(most)] == [True] * most

    def test_more_room_helps_who_waits(self, bounded: Scenario) -> None:
        """A wider configuration serves the server that found no port."""
        most = bounded.capacity or 0
        stage = _with(bounded, most + 1)
        without = stage.is_ready(most)
        stage.configure(bounded.more_room or bounded.conf)
        stage.settle()

        assert not without
        assert stage.is_ready(most) is (bounded.more_room is not None)
        assert list(complaints(stage)) == []

    # What people write, and what is there already.

    def test_each_parameter_that_is_wrong_is_named(self, declared: Scenario) -> None:
        """Whatever its grammar refuses is told with the parameter's name."""
        assert declared.parameters is not None
        for parameter in declared.parameters:
            for text in ODD_TEXTS:
                if parameter.grammar.read([text]).faults:
                    conf = _with_entry(declared.conf, parameter.name, text)
                    told = list(declared.parameters.problems(conf))
                    assert any(parameter.name in problem for problem in told), (text, told)

    def test_each_parameter_that_is_needed_and_missing_is_named(self, declared: Scenario) -> None:
        """And the configuration of the scenario is a good one."""
        assert declared.parameters is not None
        for parameter in declared.parameters:
            conf = tuple(entry for entry in declared.conf if entry.name != parameter.name)
            told = list(declared.parameters.problems(conf))
            if parameter.required:
                assert any(parameter.name in problem for problem in told), (parameter.name, told)
        assert list(declared.parameters.problems(declared.conf)) == []
        assert list(declared.parameters.unknown(declared.conf)) == []

    def test_a_port_that_is_spoken_twice_is_named(self, declared: Scenario) -> None:
        """No load balancer, no node and no Service can have that."""
        assert declared.parameters is not None
        for parameter in declared.parameters:
            if parameter.grammar.read(["80/TCP,81/UDP"]).value == SPOKEN:
                conf = _with_entry(declared.conf, parameter.name, "80/TCP,81/UDP,80/TCP")
                told = list(declared.parameters.problems(conf))
                assert [parameter.name in problem for problem in told] == [True], told

    def test_whatever_is_written_nothing_unexpected_is_raised(self, declared: Scenario) -> None:
        """A stored configuration that cannot work is refused by a PluginError, or served."""
        assert declared.parameters is not None
        stage = _with(declared, 1)
        for parameter in declared.parameters:
            for text in (*ODD_TEXTS, "é" * 300):
                stage.configure(_with_entry(declared.conf, parameter.name, text))
                stage.recreate(0)
                stage.look_at_all()
        stage.configure(declared.conf)
        stage.recreate(0)
        stage.settle()

        _assert_well(stage, 1)

    @pytest.mark.parametrize("text", ["", "{}", "7", '[{"name":7}]', "null", "[]", "[["])
    def test_an_illegible_configuration_is_refused(self, scenario: Scenario, text: str) -> None:
        """By a PluginError, unless the network needs none."""
        stage = _with(scenario, 1)
        pod = stage.pod(0)
        assert pod is not None
        broken = {**pod.metadata.annotations, NETWORK_CONF: text}
        pod = replace(pod, metadata=replace(pod.metadata, annotations=broken))

        stage.replicas[0].ask(Operation.CREATE, pod)
        stage.replicas[0].ask(Operation.UPDATE, pod)
        given_back = stage.replicas[0].ask(Operation.DELETE, pod)

        assert given_back is pod

    def test_what_an_earlier_pod_has_left_is_not_the_new_ones(self, scenario: Scenario) -> None:
        """As long as it is there nothing is Ready; when it has gone there is a new one."""
        stage = Stage(scenario, collect=False)
        stage.scale(1)
        stage.settle()
        earlier = stage.pod(0)
        assert earlier is not None

        stage.delete(earlier)
        stage.run_nodes()
        stage.scale(1)
        _assert_waited_for(stage, earlier)

    def test_what_an_earlier_set_has_left_is_not_the_new_ones(self, fixed: Scenario) -> None:
        """What was fixed goes with its set, and serves no other of that name."""
        stage = Stage(fixed, collect=False)
        stage.configure(fixed.fixed or ())
        stage.scale(1)
        stage.settle()
        earlier = stage.gss
        assert earlier is not None

        stage.remove_set()
        for pod in stage.pods():
            stage.delete(pod)
        stage.run_nodes()
        stage.found_set()
        stage.scale(1)
        _assert_waited_for(stage, earlier)

    def test_what_is_being_removed_is_not_the_servers(self, scenario: Scenario) -> None:
        """As long as it is there nothing is Ready; when it has gone there is a new one."""
        stage = _with(scenario, 1)
        held = _outward(stage)
        for obj in held:
            stage.api.delete(_with_finalizers(stage, obj, *obj.metadata.finalizers, HELD))
        stage.settle()
        early = stage.is_ready(0)
        for obj in _outward(stage):
            _with_finalizers(stage, obj, *(it for it in obj.metadata.finalizers if it != HELD))
        stage.settle()

        assert not (held and early), held
        _assert_well(stage, 1)

    @pytest.mark.parametrize("owners", [(), (SHOP,)], ids=["nobody's", "a shop's"])
    def test_a_service_of_somebody_else_is_left_alone(
        self, scenario: Scenario, owners: tuple[OwnerReference, ...]
    ) -> None:
        """The server has one of another name, or is refused; when it has gone it is served."""
        stage = Stage(scenario)
        theirs = stage.server.put(_service(owners))
        stage.scale(1)
        stage.settle()
        kept = stage.server.get(Service, NAMESPACE, theirs.metadata.name)
        refused = stage.failures.get(theirs.metadata.name)
        stage.api.delete(theirs)
        stage.wait(CLAIMS_LAST)

        assert kept == theirs
        assert refused is None or theirs.key in str(refused)
        _assert_well(stage, 1)


def _with(scenario: Scenario, servers: int) -> Stage:
    """Return a stage with so many servers, settled."""
    stage = Stage(scenario)
    stage.scale(servers)
    stage.settle()
    return stage


def _assert_well(stage: Stage, servers: int) -> None:
    """Check that all servers have their network, and that nothing is wrong with it."""
    assert stage.failures == {}
    assert [stage.is_ready(number) for number in range(servers)] == [True] * servers
    assert list(complaints(stage)) == []


def _assert_told_of_own_pod(stage: Stage, ordinal: int) -> None:
    """Check that the address inside is the pod's own."""
    pod, status = stage.pod(ordinal), stage.status(ordinal)
    assert pod is not None
    assert status is not None
    assert {address.ip for address in status.internal_addresses} <= {pod.status.pod_ip}


def _assert_waited_for(stage: Stage, earlier: Object) -> None:
    """Check that the first server has nothing of an owner that is gone, and its own afterwards."""
    for _ in range(4):
        stage.run_nodes()
        stage.serve()
        stage.replicas[0].hear()
        stage.look_at_all()
    left = _owned_by(stage, earlier.metadata.uid)
    early = stage.is_ready(0)
    stage.settle()

    assert not (left and early), left
    _assert_well(stage, 1)
    _assert_told_of_own_pod(stage, 0)


def _kept(stage: Stage, ordinal: int) -> Sequence[object]:
    """Return what of a server's address outside is to outlive its pod."""
    found = stage.outside(ordinal)
    return found if stage.scenario.fixed_host else [address.ports for address in found]


def _told_ports(stage: Stage, ordinal: int) -> Sequence[NetworkPort]:
    """Return the ports of its own that a server was told."""
    status = stage.status(ordinal)
    inside = status.internal_addresses if status else ()
    return [port for address in inside for port in address.ports]


def _is_of_a_pod(service: Service) -> bool:
    manager = service.metadata.controller
    return manager is not None and manager.kind == "Pod"


def _dies_at(scenario: Scenario, number: int) -> bool:
    """Let a process end with a write of a set's life; return whether there was such a write."""
    stage = Stage(scenario)
    stage.replicas[0].wire.dies_at = number
    died = False
    for act in _life(stage):
        try:
            act()
            stage.settle()
        except Killed:
            died = True
            stage.restart()
            act()
            stage.settle()
    _assert_well(stage, 1)
    return died


def _life(stage: Stage) -> Iterable[Callable[[], object]]:
    """Return what happens to a set."""
    scenario = stage.scenario
    return (
        lambda: stage.scale(1),
        lambda: stage.configure(scenario.other_ports or scenario.conf),
        lambda: stage.disable(0),
        lambda: stage.disable(0, disabled=False),
        lambda: stage.recreate(0),
    )


def _with_entry(conf: Conf, name: str, value: str) -> Conf:
    """Return a configuration with an entry in the place of those of its name."""
    kept = tuple(entry for entry in conf if entry.name != name)
    return (*kept, NetworkConfParam(name=name, value=value))


def _owned_by(stage: Stage, uid: str) -> Sequence[str]:
    """Return the objects that go with an owner."""
    kinds: Sequence[type[Object]] = (Service, *stage.scenario.kinds)
    objects = [obj for kind in kinds for obj in stage.server.objects(kind)]
    return [it.key for it in objects if any(o.uid == uid for o in it.metadata.owner_references)]


def _outward(stage: Stage) -> Sequence[Object]:
    """Return the objects that say where servers are reached."""
    return [*stage.server.objects(Service), *stage.server.objects(Ingress)]


def _with_finalizers(stage: Stage, obj: Object, *names: str) -> Object:
    """Write other finalizers into an object; without any it may go at once."""
    return stage.api.patch(obj, replace(obj, metadata=replace(obj.metadata, finalizers=names)))


def _annotated(stage: Stage, key: str) -> Sequence[Object]:
    """Return the objects that have an annotation."""
    kinds: Sequence[type[Object]] = (Service, Ingress, *stage.scenario.kinds)
    objects = [obj for kind in kinds for obj in stage.server.objects(kind)]
    return [obj for obj in objects if key in obj.metadata.annotations]


def _prepare_update(stage: Stage, ordinal: int) -> None:
    """Let the workload ask whether a server can be updated in place."""
    gss, pod = stage.gss, stage.pod(ordinal)
    assert gss is not None
    assert pod is not None
    spec: Json = {"containers": [{"name": "game", "image": "game:2"}]}
    stage.server.merge(gss, {"spec": {"gameServerTemplate": {"spec": spec}}})
    labels: Json = {LIFECYCLE_STATE: "PreparingUpdate", NOT_READY_BLOCKER: "true"}
    stage.server.merge(pod, {"metadata": {"labels": labels}})


def _service(owners: tuple[OwnerReference, ...]) -> Service:
    """Return a Service called as the first server is."""
    ports = (ServicePort(name="web", port=80),)
    meta = ObjectMeta(name=f"{SET}-0", namespace=NAMESPACE, owner_references=owners)
    return Service(metadata=meta, spec=ServiceSpec(type="ClusterIP", ports=ports))
