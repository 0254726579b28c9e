"""AnnotatedNetwork: networks that somebody else makes for a pod that asks by its annotations.

| what is found | what is done |
|---|---|
| a new pod | it gets the annotations |
| nothing told yet | the network is Waiting |
| no answer, or only a part of it | the network is Waiting still; if it was Ready, NotReady |
| an answer | it is told |
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import NetworkStatus
from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.features import Features
from okg.cloudprovider.parameters import Conf, Parameters
from okg.cloudprovider.pod_network import WAITING, PodNetwork, read_pod_network, told, told_state
from okg.context import Context
from okg.workload.network_status import NOT_READY, READY


class Inquiry(msgspec.Struct, frozen=True):
    """What an answer is looked for with.

    Attributes:
        client: reads.
        pod: who asked.
        conf: of the pod.
        network: what the pod says, its last status included.
    """

    client: Client
    pod: Pod
    conf: Conf
    network: PodNetwork


class Annotations(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to a network type.

    Attributes:
        name: of the network type.
        alias: of the family, across clouds.
        parameters: what it can be told.
        ask: returns the annotations that ask for the network.
        answer: returns what has come of it, Ready or not; None while nothing has.
        features: what it does.
        asks_again: whether a pod that is there keeps up with what is asked for.
        reads: the kinds that answers are in.
    """

    name: str
    alias: str
    parameters: Parameters
    ask: Callable[[Inquiry], Mapping[str, str]]
    answer: Callable[[Inquiry], NetworkStatus | None]
    features: Features
    asks_again: bool = False
    reads: tuple[type[Object], ...] = ()


class AnnotatedNetwork:
    """One network type, as a plugin.

    Args:
        annotations: what is particular to it.
    """

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations

    @property
    def name(self) -> str:
        """The network type."""
        return self._annotations.name

    @property
    def alias(self) -> str:
        """The family across clouds."""
        return self._annotations.alias

    @property
    def parameters(self) -> Parameters:
        """What it can be told."""
        return self._annotations.parameters

    @property
    def features(self) -> Features:
        """What it does."""
        return self._annotations.features

    @property
    def reads(self) -> Sequence[type[Object]]:
        """The kinds that answers are in."""
        return self._annotations.reads

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: nothing is kept."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod with the annotations that ask for its network."""
        del ctx
        return self._asking(self._inquire(client, pod))

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod with what has come of it."""
        del ctx
        inquiry = self._inquire(client, pod)
        if inquiry.network.status is None:
            return told_state(pod, inquiry.network, WAITING)
        if self._annotations.asks_again:
            pod = self._asking(inquiry)
        answer = self._annotations.answer(inquiry)
        return told(pod, _come(inquiry.network, answer))

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Nothing to do: who made the network takes it back."""

    def _inquire(self, client: Client, pod: Pod) -> Inquiry:
        network = read_pod_network(pod)
        return Inquiry(client, pod, self.parameters.read(network.entries), network)

    def _asking(self, inquiry: Inquiry) -> Pod:
        meta = inquiry.pod.metadata
        asked = {**meta.annotations, **self._annotations.ask(inquiry)}
        if asked == meta.annotations:
            return inquiry.pod
        return replace(inquiry.pod, metadata=replace(meta, annotations=asked))


def _come(network: PodNetwork, answer: NetworkStatus | None) -> NetworkStatus:
    """Return what has come of a network; without an answer the addresses stay."""
    if answer is not None and answer.current_network_state == READY:
        return answer
    before = network.status or NetworkStatus()
    waits = before.current_network_state == WAITING and not network.disabled
    return replace(answer or before, current_network_state=WAITING if waits else NOT_READY)
