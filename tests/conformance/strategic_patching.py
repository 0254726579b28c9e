"""How a server takes strategic merge patches."""

from typing import Any

from conformance.api import Answer, Api


def types(answer: Answer) -> list[str]:
    return [one["type"] for one in answer.body["status"].get("conditions", [])]


def conditions(*names: str) -> list[dict[str, Any]]:
    return [{"type": name, "status": "True"} for name in names]


def test_containers_merge_by_name(api: Api) -> None:
    containers = [
        {"name": "one", "image": "x:1", "env": [{"name": "A", "value": "1"}]},
        {"name": "two", "image": "y:1"},
    ]
    api.add_pod("a", containers=containers)

    answer = api.strategic(
        api.pod("a"), {"spec": {"containers": [{"name": "two", "image": "y:2"}]}}
    )

    images = [(one["name"], one["image"]) for one in answer.body["spec"]["containers"]]
    assert images == [("one", "x:1"), ("two", "y:2")]
    assert answer.body["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]


def test_an_item_without_its_merge_key_is_an_error_of_the_server(api: Api) -> None:
    api.add_pod("a")

    answer = api.strategic(api.pod("a"), {"spec": {"containers": [{"image": "y:2"}]}})

    assert answer.status == 500


def test_conditions_merge_by_type_and_new_ones_come_first(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")

    def patch(*names: str) -> list[str]:
        return types(api.strategic(path, {"status": {"conditions": conditions(*names)}}))

    assert patch("A", "B") == ["A", "B"]
    assert patch("C", "B") == ["C", "A", "B"]
    assert patch("D") == ["D", "C", "A", "B"]
    assert patch("B", "D", "A", "E") == ["C", "B", "D", "A", "E"]
    assert patch("E", "A") == ["C", "B", "D", "E", "A"]


def test_a_condition_that_is_patched_keeps_its_other_fields(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    first = {"type": "A", "status": "True", "reason": "Why", "message": "m"}
    api.strategic(path, {"status": {"conditions": [first]}})

    answer = api.strategic(path, {"status": {"conditions": [{"type": "A", "status": "False"}]}})

    condition = answer.body["status"]["conditions"][0]
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "Why", "m")


def test_the_order_of_a_list_can_be_set(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    api.strategic(path, {"status": {"conditions": conditions("A", "B")}})

    answer = api.strategic(
        path,
        {
            "status": {
                "$setElementOrder/conditions": [{"type": "C"}, {"type": "A"}, {"type": "B"}],
                "conditions": conditions("C"),
            }
        },
    )

    assert types(answer) == ["C", "A", "B"]


def test_an_item_can_be_deleted_by_directive(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    api.strategic(path, {"status": {"conditions": conditions("A", "B")}})

    answer = api.strategic(path, {"status": {"conditions": [{"type": "A", "$patch": "delete"}]}})

    assert types(answer) == ["B"]


def test_a_list_can_be_replaced_by_directive(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    api.strategic(path, {"status": {"conditions": conditions("A", "B")}})

    answer = api.strategic(
        path, {"status": {"conditions": [{"$patch": "replace"}, *conditions("Z")]}}
    )

    assert types(answer) == ["Z"]


def test_null_removes_a_list(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    api.strategic(path, {"status": {"conditions": conditions("A")}})

    assert types(api.strategic(path, {"status": {"conditions": None}})) == []


def test_lists_without_a_merge_key_are_replaced(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    status = {"image": "i", "imageID": "x", "ready": True, "restartCount": 0}
    api.strategic(path, {"status": {"containerStatuses": [{"name": "one", **status}]}})

    answer = api.strategic(path, {"status": {"containerStatuses": [{"name": "two", **status}]}})

    assert [one["name"] for one in answer.body["status"]["containerStatuses"]] == ["two"]


def test_finalizers_merge_as_a_set(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/1", "okg.io/2"]})

    answer = api.strategic(
        api.config_map("a"), {"metadata": {"finalizers": ["okg.io/2", "okg.io/3"]}}
    )

    assert sorted(answer.metadata["finalizers"]) == ["okg.io/1", "okg.io/2", "okg.io/3"]


def test_a_finalizer_can_be_deleted_by_directive(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/1", "okg.io/2"]})

    answer = api.strategic(
        api.config_map("a"),
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["okg.io/1"]}},
    )

    assert answer.metadata["finalizers"] == ["okg.io/2"]


def test_owner_references_merge_by_uid(api: Api) -> None:
    reference = {"apiVersion": "no.such/v1", "kind": "Thing"}
    one, two = {**reference, "name": "one", "uid": "1"}, {**reference, "name": "two", "uid": "2"}
    api.add_config_map("a", metadata={"ownerReferences": [one]})
    path = api.config_map("a")

    added = api.strategic(path, {"metadata": {"ownerReferences": [two]}})
    deleted = api.strategic(
        path, {"metadata": {"ownerReferences": [{"uid": "1", "$patch": "delete"}]}}
    )

    assert added.metadata["ownerReferences"] == [two, one]
    assert deleted.metadata["ownerReferences"] == [two]


def test_maps_merge_and_can_be_replaced(api: Api) -> None:
    api.add_config_map("a", metadata={"labels": {"x": "1", "y": "2"}})
    path = api.config_map("a")

    merged = api.strategic(path, {"metadata": {"labels": {"x": None, "z": "3"}}})
    replaced = api.strategic(path, {"metadata": {"labels": {"$patch": "replace", "q": "4"}}})

    assert merged.metadata["labels"] == {"y": "2", "z": "3"}
    assert replaced.metadata["labels"] == {"q": "4"}


def test_members_can_be_retained_by_name(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a", "status")
    api.strategic(path, {"status": {"phase": "Running", "message": "m", "reason": "r"}})

    answer = api.strategic(
        path, {"status": {"$retainKeys": ["phase", "reason"], "phase": "Failed"}}
    )

    assert (answer.body["status"]["phase"], answer.body["status"]["reason"]) == ("Failed", "r")
    assert "message" not in answer.body["status"]


def test_a_service_merges_its_ports_by_port(api: Api) -> None:
    ports = [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]
    api.created(api.path("services"), "svc", spec={"ports": ports})

    answer = api.strategic(
        api.path("services", "svc"), {"spec": {"ports": [{"port": 81, "targetPort": 9}]}}
    )

    assert [one["port"] for one in answer.body["spec"]["ports"]] == [80, 81]
    assert answer.body["spec"]["ports"][1]["name"] == "b"
    assert answer.body["spec"]["ports"][1]["targetPort"] == 9


def test_a_strategic_patch_with_a_stale_version_is_a_conflict(api: Api) -> None:
    api.add_config_map("a")

    answer = api.strategic(api.config_map("a"), {"metadata": {"resourceVersion": "1"}})

    assert (answer.status, answer.reason) == (409, "Conflict")
