"""The scheduler and kubelets of a plane that has neither."""

from okg.api.core import Container, Pod, PodSpec
from okg.api.meta import ObjectMeta
from okg.cache.client import CachedClient
from okg.cache.informers import Informers
from okg.client.rest import ApiClient
from okg.context import Context
from okg.runtime.reconcile import Request
from okg.testing.apiserver import FakeApiServer
from okg.testing.nodes import SimulatedKubelets

A_0 = Request("default", "a-0")


def test_a_pod_is_bound_once_whatever_is_heard_of_it_late() -> None:
    server = FakeApiServer()
    api = ApiClient(server)
    informers = Informers(api)
    pods = informers.informer(Pod).store
    kubelets = SimulatedKubelets(api, CachedClient(api, informers), pods, ["node-1"])
    spec = PodSpec(containers=(Container(name="game", image="game:1"),))
    pods.put(api.create(Pod(metadata=ObjectMeta(name="a-0", namespace="default"), spec=spec)))

    first = kubelets.reconcile(Context(), A_0)
    second = kubelets.reconcile(Context(), A_0)

    assert (first, second) == (None, None)
    assert server.requests.count(verb="create", resource="pods/binding") == 1
