"""How a server tells of changes."""

from typing import Any

from conformance.api import Answer, Api
from okg.client.transport import HttpRequest

INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}
STREAMING_LIST = {
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


def labelled(app: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}}


def test_a_watch_tells_what_happened_after_a_version(api: Api) -> None:
    start = api.version()
    created = api.add_config_map("a")
    changed = api.merge(api.config_map("a"), {"data": {"k": "v"}})
    api.delete(api.config_map("a"))

    events = api.watch(api.config_map(), 3, resourceVersion=start)

    assert [event.brief for event in events] == [
        ("ADDED", "a"),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
    ]
    assert events[0].object == created.body
    assert events[1].object == changed.body
    assert events[2].object["data"] == {"k": "v"}
    assert int(events[2].version) > int(changed.version)


def test_a_watch_resumes_after_the_version_it_is_given(api: Api) -> None:
    api.add_config_map("a")
    changed = api.merge(api.config_map("a"), {"data": {"k": "v"}})
    api.add_config_map("b")

    events = api.watch(api.config_map(), 1, resourceVersion=changed.version)

    assert events[0].brief == ("ADDED", "b")


def test_a_patch_that_changes_nothing_is_not_told(api: Api) -> None:
    start = api.version()
    api.add_config_map("a", data={"k": "v"})
    api.merge(api.config_map("a"), {"data": {"k": "v"}})
    api.add_config_map("b")

    events = api.watch(api.config_map(), 2, resourceVersion=start)

    assert [event.brief for event in events] == [("ADDED", "a"), ("ADDED", "b")]


def test_a_watch_of_a_namespace_does_not_tell_of_others(api: Api) -> None:
    start = api.version()
    other = f"{api.namespace}-2"
    api.post("/api/v1/namespaces", {"metadata": {"name": other}})
    api.post(f"/api/v1/namespaces/{other}/configmaps", {"metadata": {"name": "there"}})
    api.add_config_map("here")

    events = api.watch(api.config_map(), 1, resourceVersion=start)

    assert events[0].name == "here"


def test_an_object_enters_and_leaves_what_a_selector_shows(api: Api) -> None:
    start = api.version()
    path = api.config_map("a")
    api.add_config_map("a", **labelled("x"))
    api.merge(path, {"data": {"k": "1"}})
    left = api.merge(path, labelled("y"))
    api.merge(path, {"data": {"k": "2"}})
    api.merge(path, labelled("x"))
    api.delete(path)

    events = api.watch(api.config_map(), 5, resourceVersion=start, labelSelector="app=x")

    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]
    assert events[2].object["metadata"]["labels"] == {"app": "x"}
    assert events[2].object["data"] == {"k": "1"}
    assert events[2].version == left.version


def test_a_field_selector_shows_pods_that_come_to_match(api: Api) -> None:
    start = api.version()
    api.add_pod("a", nodeName="n1")
    api.add_pod("b", nodeName="n2")
    api.merge(api.pod("a", "status"), {"status": {"phase": "Running"}})
    api.merge(api.pod("a", "status"), {"status": {"phase": "Failed"}})

    events = api.watch(
        api.pod(),
        2,
        resourceVersion=start,
        fieldSelector="spec.nodeName=n1,status.phase=Running",
    )

    assert [event.brief for event in events] == [("ADDED", "a"), ("DELETED", "a")]


def test_a_watch_without_a_version_starts_with_what_is_there(api: Api) -> None:
    api.add_widget("b")
    api.add_widget("a")

    from_nothing = api.watch(api.widget(), 2)
    from_zero = api.watch(api.widget(), 2, resourceVersion="0")

    assert [event.brief for event in from_nothing] == [("ADDED", "a"), ("ADDED", "b")]
    assert [event.brief for event in from_zero] == [("ADDED", "a"), ("ADDED", "b")]


def test_a_streaming_list_ends_with_a_bookmark_that_says_so(api: Api) -> None:
    created = api.add_widget("a")

    events = api.watch(api.widget(), 2, **STREAMING_LIST)

    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
    bookmark = events[1].object
    assert (bookmark["kind"], bookmark["apiVersion"]) == ("Widget", "conformance.okg.io/v1")
    assert bookmark["metadata"]["annotations"] == INITIAL_EVENTS_END
    assert int(events[1].version) >= int(created.version)


def test_a_streaming_list_goes_on_as_a_watch(api: Api) -> None:
    first = api.watch(api.widget(), 1, **STREAMING_LIST)
    api.add_widget("a")

    events = api.watch(api.widget(), 1, resourceVersion=first[0].version)

    assert events[0].brief == ("ADDED", "a")


def test_a_streaming_list_selects(api: Api) -> None:
    api.add_widget("a", **labelled("x"))
    api.add_widget("b")

    events = api.watch(api.widget(), 2, labelSelector="app=x", **STREAMING_LIST)

    assert [event.brief for event in events] == [("ADDED", "a"), ("BOOKMARK", "")]


def test_a_bookmark_of_pods_has_a_null_where_a_pod_has_a_list(api: Api) -> None:
    events = api.watch(api.pod(), 1, **STREAMING_LIST)

    assert events[0].type == "BOOKMARK"
    assert events[0].object["spec"] == {"containers": None}


def test_a_watch_with_bookmarks_marks_the_end_of_what_was_there(api: Api) -> None:
    api.add_widget("a")
    # What there is at version 0 is what the server's own cache has come to.
    api.until(lambda: api.get(api.widget(), resourceVersion="0").names == ["a"])

    events = api.watch(api.widget(), 2, resourceVersion="0", allowWatchBookmarks="true")

    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1].object["metadata"]["annotations"] == INITIAL_EVENTS_END


def test_initial_events_can_be_left_out(api: Api) -> None:
    api.add_widget("a")

    events = api.watch(
        api.widget(),
        sendInitialEvents="false",
        resourceVersionMatch="NotOlderThan",
        timeoutSeconds="1",
    )

    assert events == []


def test_a_watch_ends_after_the_seconds_it_was_given(api: Api) -> None:
    api.add_widget("a")

    events = api.watch(api.widget(), timeoutSeconds="1")

    assert [event.brief for event in events] == [("ADDED", "a")]


def refused(api: Api, **query: str) -> int:
    request = HttpRequest(method="GET", path=api.widget(), query={"watch": "true", **query})
    stream = api.transport.stream(request)
    stream.close()
    return stream.status


def test_watches_that_make_no_sense_are_refused(api: Api) -> None:
    assert refused(api, labelSelector="a b") == 400
    assert refused(api, timeoutSeconds="x") == 400
    assert refused(api, sendInitialEvents="true") == 422
    assert refused(api, sendInitialEvents="true", resourceVersionMatch="Exact") == 422
    assert refused(api, resourceVersion="1", resourceVersionMatch="NotOlderThan") == 422


def test_a_finalizer_delays_the_deleted_event(api: Api) -> None:
    start = api.version()
    api.add_config_map("a", metadata={"finalizers": ["okg.io/x"]})
    api.delete(api.config_map("a"))
    api.merge(api.config_map("a"), {"metadata": {"finalizers": None}})

    events = api.watch(api.config_map(), 3, resourceVersion=start)

    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert "deletionTimestamp" in events[1].object["metadata"]
    assert events[2].object["metadata"]["finalizers"] == ["okg.io/x"]


def test_a_pod_is_marked_before_it_goes(api: Api) -> None:
    start = api.version()
    api.add_pod("a")
    api.delete(api.pod("a"))

    events = api.watch(api.pod(), 3, resourceVersion=start)

    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[1].object["metadata"]["deletionGracePeriodSeconds"] == 0


def test_the_end_of_a_grace_period_is_told_in_steps(api: Api) -> None:
    start = api.version()
    api.add_pod("a", nodeName="n1")
    api.delete(api.pod("a"))
    api.delete(api.pod("a"), gracePeriodSeconds="0")

    events = api.watch(api.pod(), 4, resourceVersion=start)

    assert [event.type for event in events] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    graces = [event.object["metadata"].get("deletionGracePeriodSeconds") for event in events]
    assert graces == [None, 30, 0, 0]


def test_an_expired_version_is_told_within_the_stream(api: Api) -> None:
    start = api.version()
    api.add_config_map("a")
    api.forget_history()

    events = api.watch(api.config_map(), resourceVersion=start)

    assert [event.type for event in events] == ["ERROR"]
    status = events[0].object
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")


def test_a_streaming_list_does_not_mind_lost_history(api: Api) -> None:
    start = api.version()
    api.add_widget("a")
    api.forget_history()

    events = api.watch(api.widget(), 2, resourceVersion=start, **STREAMING_LIST)

    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]


def _list_in_time(api: Api, **query: str) -> Answer:
    """List widgets; a server whose caches are not filled yet asks for patience first."""
    answers: list[Answer] = []

    def ask() -> bool:
        answers.append(api.get(api.widget(), **query))
        return answers[-1].status != 429

    api.until(ask)
    return answers[-1]


def test_a_list_whose_version_is_lost_is_expired(api: Api) -> None:
    version = api.add_widget("a").version
    api.add_widget("b")
    first = api.get(api.widget(), limit="1")
    api.merge(api.widget("b"), {"spec": {"replicas": 5}})
    api.forget_history()

    exact = _list_in_time(api, resourceVersion=version, resourceVersionMatch="Exact")
    minimum = _list_in_time(api, resourceVersion=version)
    late = _list_in_time(api, **{"limit": "1", "continue": first.metadata["continue"]})

    assert (exact.status, exact.reason) == (410, "Expired")
    assert minimum.names == ["a", "b"]
    assert (late.status, late.reason) == (410, "Expired")
    rest = api.get(api.widget(), **{"limit": "1", "continue": late.metadata["continue"]})
    assert rest.names == ["b"]
    assert rest.body["items"][0]["spec"] == {"replicas": 5}
