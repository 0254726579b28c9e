"""PluginDesk: asks plugins about pods and wakes who asked; nobody ever waits for a plugin here.

The thread shell around ``DeskState``. The lock guards the state and the list of whom to wake; no
plugin is called and nobody is woken under it.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import TypeAlias

from okg.api.core import Pod
from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.needs import kinds_of
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import NetworkPlugin, PluginError, PluginErrorType
from okg.cloudprovider.plugin_calls import PluginCalls
from okg.cloudprovider.start import PluginStart
from okg.context import Context
from okg.controllers.network.desk_state import DeskState, Open, Reply, Resting
from okg.errors import Cancelled
from okg.runtime.reconcile import Request
from okg.workload.names import NETWORK_TYPE

CALLS = 8
"""Calls of one plugin at a time; as nobody waits for them, few are enough."""

COMPONENT = "network-controller"
"""Who asks, in spans."""

CALL_SECONDS = 60.0
"""After so long a plugin is asked to give up. At admission it is the API server that gives up."""

_START_SECONDS = 1.0
"""Time between two looks whether the plugins have started."""

Wake: TypeAlias = Callable[[Request], None]


class PluginDesk:
    """Takes questions about pods to their plugins.

    Args:
        start: of the plugins; nothing is asked before.
        client: what plugins read and write with; its writes end with our leadership.
        ctx: its end is told to the plugins that are at work.
    """

    def __init__(self, start: PluginStart, client: Client, ctx: Context | None = None) -> None:
        self._start = start
        self._calls = PluginCalls(
            start.plugins, client, component=COMPONENT, limit=CALLS, metrics=start.metrics
        )
        self._ctx = ctx or Context()
        self._lock = Lock()
        self._state = DeskState()
        self._waiting: dict[str, set[tuple[Wake, Request]]] = {}

    @property
    def kinds(self) -> frozenset[type[Object]]:
        """All kinds that plugins say they need."""
        return frozenset[type[Object]]().union(*map(kinds_of, self._start.plugins))

    def plugin_of(self, pod: Pod) -> NetworkPlugin | None:
        """Return the plugin that a pod names, None if it names none that there is."""
        return self._start.plugins.find(pod.metadata.annotations.get(NETWORK_TYPE, ""))

    def ask(
        self, operation: Operation, pod: Pod, about: Hashable, wake: Wake, request: Request
    ) -> Reply:
        """Return what the pod's plugin says, or why there is nothing yet.

        Args:
            operation: what happens to the pod.
            pod: as it is, or is to be.
            about: equal as long as the same would be asked.
            wake: called when it is worth asking again.
            request: what it is called with.
        """
        plugin = self.plugin_of(pod)
        if plugin is None or not self._start.is_done():
            return Resting(_START_SECONDS)
        key, now = pod.key, self._ctx.clock.monotonic()
        with self._lock:
            reply = self._state.ask(key, (operation, about), pod, now)
            if isinstance(reply, Open):
                self._waiting.setdefault(key, set()).add((wake, request))
        if isinstance(reply, Open) and reply.begin:
            limited = Context(
                self._ctx.log, clock=self._ctx.clock, parent=self._ctx, deadline=now + CALL_SECONDS
            )
            future = self._calls.begin(limited, plugin, operation, pod)
            future.add_done_callback(partial(self._settle, plugin, pod))
        return reply

    def trouble_of(self, pod: Pod) -> str:
        """Return why a pod cannot have its network; empty if nothing is known against it."""
        with self._lock:
            failure = self._state.failure_of(pod.key)
        return str(failure) if failure is not None else ""

    def forget(self, key: str) -> None:
        """Drop a pod that is gone."""
        with self._lock:
            self._state.forget(key)
            self._waiting.pop(key, None)

    def join(self) -> None:
        """Wait until no plugin is at work."""
        self._calls.join()

    def close(self) -> None:
        """Tell plugins to end, and wait for them."""
        self._ctx.cancel()
        self.join()

    def _settle(self, plugin: NetworkPlugin, asked: Pod, future: Future[Pod]) -> None:
        outcome = _outcome(plugin, future)
        with self._lock:
            self._state.settle(asked.key, asked, outcome, self._ctx.clock.monotonic())
            waiting = self._waiting.pop(asked.key, set())
        for wake, request in waiting:
            wake(request)


def _outcome(plugin: NetworkPlugin, future: Future[Pod]) -> Pod | PluginError:
    try:
        return future.result()
    except PluginError as error:
        return error
    except Cancelled:
        text = f"plugin {plugin.name} has no answer after {CALL_SECONDS:.0f} s"
        return PluginError(PluginErrorType.RETRY, text)
