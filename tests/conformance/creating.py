"""How a server creates objects."""

import re

from conformance.api import Api


def test_a_new_object_gets_uid_version_and_time(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"name": "a"}, "data": {"k": "v"}})

    assert answer.status == 201
    assert answer.body["kind"] == "ConfigMap"
    assert answer.body["apiVersion"] == "v1"
    assert answer.body["data"] == {"k": "v"}
    assert answer.metadata["namespace"] == api.namespace
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.uid)
    assert answer.version.isdigit()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer.metadata["creationTimestamp"])


def test_what_only_the_server_decides_is_not_taken_from_the_creator(api: Api) -> None:
    sent = {"name": "a", "uid": "mine", "creationTimestamp": "2020-01-01T00:00:00Z"}

    answer = api.post(api.config_map(), {"metadata": sent})

    assert answer.uid != "mine"
    assert answer.metadata["creationTimestamp"] != "2020-01-01T00:00:00Z"


def test_a_name_that_is_taken_is_a_conflict_of_its_own_reason(api: Api) -> None:
    api.add_config_map("a")

    answer = api.post(api.config_map(), {"metadata": {"name": "a"}})

    assert (answer.status, answer.reason) == (409, "AlreadyExists")
    assert answer.body["details"] == {"name": "a", "kind": "configmaps"}


def test_the_details_of_a_custom_resource_name_its_group(api: Api) -> None:
    api.add_widget("a")

    answer = api.post(
        api.widget(),
        {"apiVersion": "conformance.okg.io/v1", "kind": "Widget", "metadata": {"name": "a"}},
    )

    assert answer.body["details"] == {
        "name": "a",
        "group": "conformance.okg.io",
        "kind": "widgets",
    }


def test_generate_name_is_continued_with_five_characters(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"generateName": "one-"}})

    assert re.fullmatch(r"one-[a-z0-9]{5}", answer.metadata["name"])
    assert answer.metadata["generateName"] == "one-"


def test_a_name_is_required(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {}})

    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.fields == ["metadata.name"]


def test_a_name_is_a_dns_subdomain(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"name": "Not_Good"}})

    assert (answer.status, answer.fields) == (422, ["metadata.name"])


def test_a_label_value_is_checked(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"name": "a", "labels": {"x": "no spaces"}}})

    assert (answer.status, answer.fields) == (422, ["metadata.labels"])


def test_a_finalizer_needs_a_domain(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"name": "a", "finalizers": ["mine"]}})

    assert (answer.status, answer.fields) == (422, ["metadata.finalizers[0]"])


def test_an_owner_reference_needs_a_uid(api: Api) -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}

    answer = api.post(api.config_map(), {"metadata": {"name": "a", "ownerReferences": [reference]}})

    assert (answer.status, answer.fields) == (422, ["metadata.ownerReferences.uid"])


def test_only_one_owner_can_be_the_controller(api: Api) -> None:
    one = {"apiVersion": "v1", "kind": "X", "name": "x", "uid": "1", "controller": True}

    answer = api.post(
        api.config_map(), {"metadata": {"name": "a", "ownerReferences": [one, {**one, "uid": "2"}]}}
    )

    assert (answer.status, answer.fields) == (422, ["metadata.ownerReferences"])


def test_the_namespace_of_the_body_must_be_that_of_the_path(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"name": "a", "namespace": "other"}})

    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_namespace_that_is_not_there_is_not_found(api: Api) -> None:
    answer = api.post("/api/v1/namespaces/never-made/configmaps", {"metadata": {"name": "a"}})

    assert (answer.status, answer.reason) == (404, "NotFound")
    assert answer.body["details"] == {"name": "never-made", "kind": "namespaces"}


def test_a_namespaced_object_is_not_created_outside_a_namespace(api: Api) -> None:
    answer = api.post("/api/v1/configmaps", {"metadata": {"name": "a"}})

    assert (answer.status, answer.reason) == (405, "MethodNotAllowed")


def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    answer = api.post(
        api.config_map(), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    )

    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_body_that_is_not_json_is_refused(api: Api) -> None:
    answer = api.post(api.config_map(), b"{nonsense")

    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_custom_resource_must_say_its_kind(api: Api) -> None:
    answer = api.post(api.widget(), {"metadata": {"name": "a"}})

    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_custom_resource_of_another_version_is_refused(api: Api) -> None:
    answer = api.post(
        api.widget(),
        {"apiVersion": "conformance.okg.io/v2", "kind": "Widget", "metadata": {"name": "a"}},
    )

    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_new_object_cannot_have_a_resource_version(api: Api) -> None:
    answer = api.post(api.config_map(), {"metadata": {"name": "a", "resourceVersion": "5"}})

    assert answer.status == 500


def test_empty_metadata_fields_are_not_stored(api: Api) -> None:
    answer = api.add_config_map("a", metadata={"labels": {}, "annotations": {}, "finalizers": []})

    assert set(answer.metadata) - {"managedFields"} == {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    }


def test_a_config_map_has_no_generation(api: Api) -> None:
    assert "generation" not in api.add_config_map("a").metadata


def test_a_node_keeps_the_status_it_is_created_with(api: Api) -> None:
    name = f"node-{api.namespace}"

    answer = api.post(
        "/api/v1/nodes",
        {"metadata": {"name": name}, "status": {"addresses": [{"type": "X", "address": "y"}]}},
    )

    assert answer.body["status"]["addresses"] == [{"type": "X", "address": "y"}]
    assert "namespace" not in answer.metadata


def test_an_events_k8s_io_event_needs_its_new_fields(api: Api) -> None:
    path = f"/apis/events.k8s.io/v1/namespaces/{api.namespace}/events"
    event = {
        "metadata": {"generateName": "e-"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "okg.io/controller",
        "reportingInstance": "one",
        "action": "Test",
        "reason": "Tested",
        "type": "Normal",
        "regarding": {"kind": "Pod", "name": "x", "namespace": api.namespace},
    }

    assert api.post(path, event).status == 201
    assert api.post(path, {**event, "eventTime": None}).fields == ["eventTime"]
    assert api.post(path, {**event, "reportingInstance": ""}).fields == ["reportingInstance"]
    assert api.post(path, {**event, "action": ""}).fields == ["action"]
    assert api.post(path, {**event, "reason": ""}).fields == ["reason"]
    assert api.post(path, {**event, "type": ""}).fields == ["type"]
    assert "reportingController" in api.post(path, {**event, "reportingController": ""}).fields
    assert api.post(path, {**event, "eventTime": "2026-01-01T00:00:00Z"}).status == 400


def test_a_core_event_must_be_in_the_namespace_of_its_object(api: Api) -> None:
    event = {
        "metadata": {"generateName": "e-"},
        "involvedObject": {"kind": "Pod", "name": "x", "namespace": "other"},
        "reason": "Tested",
    }

    answer = api.post(api.path("events"), event)

    assert (answer.status, answer.fields) == (422, ["involvedObject.namespace"])
