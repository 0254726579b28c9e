import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import msgspec
import pytest

from okg.api.core import ConfigMap, Namespace, Node, Pod, PodSpec, PodStatus
from okg.api.game import GameServer
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import Object, ResourceType
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpStream
from okg.errors import Invalid, NotFound, StatusCause
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.trees import Tree, branch, with_value
from unit.leaping_clock import LeapingClock

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Widget(Object, frozen=True, kw_only=True):
    resource_type: ClassVar = ResourceType("test.okg.io", "v1", "Widget", "widgets")


def meta(name: str, namespace: str = "default") -> ObjectMeta:
    return ObjectMeta(name=name, namespace=namespace)


def open_watch(server: FakeApiServer, **query: str) -> HttpStream:
    path = ConfigMap.resource_type.path("default")
    return server.stream(HttpRequest(method="GET", path=path, query={"watch": "true", **query}))


def widget_definition() -> bytes:
    version = {"name": "v1", "served": True, "storage": True}
    return msgspec.json.encode(
        {
            "metadata": {"name": "widgets.test.okg.io"},
            "spec": {
                "group": "test.okg.io",
                "scope": "Namespaced",
                "names": {"kind": "Widget", "plural": "widgets"},
                "versions": [version],
            },
        }
    )


def test_an_object_can_be_put_with_its_status_and_read_back(server: FakeApiServer) -> None:
    pod = Pod(metadata=meta("a"), status=PodStatus(phase="Running"))

    stored = server.put(pod)

    assert stored.status.phase == "Running"
    assert stored.metadata.uid
    assert stored.metadata.generation == 1
    assert server.get(Pod, "default", "a") == stored


def test_putting_again_replaces(server: FakeApiServer) -> None:
    server.put(Pod(metadata=meta("a"), status=PodStatus(phase="Running")))

    server.put(Pod(metadata=meta("a"), status=PodStatus(phase="Failed")))

    assert [pod.status.phase for pod in server.objects(Pod)] == ["Failed"]


def test_putting_makes_the_namespace(server: FakeApiServer) -> None:
    server.put(Pod(metadata=meta("a", "games")))

    assert server.get(Namespace, "", "games") is not None


def test_cluster_scoped_objects_can_be_put(server: FakeApiServer) -> None:
    server.put(Node(metadata=ObjectMeta(name="n1")))

    assert [node.metadata.name for node in server.objects(Node)] == ["n1"]


def test_objects_can_be_asked_of_one_namespace(server: FakeApiServer) -> None:
    server.put(Pod(metadata=meta("a", "one")))
    server.put(Pod(metadata=meta("b", "two")))

    assert [pod.metadata.name for pod in server.objects(Pod, "two")] == ["b"]


def test_a_merge_passes_the_rules_by_and_is_told_to_watchers(server: FakeApiServer) -> None:
    stored = server.put(Pod(metadata=meta("a"), spec=PodSpec(node_name="n1")))

    merged = server.merge(stored, {"spec": {"nodeName": "n2"}, "status": {"phase": "Running"}})

    assert (merged.spec.node_name, merged.status.phase) == ("n2", "Running")
    assert int(merged.metadata.resource_version) == int(stored.metadata.resource_version) + 1


def test_a_tree_shows_what_our_types_do_not_declare(server: FakeApiServer) -> None:
    stored = server.put(Pod(metadata=meta("a")))
    server.merge(stored, {"spec": {"hostname": "here"}})

    tree = server.tree(Pod.resource_type, "default", "a")

    assert branch(tree, "spec")["hostname"] == "here"


def test_an_object_can_be_removed_whatever_holds_it(server: FakeApiServer) -> None:
    held = ObjectMeta(name="a", namespace="default", finalizers=("okg.io/x",))
    stored = server.put(ConfigMap(metadata=held))

    server.remove(stored)
    server.remove(stored)

    assert server.get(ConfigMap, "default", "a") is None


def test_dependents_are_collected_after_a_removal(server: FakeApiServer) -> None:
    parent = server.put(ConfigMap(metadata=meta("owner")))
    server.put(ConfigMap(metadata=owned_by(parent)))

    server.remove(parent)

    assert server.objects(ConfigMap) == []


def test_garbage_can_be_left_until_it_is_asked_for() -> None:
    server = FakeApiServer(clock=LeapingClock(), collect=False)
    parent = server.put(ConfigMap(metadata=meta("owner")))
    server.put(ConfigMap(metadata=owned_by(parent)))
    server.remove(parent)

    assert [one.metadata.name for one in server.objects(ConfigMap)] == ["child"]
    server.collect_garbage()
    assert server.objects(ConfigMap) == []


def owned_by(parent: ConfigMap) -> ObjectMeta:
    reference = OwnerReference(
        api_version="v1", kind="ConfigMap", name="owner", uid=parent.metadata.uid
    )
    return ObjectMeta(name="child", namespace="default", owner_references=(reference,))


def test_an_owner_of_a_kind_that_is_not_served_counts_as_there(server: FakeApiServer) -> None:
    reference = OwnerReference(api_version="no.such/v1", kind="Thing", name="x", uid="1")
    server.put(
        ConfigMap(metadata=ObjectMeta(name="a", namespace="default", owner_references=(reference,)))
    )

    assert server.get(ConfigMap, "default", "a") is not None


def test_requests_are_counted_by_verb_and_resource(
    server: FakeApiServer, client: ApiClient
) -> None:
    created = client.create(ConfigMap(metadata=meta("a")))
    client.get(ConfigMap, "default", "a")
    client.patch(created, msgspec.structs.replace(created, data={"k": "v"}))
    client.list(ConfigMap)
    client.delete(created)

    assert server.requests.count() == 5
    assert server.requests.count(verb="patch") == 1
    assert server.requests.count(resource="configmaps") == 5
    assert server.requests.count(verb="patch", resource="pods") == 0
    assert [call.verb for call in server.requests.calls] == [
        "create",
        "get",
        "patch",
        "list",
        "delete",
    ]
    assert server.requests.calls[2].content_type == "application/json-patch+json"


def test_counting_can_start_anew(server: FakeApiServer, client: ApiClient) -> None:
    client.list(ConfigMap)

    server.requests.clear()

    assert server.requests.count() == 0
    assert server.requests.calls == []


def test_what_tests_do_to_the_server_is_not_counted(server: FakeApiServer) -> None:
    server.remove(server.put(ConfigMap(metadata=meta("a"))))

    assert server.requests.count() == 0


def test_a_status_write_is_counted_under_its_subresource(
    server: FakeApiServer, client: ApiClient
) -> None:
    stored = server.put(GameServer(metadata=meta("a")))
    status = msgspec.structs.replace(stored.status, current_state="Ready")

    client.patch(stored, msgspec.structs.replace(stored, status=status), subresource="status")

    assert server.requests.count(verb="patch", resource="gameservers/status") == 1


def test_a_validator_refuses_with_its_causes(server: FakeApiServer, client: ApiClient) -> None:
    def no_secrets(tree: Tree) -> Iterable[StatusCause]:
        if "secret" in branch(tree, "data"):
            yield StatusCause(field="data.secret", message="must not be", reason="Forbidden")

    server.validator(ConfigMap, no_secrets)
    created = client.create(ConfigMap(metadata=meta("a")))

    with pytest.raises(Invalid) as caught:
        client.patch(created, msgspec.structs.replace(created, data={"secret": "x"}))

    assert [cause.field for cause in caught.value.causes] == ["data.secret"]


def test_a_mutator_changes_what_is_created(server: FakeApiServer, client: ApiClient) -> None:
    server.mutator(
        ConfigMap, lambda tree: with_value(tree, ("metadata", "labels", "injected"), "yes")
    )

    created = client.create(ConfigMap(metadata=meta("a")))

    assert created.metadata.labels == {"injected": "yes"}


def test_a_kind_can_be_registered_and_taken_back(server: FakeApiServer, client: ApiClient) -> None:
    server.register(Widget.resource_type)
    client.create(Widget(metadata=meta("a")))

    server.unregister(Widget.resource_type)

    with pytest.raises(NotFound):
        client.list(Widget)


def test_a_kind_that_is_not_served_cannot_be_put(server: FakeApiServer) -> None:
    with pytest.raises(LookupError, match=r"widgets\.test\.okg\.io"):
        server.put(Widget(metadata=meta("a")))


def test_a_deleted_definition_takes_its_kind_along(
    server: FakeApiServer, client: ApiClient
) -> None:
    client.request("POST", CRDS, body=widget_definition())
    client.create(Widget(metadata=meta("a")))

    client.request("DELETE", f"{CRDS}/widgets.test.okg.io")

    with pytest.raises(NotFound):
        client.list(Widget)


def test_a_definition_is_established_at_once(server: FakeApiServer, client: ApiClient) -> None:
    client.request("POST", CRDS, body=widget_definition())

    stored = msgspec.json.decode(client.request("GET", f"{CRDS}/widgets.test.okg.io").body)

    assert stored["status"]["conditions"][0]["type"] == "Established"


def test_a_quiet_watch_gets_a_bookmark_each_minute(
    server: FakeApiServer, clock: LeapingClock
) -> None:
    revision = str(server.revision)
    stream = open_watch(
        server, resourceVersion=revision, allowWatchBookmarks="true", timeoutSeconds="130"
    )

    lines = [msgspec.json.decode(line) for line in stream]

    assert [line["type"] for line in lines] == ["BOOKMARK", "BOOKMARK"]
    assert lines[0]["object"]["metadata"] == {"resourceVersion": revision}
    assert clock.monotonic() == 130.0


def test_history_goes_back_so_many_changes_at_least() -> None:
    server = FakeApiServer(clock=LeapingClock(), history=2)
    versions = [
        server.put(ConfigMap(metadata=meta("a"), data={"k": str(number)})).metadata.resource_version
        for number in range(5)
    ]

    forgotten = list(open_watch(server, resourceVersion=versions[0], timeoutSeconds="1"))
    remembered = list(open_watch(server, resourceVersion=versions[2], timeoutSeconds="1"))

    assert [msgspec.json.decode(line)["type"] for line in forgotten] == ["ERROR"]
    assert [msgspec.json.decode(line)["type"] for line in remembered] == ["MODIFIED", "MODIFIED"]


def test_a_watch_that_is_over_is_forgotten(server: FakeApiServer) -> None:
    stream = open_watch(server, timeoutSeconds="1")

    assert server.open_watches == 1
    assert list(stream) == []
    assert server.open_watches == 0


def test_a_blocked_reader_returns_when_its_stream_is_closed() -> None:
    server = FakeApiServer()
    stream = open_watch(server, resourceVersion=str(server.revision))
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.extend(stream), name="okg-test-reader")
    reader.start()

    stream.close()
    reader.join(timeout=10.0)

    assert not reader.is_alive()
    assert lines == []


def test_writers_at_once_lose_nothing_and_watchers_see_one_order() -> None:
    server = FakeApiServer()
    server.put(ConfigMap(metadata=meta("a")))
    since = str(server.revision)
    path = ConfigMap.resource_type.path("default", "a")

    def write(number: int) -> int:
        body = msgspec.json.encode({"data": {f"k{number}": "v"}})
        headers = {"content-type": "application/merge-patch+json"}
        request = HttpRequest(method="PATCH", path=path, headers=headers, body=body)
        return server.send(request).status

    with ThreadPoolExecutor(4, thread_name_prefix="okg-test") as pool:
        statuses = list(pool.map(write, range(200)))

    stored = server.get(ConfigMap, "default", "a")
    assert stored is not None
    assert set(statuses) == {200}
    assert len(stored.data) == 200
    stream = iter(open_watch(server, resourceVersion=since))
    events = [msgspec.json.decode(next(stream)) for _ in range(200)]
    sizes = [len(event["object"]["data"]) for event in events]
    assert sizes == list(range(1, 201))
