"""How a server takes JSON patches and merge patches."""

from conformance.api import Api


def test_a_json_patch_with_a_stale_version_is_a_conflict(api: Api) -> None:
    api.add_config_map("a", data={})

    answer = api.json_patch(
        api.config_map("a"),
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "add", "path": "/data", "value": {"k": "v"}},
    )

    assert (answer.status, answer.reason) == (409, "Conflict")


def test_a_json_patch_with_the_current_version_applies(api: Api) -> None:
    created = api.add_config_map("a")

    answer = api.json_patch(
        api.config_map("a"),
        {"op": "replace", "path": "/metadata/resourceVersion", "value": created.version},
        {"op": "add", "path": "/data", "value": {"k": "v"}},
    )

    assert (answer.status, answer.body["data"]) == (200, {"k": "v"})


def test_a_json_patch_whose_test_fails_is_invalid_without_causes(api: Api) -> None:
    api.add_config_map("a", data={"k": "v"})

    answer = api.json_patch(
        api.config_map("a"), {"op": "test", "path": "/data/k", "value": "other"}
    )

    assert (answer.status, answer.reason, answer.body["details"]) == (422, "Invalid", {})


def test_a_json_patch_that_tests_a_stale_version_is_invalid_too(api: Api) -> None:
    api.add_config_map("a")

    answer = api.json_patch(
        api.config_map("a"), {"op": "test", "path": "/metadata/resourceVersion", "value": "1"}
    )

    assert (answer.status, answer.reason, answer.body["details"]) == (422, "Invalid", {})


def test_a_json_patch_that_does_not_apply_wins_over_a_stale_version(api: Api) -> None:
    api.add_config_map("a")

    answer = api.json_patch(
        api.config_map("a"),
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "remove", "path": "/data/k"},
    )

    assert answer.status == 422


def test_paths_that_lead_nowhere_are_invalid(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/x"]}, data={"k": "v"})
    path = api.config_map("a")

    assert api.json_patch(path, {"op": "remove", "path": "/data/none"}).status == 422
    assert api.json_patch(path, {"op": "add", "path": "/nope/k", "value": "v"}).status == 422
    assert api.json_patch(path, {"op": "add", "path": "nope", "value": "v"}).status == 422
    assert api.json_patch(path, {"op": "nonsense", "path": "/data/k"}).status == 422
    assert (
        api.json_patch(path, {"op": "move", "from": "/data/none", "path": "/data/k"}).status == 422
    )
    assert (
        api.json_patch(
            path, {"op": "add", "path": "/metadata/finalizers/9", "value": "okg.io/y"}
        ).status
        == 422
    )
    assert (
        api.json_patch(
            path, {"op": "replace", "path": "/metadata/finalizers/1", "value": "okg.io/y"}
        ).status
        == 422
    )
    assert api.json_patch(path, {"op": "remove", "path": "/metadata/finalizers/1"}).status == 422


def test_replace_of_a_member_that_is_not_there_adds_it(api: Api) -> None:
    api.add_config_map("a", data={"k": "v"})

    answer = api.json_patch(
        api.config_map("a"), {"op": "replace", "path": "/data/new", "value": "x"}
    )

    assert (answer.status, answer.body["data"]) == (200, {"k": "v", "new": "x"})


def test_a_test_for_null_passes_on_what_is_absent(api: Api) -> None:
    api.add_config_map("a")

    answer = api.json_patch(
        api.config_map("a"), {"op": "test", "path": "/metadata/labels", "value": None}
    )

    assert answer.status == 200


def test_list_operations_work_by_index(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/1"]})

    answer = api.json_patch(
        api.config_map("a"),
        {"op": "add", "path": "/metadata/finalizers/-", "value": "okg.io/2"},
        {"op": "add", "path": "/metadata/finalizers/0", "value": "okg.io/0"},
        {"op": "replace", "path": "/metadata/finalizers/1", "value": "okg.io/one"},
        {"op": "move", "from": "/metadata/finalizers/2", "path": "/metadata/finalizers/0"},
    )

    assert answer.metadata["finalizers"] == ["okg.io/2", "okg.io/0", "okg.io/one"]


def test_pointers_escape_slash_and_tilde(api: Api) -> None:
    api.add_config_map("a", metadata={"labels": {"okg.io/x": "1", "y": "2"}})

    answer = api.json_patch(
        api.config_map("a"),
        {"op": "test", "path": "/metadata/labels/okg.io~1x", "value": "1"},
        {"op": "copy", "from": "/metadata/labels/y", "path": "/metadata/labels/okg.io~1x"},
        {"op": "remove", "path": "/metadata/labels/y"},
    )

    assert answer.metadata["labels"] == {"okg.io/x": "2"}


def test_a_json_patch_can_be_guarded_by_a_test_of_the_uid(api: Api) -> None:
    api.add_config_map("a")

    answer = api.json_patch(
        api.config_map("a"), {"op": "test", "path": "/metadata/uid", "value": "another"}
    )

    assert answer.status == 422


def test_a_merge_patch_merges_and_null_removes(api: Api) -> None:
    api.add_config_map("a", metadata={"labels": {"x": "1", "y": "2"}}, data={"k": "v"})

    answer = api.merge(api.config_map("a"), {"metadata": {"labels": {"x": None, "z": "3"}}})

    assert answer.metadata["labels"] == {"y": "2", "z": "3"}
    assert answer.body["data"] == {"k": "v"}


def test_a_merge_patch_replaces_lists(api: Api) -> None:
    api.add_widget("a", spec={"list": [{"name": "a", "v": 1}, {"name": "b"}]})

    answer = api.merge(api.widget("a"), {"spec": {"list": [{"name": "c"}]}})

    assert answer.body["spec"] == {"list": [{"name": "c"}]}


def test_a_merge_patch_with_a_stale_version_is_a_conflict(api: Api) -> None:
    api.add_config_map("a")

    answer = api.merge(api.config_map("a"), {"metadata": {"resourceVersion": "1"}})

    assert (answer.status, answer.reason) == (409, "Conflict")


def test_a_patch_with_another_uid_is_invalid(api: Api) -> None:
    api.add_config_map("a")
    api.add_widget("a")

    for path in (api.config_map("a"), api.widget("a")):
        answer = api.merge(path, {"metadata": {"uid": "another", "labels": {"x": "1"}}})

        assert (answer.status, answer.reason) == (422, "Invalid")
        assert set(answer.fields) == {"metadata.uid"}


def test_a_patch_cannot_take_away_uid_and_version(api: Api) -> None:
    created = api.add_config_map("a")

    answer = api.merge(api.config_map("a"), {"metadata": {"uid": None, "resourceVersion": None}})

    assert (answer.status, answer.uid, answer.version) == (200, created.uid, created.version)


def test_a_patch_that_changes_nothing_keeps_the_version(api: Api) -> None:
    created = api.add_config_map("a", data={"k": "v"})
    path = api.config_map("a")

    assert api.merge(path, {"data": {"k": "v"}}).version == created.version
    assert api.merge(path, {"metadata": {"labels": {"x": None}}}).version == created.version
    assert api.json_patch(path).version == created.version
    assert api.strategic(path, {"data": {"k": "v"}}).version == created.version


def test_a_patch_cannot_rename_an_object(api: Api) -> None:
    api.add_config_map("a")

    assert api.merge(api.config_map("a"), {"metadata": {"name": "b"}}).status == 400
    assert api.merge(api.config_map("a"), {"metadata": {"namespace": "b"}}).status == 400
    assert api.json_patch(api.config_map("a"), {"op": "remove", "path": "/metadata"}).status == 400


def test_a_patch_of_an_object_that_is_not_there_is_not_found(api: Api) -> None:
    assert api.merge(api.config_map("a"), {}).status == 404
    assert api.json_patch(api.config_map("a")).status == 404


def test_a_patch_is_validated(api: Api) -> None:
    api.add_config_map("a")

    answer = api.merge(api.config_map("a"), {"metadata": {"labels": {"x": "no spaces"}}})

    assert answer.status == 422
    assert "metadata.labels" in answer.fields


def test_bodies_that_are_no_patch_are_refused(api: Api) -> None:
    api.add_config_map("a")
    path = api.config_map("a")
    json_patch = "application/json-patch+json"
    merge_patch = "application/merge-patch+json"

    assert api.call("PATCH", path, b"{bad", content_type=json_patch).status == 400
    assert api.call("PATCH", path, {"a": 1}, content_type=json_patch).status == 400
    assert api.call("PATCH", path, b"{bad", content_type=merge_patch).status == 400
    assert api.call("PATCH", path, [], content_type=merge_patch).status == 400
    assert api.call("PATCH", path, {}, content_type="application/json").status == 415


def test_a_custom_resource_takes_no_strategic_patch(api: Api) -> None:
    api.add_widget("a")

    answer = api.strategic(api.widget("a"), {"spec": {"replicas": 2}})

    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")
