"""How a server deletes: preconditions, finalizers, collections."""

from conformance.api import Api, owner


def test_a_delete_answers_with_the_uid_of_what_is_gone(api: Api) -> None:
    created = api.add_config_map("a")

    answer = api.delete(api.config_map("a"))

    assert (answer.status, answer.body["status"]) == (200, "Success")
    assert answer.body["details"] == {"name": "a", "kind": "configmaps", "uid": created.uid}
    assert api.gone(api.config_map("a"))


def test_a_delete_of_what_is_not_there_is_not_found(api: Api) -> None:
    assert api.delete(api.config_map("a")).status == 404


def test_preconditions_that_do_not_match_are_a_conflict(api: Api) -> None:
    created = api.add_config_map("a")
    path = api.config_map("a")

    assert api.delete(path, {"preconditions": {"uid": "another"}}).reason == "Conflict"
    assert api.delete(path, {"preconditions": {"resourceVersion": "1"}}).reason == "Conflict"
    matching = {"uid": created.uid, "resourceVersion": created.version}
    assert api.delete(path, {"preconditions": matching}).status == 200


def test_a_finalizer_holds_an_object(api: Api) -> None:
    created = api.add_widget("a", metadata={"finalizers": ["okg.io/x"]})

    answer = api.delete(api.widget("a"))

    assert (answer.status, answer.body["kind"]) == (200, "Widget")
    assert answer.metadata["deletionTimestamp"] >= created.metadata["creationTimestamp"]
    assert answer.metadata["deletionGracePeriodSeconds"] == 0
    assert answer.metadata["generation"] == 2
    assert int(answer.version) > int(created.version)


def test_deleting_again_changes_nothing(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/x"]})
    first = api.delete(api.config_map("a"))

    assert api.delete(api.config_map("a")).body == first.body


def test_an_object_goes_with_its_last_finalizer(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/x", "okg.io/y"]})
    deleted = api.delete(api.config_map("a"))
    path = api.config_map("a")

    one_left = api.merge(path, {"metadata": {"finalizers": ["okg.io/y"]}})
    none_left = api.merge(path, {"metadata": {"finalizers": None}})

    assert one_left.metadata["finalizers"] == ["okg.io/y"]
    assert int(one_left.version) > int(deleted.version)
    assert none_left.status == 200
    assert "finalizers" not in none_left.metadata
    assert none_left.version == one_left.version
    assert api.gone(path)


def test_a_put_without_finalizers_lets_an_object_go(api: Api) -> None:
    api.add_widget("a", metadata={"finalizers": ["okg.io/x"]})
    deleted = api.delete(api.widget("a"))
    metadata = {key: deleted.metadata[key] for key in ("name", "namespace", "resourceVersion")}

    answer = api.put(api.widget("a"), {**deleted.body, "metadata": metadata})

    assert answer.status == 200
    assert api.gone(api.widget("a"))


def test_no_finalizer_can_be_added_during_deletion(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/x"]})
    api.delete(api.config_map("a"))

    answer = api.merge(
        api.config_map("a"), {"metadata": {"finalizers": ["okg.io/x", "okg.io/new"]}}
    )

    assert answer.status == 422
    assert "metadata.finalizers" in answer.fields


def test_an_object_can_be_changed_during_deletion(api: Api) -> None:
    api.add_config_map("a", metadata={"finalizers": ["okg.io/x"]})
    api.delete(api.config_map("a"))

    answer = api.merge(api.config_map("a"), {"data": {"k": "v"}})

    assert (answer.status, answer.body["data"]) == (200, {"k": "v"})
    assert "deletionTimestamp" in answer.metadata


def test_a_name_is_free_only_once_the_object_is_gone(api: Api) -> None:
    first = api.add_config_map("a", metadata={"finalizers": ["okg.io/x"]})
    api.delete(api.config_map("a"))
    body = {"metadata": {"name": "a"}}

    assert api.post(api.config_map(), body).reason == "AlreadyExists"
    api.merge(api.config_map("a"), {"metadata": {"finalizers": None}})
    assert api.post(api.config_map(), body).uid != first.uid


def test_a_collection_is_deleted_by_selector(api: Api) -> None:
    api.add_widget("a", metadata={"labels": {"app": "x"}})
    api.add_widget("b", metadata={"labels": {"app": "x"}, "finalizers": ["okg.io/x"]})
    api.add_widget("c")

    answer = api.delete(api.widget(), labelSelector="app=x")

    assert answer.status == 200
    left = api.get(api.widget())
    assert left.names == ["b", "c"]
    assert "deletionTimestamp" in left.body["items"][0]["metadata"]
    assert "deletionTimestamp" not in left.body["items"][1]["metadata"]


def test_a_policy_that_does_not_exist_is_invalid(api: Api) -> None:
    api.add_config_map("a")

    answer = api.delete(api.config_map("a"), {"propagationPolicy": "Sideways"})

    assert (answer.status, answer.fields) == (422, ["propagationPolicy"])


def test_policy_and_orphaning_cannot_both_be_given(api: Api) -> None:
    api.add_config_map("a")

    answer = api.delete(
        api.config_map("a"), {"propagationPolicy": "Orphan", "orphanDependents": True}
    )

    assert (answer.status, answer.fields) == (422, ["propagationPolicy"])


def test_the_policy_can_be_in_the_query(api: Api) -> None:
    api.add_config_map("a")

    answer = api.delete(api.config_map("a"), propagationPolicy="Foreground")

    assert answer.metadata["finalizers"] == ["foregroundDeletion"]


def test_dependents_go_with_their_owner(api: Api) -> None:
    first = api.add_config_map("owner")
    second = api.add_config_map("child", metadata={"ownerReferences": [owner(first)]})
    api.add_config_map("grandchild", metadata={"ownerReferences": [owner(second)]})

    answer = api.delete(api.config_map("owner"), {"propagationPolicy": "Background"})

    assert answer.body["kind"] == "Status"
    api.until(lambda: api.gone(api.config_map("child")))
    api.until(lambda: api.gone(api.config_map("grandchild")))


def test_a_dependent_stays_while_it_has_another_owner(api: Api) -> None:
    one, two = api.add_config_map("one"), api.add_config_map("two")
    api.add_config_map("child", metadata={"ownerReferences": [owner(one), owner(two)]})

    api.delete(api.config_map("one"))

    path = api.config_map("child")
    api.until(lambda: api.get(path).metadata["ownerReferences"] == [owner(two)])
    api.delete(api.config_map("two"))
    api.until(lambda: api.gone(path))


def test_an_object_whose_owner_never_was_is_deleted(api: Api) -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "never"}

    api.add_config_map("child", metadata={"ownerReferences": [reference]})

    api.until(lambda: api.gone(api.config_map("child")))


def test_an_owner_of_the_same_name_with_another_uid_does_not_count(api: Api) -> None:
    here = api.add_config_map("owner")

    api.add_config_map("child", metadata={"ownerReferences": [owner(here, uid="another")]})

    api.until(lambda: api.gone(api.config_map("child")))


def test_a_foreground_deletion_waits_for_blocking_dependents(api: Api) -> None:
    first = api.add_config_map("owner")
    api.add_config_map(
        "blocking",
        metadata={
            "ownerReferences": [owner(first, blockOwnerDeletion=True)],
            "finalizers": ["okg.io/x"],
        },
    )
    api.add_config_map("free", metadata={"ownerReferences": [owner(first)]})

    answer = api.delete(api.config_map("owner"), {"propagationPolicy": "Foreground"})

    assert answer.metadata["finalizers"] == ["foregroundDeletion"]
    api.until(lambda: "deletionTimestamp" in api.get(api.config_map("blocking")).metadata)
    api.until(lambda: api.gone(api.config_map("free")))
    assert not api.gone(api.config_map("owner"))
    api.merge(api.config_map("blocking"), {"metadata": {"finalizers": None}})
    api.until(lambda: api.gone(api.config_map("owner")))


def test_an_orphaning_deletion_leaves_dependents_without_owner(api: Api) -> None:
    first = api.add_config_map("owner")
    api.add_config_map("child", metadata={"ownerReferences": [owner(first)]})

    answer = api.delete(api.config_map("owner"), {"propagationPolicy": "Orphan"})

    assert answer.metadata["finalizers"] == ["orphan"]
    api.until(lambda: api.gone(api.config_map("owner")))
    assert "ownerReferences" not in api.get(api.config_map("child")).metadata


def test_a_dependent_with_a_finalizer_waits_for_it(api: Api) -> None:
    first = api.add_config_map("owner")
    api.add_config_map(
        "child", metadata={"ownerReferences": [owner(first)], "finalizers": ["okg.io/x"]}
    )

    api.delete(api.config_map("owner"))

    assert api.gone(api.config_map("owner"))
    api.until(lambda: "deletionTimestamp" in api.get(api.config_map("child")).metadata)


def test_a_namespace_goes_with_its_contents(api: Api) -> None:
    name = f"{api.namespace}-2"
    api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    contents = f"/api/v1/namespaces/{name}/configmaps"
    api.post(contents, {"metadata": {"name": "a", "finalizers": ["okg.io/x"]}})

    answer = api.delete(f"/api/v1/namespaces/{name}")

    assert answer.body["status"] == {"phase": "Terminating"}
    refused = api.post(contents, {"metadata": {"name": "b"}})
    assert (refused.status, refused.reason) == (403, "Forbidden")
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    api.until(lambda: "deletionTimestamp" in api.get(f"{contents}/a").metadata)
    api.merge(f"{contents}/a", {"metadata": {"finalizers": None}})
    api.until(lambda: api.gone(f"/api/v1/namespaces/{name}"))
