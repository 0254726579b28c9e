"""How a server keeps status, scale and generation apart."""

from conformance.api import Api


def test_a_new_custom_resource_has_generation_one_and_no_status(api: Api) -> None:
    answer = api.add_widget("a", status={"replicas": 5})

    assert answer.metadata["generation"] == 1
    assert "status" not in answer.body


def test_the_generation_counts_changes_of_the_spec(api: Api) -> None:
    api.add_widget("a")
    path = api.widget("a")

    generations = [
        api.merge(path, change).metadata["generation"]
        for change in (
            {"spec": {"replicas": 2}},
            {"metadata": {"labels": {"x": "1"}}},
            {"spec": {"replicas": 2}},
            {"note": "anything outside metadata and status counts"},
            {"status": {"replicas": 1}},
            {"metadata": {"generation": 77}},
        )
    ]

    assert generations == [2, 2, 2, 3, 3, 3]


def test_a_write_to_the_object_ignores_the_status(api: Api) -> None:
    created = api.add_widget("a")

    patched = api.merge(api.widget("a"), {"status": {"replicas": 7}})
    put = api.put(api.widget("a"), {**created.body, "status": {"replicas": 9}})

    assert (patched.status, patched.version) == (200, created.version)
    assert (put.status, put.version) == (200, created.version)
    assert "status" not in put.body


def test_a_write_to_the_object_keeps_the_status(api: Api) -> None:
    api.add_widget("a")
    status = api.merge(api.widget("a", "status"), {"status": {"replicas": 7}})
    body = {**status.body, "status": {}, "spec": {"replicas": 3}}

    answer = api.put(api.widget("a"), body)

    assert (answer.body["status"], answer.body["spec"]) == ({"replicas": 7}, {"replicas": 3})


def test_a_status_write_of_a_custom_resource_takes_the_status_alone(api: Api) -> None:
    api.add_widget("a")

    answer = api.merge(
        api.widget("a", "status"),
        {
            "metadata": {"labels": {"x": "1"}, "annotations": {"y": "2"}},
            "spec": {"replicas": 9},
            "status": {"replicas": 4},
        },
    )

    assert (answer.status, answer.body["kind"]) == (200, "Widget")
    assert answer.body["status"] == {"replicas": 4}
    assert answer.body["spec"] == {"replicas": 1}
    assert answer.metadata["generation"] == 1
    assert "labels" not in answer.metadata
    assert "annotations" not in answer.metadata


def test_a_status_put_must_be_based_on_the_current_version(api: Api) -> None:
    created = api.add_widget("a")
    path = api.widget("a", "status")
    unversioned = {
        **created.body,
        "metadata": {"name": "a", "namespace": api.namespace},
        "status": {"replicas": 1},
    }

    assert api.put(path, {**created.body, "status": {"replicas": 1}}).status == 200
    assert api.put(path, {**created.body, "status": {"replicas": 2}}).status == 409
    assert api.put(path, unversioned).fields == ["metadata.resourceVersion"]


def test_a_status_patch_with_a_stale_version_is_a_conflict(api: Api) -> None:
    api.add_widget("a")
    api.add_pod("a")

    for path in (api.widget("a", "status"), api.pod("a", "status")):
        answer = api.merge(path, {"metadata": {"resourceVersion": "1"}, "status": {"x": "y"}})

        assert (answer.status, answer.reason) == (409, "Conflict")


def test_a_status_patch_of_a_custom_resource_is_not_guarded_by_the_uid(api: Api) -> None:
    created = api.add_widget("a")

    answer = api.merge(
        api.widget("a", "status"), {"metadata": {"uid": "another"}, "status": {"replicas": 2}}
    )

    assert (answer.status, answer.body["status"]) == (200, {"replicas": 2})
    assert answer.uid == created.uid


def test_a_status_json_patch_can_be_guarded_by_a_test_of_the_uid(api: Api) -> None:
    api.add_widget("a")

    answer = api.json_patch(
        api.widget("a", "status"),
        {"op": "test", "path": "/metadata/uid", "value": "another"},
        {"op": "add", "path": "/status", "value": {"replicas": 2}},
    )

    assert answer.status == 422


def test_a_status_patch_of_a_pod_is_guarded_by_the_uid(api: Api) -> None:
    api.add_pod("a")

    answer = api.merge(
        api.pod("a", "status"), {"metadata": {"uid": "another"}, "status": {"phase": "Running"}}
    )

    assert answer.status == 422
    assert "metadata.uid" in answer.fields


def test_a_status_put_with_another_uid_is_a_conflict(api: Api) -> None:
    created = api.add_widget("a")
    metadata = {**created.metadata, "uid": "another"}

    answer = api.put(
        api.widget("a", "status"), {**created.body, "metadata": metadata, "status": {"x": 1}}
    )

    assert (answer.status, answer.reason) == (409, "Conflict")


def test_a_status_write_of_a_pod_takes_metadata_but_no_owners_and_no_spec(api: Api) -> None:
    api.add_pod("a")
    reference = {"apiVersion": "no.such/v1", "kind": "Thing", "name": "x", "uid": "1"}

    answer = api.merge(
        api.pod("a", "status"),
        {
            "metadata": {
                "labels": {"x": "1"},
                "finalizers": ["okg.io/f"],
                "ownerReferences": [reference],
            },
            "spec": {"activeDeadlineSeconds": 5},
            "status": {"phase": "Running"},
        },
    )

    assert answer.body["status"]["phase"] == "Running"
    assert answer.metadata["labels"] == {"x": "1"}
    assert answer.metadata["finalizers"] == ["okg.io/f"]
    assert "ownerReferences" not in answer.metadata
    assert "activeDeadlineSeconds" not in answer.body["spec"]


def test_a_status_can_be_read(api: Api) -> None:
    created = api.add_widget("a")

    assert api.get(api.widget("a", "status")).body == created.body


def test_a_scale_shows_replicas_and_selector(api: Api) -> None:
    created = api.add_widget("a")
    status = api.merge(api.widget("a", "status"), {"status": {"replicas": 7, "selector": "x=y"}})

    answer = api.get(api.widget("a", "scale"))

    assert (answer.body["kind"], answer.body["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert answer.body["spec"] == {"replicas": 1}
    assert answer.body["status"] == {"replicas": 7, "selector": "x=y"}
    assert (answer.uid, answer.version) == (created.uid, status.version)


def test_a_scale_can_be_patched(api: Api) -> None:
    api.add_widget("a")
    path = api.widget("a", "scale")

    merged = api.merge(path, {"spec": {"replicas": 5}})
    replaced = api.json_patch(path, {"op": "replace", "path": "/spec/replicas", "value": 6})

    assert merged.body["spec"] == {"replicas": 5}
    assert replaced.body["spec"] == {"replicas": 6}
    widget = api.get(api.widget("a"))
    assert widget.body["spec"] == {"replicas": 6}
    assert widget.metadata["generation"] == 3


def test_a_scale_can_be_put(api: Api) -> None:
    api.add_widget("a")
    path = api.widget("a", "scale")
    scale = api.get(path)

    put = api.put(path, {**scale.body, "spec": {"replicas": 4}})
    stale = api.put(path, {**scale.body, "spec": {"replicas": 5}})
    unversioned = api.put(
        path, {"metadata": {"name": "a", "namespace": api.namespace}, "spec": {"replicas": 6}}
    )

    assert (put.status, put.body["spec"]) == (200, {"replicas": 4})
    assert (stale.status, stale.reason) == (409, "Conflict")
    assert unversioned.body["spec"] == {"replicas": 6}


def test_a_scale_that_changes_nothing_keeps_the_version(api: Api) -> None:
    api.add_widget("a")
    path = api.widget("a", "scale")
    # The first write through it may still add to managedFields.
    first = api.merge(path, {"spec": {"replicas": 2}})

    answer = api.merge(path, {"spec": {"replicas": 2}})

    assert answer.version == first.version


def test_replicas_are_not_negative(api: Api) -> None:
    api.add_widget("a")

    answer = api.merge(api.widget("a", "scale"), {"spec": {"replicas": -1}})

    assert (answer.status, answer.reason) == (422, "Invalid")


def test_a_scale_of_an_object_that_is_not_there_is_not_found(api: Api) -> None:
    assert api.get(api.widget("a", "scale")).status == 404
    assert api.merge(api.widget("a", "scale"), {"spec": {"replicas": 1}}).status == 404
