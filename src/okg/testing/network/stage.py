"""Stage: a set of game servers in a cluster in memory, which goes by hand and in virtual time."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Container, Namespace, Node, Pod, PodSpec
from okg.api.game import (
    GameServerSet,
    GameServerSetSpec,
    GameServerTemplate,
    Network,
    NetworkAddress,
    NetworkStatus,
)
from okg.api.meta import ObjectMeta, Opaque
from okg.client.rest import ApiClient
from okg.cloudprovider.operation import Operation
from okg.context import Context
from okg.errors import ApiError, NotFound, OkgError, TransportError
from okg.testing.apiserver import FakeApiServer
from okg.testing.cloud import CloudReconciler
from okg.testing.kubelet import running_status
from okg.testing.network.replica import Quiet, Replica
from okg.testing.network.scenario import Conf, Scenario
from okg.testing.nodes import pod_address
from okg.testing.standing_clock import StandingClock
from okg.workload.names import NETWORK_CONF, NETWORK_DISABLED, NETWORK_TYPE, OWNER_GSS, POD_NAME
from okg.workload.network_status import READY, read_network_status
from okg.workload.ownership import controlled_by

NAMESPACE, SET = "games", "gss"
SYSTEM = "system"
"""Namespace of the manager's own objects, records of ports among them."""

NODES = 3
MOST_PASSES = 60
"""Passes in which everything must be done that can be done at one moment."""

_TEMPLATE = Opaque(b'{"spec":{"containers":[{"name":"game","image":"game:1"}]}}')


class Stage:
    """The cluster.

    Args:
        scenario: what is on.
        collect: whether garbage goes at once, else when ``go`` comes to it.

    Attributes:
        server: the API server.
        troubles: what is wrong with the cloud.
        replicas: the processes; the first leads.
        failures: what the plugin last said of pods it failed, by their names.
    """

    def __init__(self, scenario: Scenario, *, collect: bool = True) -> None:
        self.scenario = scenario
        self.clock = StandingClock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        self.server = FakeApiServer(clock=self.clock, collect=collect)
        for kind in scenario.kinds:
            self.server.register(kind.resource_type)
        self.server.put(Namespace(metadata=ObjectMeta(name=SYSTEM)))
        self.api = ApiClient(self.server)
        self._cloud = CloudReconciler(self.api, scenario.cloud)
        self.troubles = self._cloud.troubles
        self.conf = scenario.conf
        self.failures: dict[str, OkgError] = {}
        self._ctx = Context(Quiet(), clock=self.clock)
        self._addresses = 0
        for number in range(NODES):
            self.server.put(Node(metadata=ObjectMeta(name=f"node-{number}")))
        self.found_set()
        self.replicas = [self.start()]

    # The set and its servers.

    def found_set(self) -> GameServerSet:
        """Make the set anew."""
        network = Network(network_type=self.scenario.name, network_conf=self.conf)
        template = GameServerTemplate(spec=Opaque(_TEMPLATE))
        spec = GameServerSetSpec(replicas=0, game_server_template=template, network=network)
        meta = ObjectMeta(name=SET, namespace=NAMESPACE)
        return self.server.put(GameServerSet(metadata=meta, spec=spec))

    @property
    def gss(self) -> GameServerSet | None:
        """The set, if it is there."""
        return self.server.get(GameServerSet, NAMESPACE, SET)

    def remove_set(self) -> None:
        """Delete the set, and with it all that is its own."""
        if (gss := self.gss) is not None:
            self.api.delete(gss)

    def pod(self, ordinal: int) -> Pod | None:
        """Return a server's pod, if it is there."""
        return self.server.get(Pod, NAMESPACE, f"{SET}-{ordinal}")

    def pods(self) -> Sequence[Pod]:
        """Return the pods that are there."""
        return self.server.objects(Pod, NAMESPACE)

    def add(self, ordinal: int, *, replica: int = 0) -> OkgError | None:
        """Make a server's pod as the set asks for it; return why it could not be, if so."""
        gss = self.gss
        if gss is None or self.pod(ordinal) is not None:
            return None
        wanted = self.replicas[replica].ask(Operation.CREATE, self.draft(gss, ordinal))
        if isinstance(wanted, OkgError):
            self.failures[f"{SET}-{ordinal}"] = wanted
            return wanted
        self.api.create(wanted)
        return None

    def draft(self, gss: GameServerSet, ordinal: int) -> Pod:
        """Return a pod before its plugin has seen it."""
        name = f"{SET}-{ordinal}"
        conf = msgspec.json.encode(self.conf).decode()
        meta = ObjectMeta(
            name=name,
            namespace=NAMESPACE,
            labels={OWNER_GSS: SET, POD_NAME: name},
            annotations={NETWORK_TYPE: self.scenario.name, NETWORK_CONF: conf},
            owner_references=(controlled_by(gss),),
        )
        container = Container(name="game", image="game:1")
        return Pod(metadata=meta, spec=PodSpec(containers=(container,)))

    def scale(self, replicas: int) -> None:
        """Have so many servers: the lowest."""
        if (gss := self.gss) is not None:
            self.server.merge(gss, {"spec": {"replicas": replicas}})
        self.replicas[0].hear()
        for ordinal in range(replicas):
            self.add(ordinal)
        for pod in self.pods():
            if int(pod.metadata.name.rpartition("-")[2]) >= replicas:
                self.delete(pod)

    def delete(self, pod: Pod, *, replica: int = 0) -> OkgError | None:
        """Delete a pod, as far as its plugin lets it go."""
        answer = self.replicas[replica].ask(Operation.DELETE, pod)
        if isinstance(answer, OkgError):
            return answer
        with suppress(NotFound):
            self.api.delete(pod)
        return None

    def recreate(self, ordinal: int) -> None:
        """Replace a server's pod by another of its name."""
        if (pod := self.pod(ordinal)) is not None:
            self.delete(pod)
        self.run_nodes()
        self.replicas[0].hear()
        self.add(ordinal)

    def disable(self, ordinal: int, *, disabled: bool = True) -> None:
        """Have a server's traffic cut off, or not."""
        if (pod := self.pod(ordinal)) is not None:
            value = str(disabled).lower()
            self.server.merge(pod, {"metadata": {"labels": {NETWORK_DISABLED: value}}})

    def configure(self, conf: Conf) -> None:
        """Give the set and its pods another configuration."""
        self.conf = conf
        text = msgspec.json.encode(conf).decode()
        if (gss := self.gss) is not None:
            told = msgspec.to_builtins(conf)
            self.server.merge(gss, {"spec": {"network": {"networkConf": told}}})
        for pod in self.pods():
            self.server.merge(pod, {"metadata": {"annotations": {NETWORK_CONF: text}}})

    # What is told of networks.

    def status(self, ordinal: int) -> NetworkStatus | None:
        """Return what was told of a server's network."""
        pod = self.pod(ordinal)
        return None if pod is None else read_network_status(pod)

    def is_ready(self, ordinal: int) -> bool:
        """Whether a server's network is Ready."""
        status = self.status(ordinal)
        return status is not None and status.current_network_state == READY

    def outside(self, ordinal: int) -> Sequence[NetworkAddress]:
        """Return where a server is reached from outside."""
        status = self.status(ordinal)
        return () if status is None else status.external_addresses

    def reached(self, ordinal: int) -> bool:
        """Whether traffic from outside is led to a server."""
        pod = self.pod(ordinal)
        return pod is not None and self.scenario.reached(self.server, pod)

    # How it goes on.

    def start(self) -> Replica:
        """Return a process that has just started."""
        scenario = self.scenario
        return Replica(self.server, self.clock, scenario.install(), scenario.kinds)

    def restart(self) -> None:
        """Replace the leader by a process that remembers nothing."""
        self.replicas[0] = self.start()

    def look(self, pod: Pod, *, replica: int = 0) -> None:
        """Ask the plugin about a pod and store what it wants."""
        process = self.replicas[replica]
        wanted = process.ask(Operation.UPDATE, pod)
        if isinstance(wanted, OkgError):
            self.failures[pod.metadata.name] = wanted
            return
        self.failures.pop(pod.metadata.name, None)
        with suppress(ApiError, TransportError):
            process.client.patch(pod, wanted)

    def look_at_all(self, *, replica: int = 0) -> None:
        """Ask the plugin about every pod."""
        for pod in self.pods():
            if pod.metadata.deletion_timestamp is None:
                self.look(pod, replica=replica)

    def serve(self) -> None:
        """Let the cloud do what it has to."""
        self._cloud.serve_all(self._ctx)

    def run_nodes(self) -> None:
        """Let the scheduler and the kubelets do what they have to."""
        for pod in self.pods():
            self.run_pod(pod)

    def run_pod(self, pod: Pod, *, replica: int = 0) -> None:
        """Take a pod one step further."""
        if pod.metadata.deletion_timestamp is not None:
            if self.replicas[replica].ask(Operation.DELETE, pod) is pod:
                with suppress(NotFound):
                    self.api.delete(pod, grace_seconds=0)
            return
        if not pod.spec.node_name:
            if not (node := self._node_for(pod)):
                return
            pod = self.server.merge(pod, {"spec": {"nodeName": node}})
        self._addresses += not pod.status.pod_ip
        status = running_status(pod, self.clock.now(), pod_ip=pod_address(self._addresses))
        if status != pod.status:
            self.api.patch(pod, replace(pod, status=status), subresource="status", lock=False)

    def go(self) -> None:
        """Let all parts do once what they have to."""
        self.server.collect_garbage()
        self.run_nodes()
        self._make_refused()
        self.serve()
        for replica in self.replicas:
            replica.hear()
        self.look_at_all()
        self.replicas[0].hear()
        self.replicas[0].tidy()

    def _make_refused(self) -> None:
        """Make servers whose making was refused, as their set does; forget who is not to be."""
        there = {pod.metadata.name for pod in self.pods()}
        replicas = self.gss.spec.replicas if self.gss and self.gss.spec else 0
        refused = self.failures.keys() - there
        self.failures = {name: why for name, why in self.failures.items() if name in there}
        for ordinal in range(replicas or 0):
            if f"{SET}-{ordinal}" in refused:
                self.add(ordinal)

    def settle(self) -> None:
        """Let everything be done that there is to do at this moment.

        Raises:
            AssertionError: there is no end of it.
        """
        for _ in range(MOST_PASSES):
            before = self._progress()
            self.go()
            if self._progress() == before:
                return
        raise AssertionError(f"{self.scenario.name}: there is no end of writes")

    def wait(self, seconds: float) -> None:
        """Let time pass, and everything be done."""
        self.clock.advance(seconds)
        self.settle()

    def _progress(self) -> Sequence[int]:
        """Return what changes when anything is written, or was to be."""
        return [self.server.revision, *(replica.wire.writes for replica in self.replicas)]

    def _node_for(self, pod: Pod) -> str:
        """Return a node on which the ports that a pod wants of it are free."""
        wanted = _host_ports(pod)
        others = [it for it in self.pods() if it.spec.node_name]
        for number in range(NODES):
            name = f"node-{(number + len(others)) % NODES}"
            taken = {p for it in others if it.spec.node_name == name for p in _host_ports(it)}
            if not wanted & taken:
                return name
        return ""


def _host_ports(pod: Pod) -> frozenset[int]:
    ports = (port for container in pod.spec.containers for port in container.ports)
    return frozenset(getattr(port, "host_port", 0) for port in ports) - {0}
