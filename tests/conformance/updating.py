"""How a server takes a PUT."""

from conformance.api import Api


def test_a_put_replaces_the_object(api: Api) -> None:
    created = api.add_config_map("a", metadata={"labels": {"x": "1"}}, data={"k": "v"})

    answer = api.put(api.config_map("a"), {"metadata": {"name": "a"}, "data": {"k": "w"}})

    assert (answer.status, answer.body["data"]) == (200, {"k": "w"})
    assert "labels" not in answer.metadata
    assert answer.uid == created.uid
    assert int(answer.version) > int(created.version)


def test_a_put_that_changes_nothing_keeps_the_version(api: Api) -> None:
    created = api.add_config_map("a", data={"k": "v"})

    answer = api.put(api.config_map("a"), {"metadata": {"name": "a"}, "data": {"k": "v"}})

    assert (answer.status, answer.version) == (200, created.version)


def test_a_put_based_on_an_old_version_is_a_conflict(api: Api) -> None:
    created = api.add_config_map("a")
    api.merge(api.config_map("a"), {"data": {"k": "v"}})

    answer = api.put(api.config_map("a"), created.body)

    assert (answer.status, answer.reason) == (409, "Conflict")
    assert answer.body["details"] == {"name": "a", "kind": "configmaps"}


def test_a_put_with_another_uid_is_a_conflict(api: Api) -> None:
    api.add_config_map("a")

    answer = api.put(api.config_map("a"), {"metadata": {"name": "a", "uid": "another"}})

    assert (answer.status, answer.reason) == (409, "Conflict")


def test_a_put_of_a_custom_resource_must_name_its_version(api: Api) -> None:
    api.add_widget("a")
    body = {"apiVersion": "conformance.okg.io/v1", "kind": "Widget", "metadata": {"name": "a"}}

    answer = api.put(api.widget("a"), body)

    assert (answer.status, answer.fields) == (422, ["metadata.resourceVersion"])


def test_a_put_of_a_lease_must_name_its_version(api: Api) -> None:
    api.created(api.lease(), "a", spec={})

    answer = api.put(api.lease("a"), {"metadata": {"name": "a"}, "spec": {}})

    assert (answer.status, answer.fields) == (422, ["metadata.resourceVersion"])


def test_a_put_must_carry_the_name_of_the_path(api: Api) -> None:
    api.add_config_map("a")

    assert api.put(api.config_map("a"), {"metadata": {"name": "b"}}).status == 400
    assert api.put(api.config_map("a"), {"metadata": {}}).status == 400
    assert api.put(api.config_map("a"), {"metadata": {"name": "a", "namespace": "b"}}).status == 400


def test_a_put_of_an_object_that_is_not_there_is_not_found(api: Api) -> None:
    answer = api.put(api.config_map("a"), {"metadata": {"name": "a"}})

    assert (answer.status, answer.reason) == (404, "NotFound")


def test_a_put_cannot_rewrite_history(api: Api) -> None:
    created = api.add_config_map("a")
    metadata = {"name": "a", "creationTimestamp": "2020-01-01T00:00:00Z", "generation": 7}

    answer = api.put(api.config_map("a"), {"metadata": metadata})

    assert answer.metadata["creationTimestamp"] == created.metadata["creationTimestamp"]


def test_a_put_cannot_set_a_deletion_timestamp(api: Api) -> None:
    api.add_config_map("a")
    metadata = {"name": "a", "deletionTimestamp": "2020-01-01T00:00:00Z"}

    answer = api.put(api.config_map("a"), {"metadata": metadata})

    assert answer.status == 422
    assert "metadata.deletionTimestamp" in answer.fields


def test_micro_times_have_exactly_six_digits(api: Api) -> None:
    answers = [
        api.post(api.lease(), {"metadata": {"generateName": "l-"}, "spec": {"renewTime": time}})
        for time in (
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.123Z",
            "2026-01-01T00:00:00.123456Z",
            "2026-01-01T00:00:00.123456+00:00",
            "2026-01-01T00:00:00.123456+02:00",
        )
    ]

    assert [answer.status for answer in answers] == [400, 400, 201, 201, 201]
    assert [answer.body["spec"]["renewTime"] for answer in answers[2:]] == [
        "2026-01-01T00:00:00.123456Z",
        "2026-01-01T00:00:00.123456Z",
        "2025-12-31T22:00:00.123456Z",
    ]


def test_a_put_with_a_time_of_seconds_is_a_bad_request(api: Api) -> None:
    created = api.created(api.lease(), "a", spec={})
    body = {**created.body, "spec": {"renewTime": "2026-01-01T00:00:00Z"}}

    answer = api.put(api.lease("a"), body)

    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_patch_with_a_time_of_seconds_is_invalid(api: Api) -> None:
    api.created(api.lease(), "a", spec={})

    answer = api.merge(api.lease("a"), {"spec": {"renewTime": "2026-01-01T00:00:00Z"}})

    assert (answer.status, answer.reason) == (422, "Invalid")
