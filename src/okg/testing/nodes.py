"""Simulated nodes: a scheduler and kubelets for a control plane that has neither.

Pods are bound in turn to a few Node objects, reported Running and Ready, updated in place when
their images change, and removed when they are deleted. It is a controller on our own library, and
nothing of it is special: what it does to pods, a real node would do.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count

from msgspec.structs import replace

from okg.api.core import Node, NodeCondition, NodeStatus, Pod
from okg.api.meta import ObjectMeta
from okg.cache.client import CachedClient
from okg.cache.informers import Informers
from okg.cache.store import Store
from okg.client.decoding import decode
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import AlreadyExists, Conflict, NotFound
from okg.runtime.controller import Controller
from okg.runtime.handlers import enqueue_object
from okg.runtime.reconcile import Request, Result
from okg.runtime.watch import Watch
from okg.testing.binding import bind
from okg.testing.kubelet import report_of, running_status
from okg.testing.standalone import run_standalone

STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"


def pod_address(number: int) -> str:
    """Return an address that nobody has."""
    return f"10.{64 + number // 62500 % 64}.{number // 250 % 250}.{1 + number % 250}"


class SimulatedKubelets:
    """Plays scheduler and kubelet for every pod. The lock guards what is known to be bound.

    Args:
        api: live client with the rights of a cluster administrator.
        client: cached reads of pods.
        pods: what the client reads from.
        nodes: names of the nodes.
        start_delay: time a container takes to start after its pod was bound.
        address: returns the address of the pod of this number; some may come twice.
    """

    def __init__(
        self,
        api: ApiClient,
        client: CachedClient,
        pods: Store[Pod],
        nodes: Sequence[str],
        *,
        start_delay: timedelta = timedelta(0),
        address: Callable[[int], str] = pod_address,
    ) -> None:
        self._api = api
        self._client = client
        self._pods = pods
        self._nodes = nodes
        self._start_delay = start_delay
        self._address = address
        self._turn = count()
        self._lock = threading.Lock()
        self._bound: set[str] = set()

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Take one pod one step further."""
        pod = self._client.get(Pod, request.namespace, request.name)
        if pod is None:
            return None
        try:
            return self._advance(ctx, pod)
        except (Conflict, NotFound):
            return Result(requeue_after=timedelta(milliseconds=20))

    def _advance(self, ctx: Context, pod: Pod) -> Result | None:
        if pod.metadata.deletion_timestamp is not None:
            self._client.delete(pod, grace_seconds=0)
            with self._lock:
                self._bound.discard(pod.metadata.uid)
        elif not pod.spec.node_name:
            self._bind(pod)
        elif delay := self._still_starting(ctx, pod):
            return Result(requeue_after=delay)
        elif pod.status.phase not in {"Failed", "Succeeded"}:
            self._report(ctx, pod)
        return None

    def _still_starting(self, ctx: Context, pod: Pod) -> timedelta | None:
        if not self._start_delay or pod.status.phase not in {"", "Pending"}:
            return None
        now = ctx.clock.now()
        started = pod.status.start_time
        if started is None:
            # The API keeps whole seconds, so the delay counts from the start of this one.
            started = now.replace(microsecond=0)
            status = replace(pod.status, start_time=started)
            self._client.patch(pod, replace(pod, status=status), subresource="status")
        left = started + self._start_delay - now
        return left if left > timedelta(0) else None

    def _bind(self, pod: Pod) -> None:
        """Bind a pod once: news of it that are older than its binding may come after that."""
        with self._lock:
            known = pod.metadata.uid in self._bound
        if not known:
            bind(self._api, pod, self._nodes[next(self._turn) % len(self._nodes)])
            with self._lock:
                self._bound.add(pod.metadata.uid)

    def _report(self, ctx: Context, pod: Pod) -> None:
        address = self._address(next(self._turn))
        status = running_status(pod, ctx.clock.now(), pod_ip=address)
        if report := report_of(pod, status):
            meta = pod.metadata
            path = pod.resource_type.path(meta.namespace, meta.name, "status")
            answer = self._api.request(
                "PATCH", path, body=report, content_type=STRATEGIC_MERGE_PATCH
            )
            self._pods.wrote(decode(Pod, answer.body), ctx.clock.monotonic())


class NodeSimulator:
    """Nodes that exist only as objects, and what would run on them.

    Args:
        api: live client with the rights of a cluster administrator.
        nodes: how many nodes.
        start_delay: time a container takes to start.
        workers: pods that are worked on at the same time.
        address: returns the address of the pod of this number; some may come twice.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        nodes: int = 3,
        start_delay: timedelta = timedelta(0),
        workers: int = 4,
        address: Callable[[int], str] = pod_address,
    ) -> None:
        self._api = api
        self._names = [f"simulated-{number}" for number in range(nodes)]
        self._informers = Informers(api)
        client = CachedClient(api, self._informers)
        pods = self._informers.informer(Pod).store
        kubelets = SimulatedKubelets(
            api, client, pods, self._names, start_delay=start_delay, address=address
        )
        self._controller = Controller(
            "node-simulator", kubelets, [Watch(Pod, enqueue_object)], workers=workers
        )

    def run(self, ctx: Context) -> None:
        """Register the nodes and look after pods until the context is done."""
        for node in self._node_objects():
            self._register(node)
        run_standalone(ctx, self._controller, self._informers)

    def _register(self, node: Node) -> None:
        try:
            stored = self._api.create(node)
        except AlreadyExists:
            return
        self._api.patch(stored, replace(stored, status=node.status), subresource="status")

    def _node_objects(self) -> Iterator[Node]:
        ready = NodeCondition(type="Ready", status="True", reason="Simulated")
        for name in self._names:
            labels = {"kubernetes.io/hostname": name, "okg.testing/simulated": "true"}
            yield Node(
                metadata=ObjectMeta(name=name, labels=labels),
                status=NodeStatus(conditions=(ready,)),
            )
