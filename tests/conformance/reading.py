"""How a server reads: get, list, pages, selectors, versions, paths."""

from conformance.api import Api


def test_get_returns_the_object_as_stored(api: Api) -> None:
    created = api.add_config_map("a", data={"k": "v"})

    answer = api.get(api.config_map("a"))

    assert answer.status == 200
    assert answer.body == created.body


def test_an_object_that_is_not_there_is_not_found(api: Api) -> None:
    answer = api.get(api.config_map("a"))

    assert (answer.status, answer.reason) == (404, "NotFound")
    assert answer.body["details"] == {"name": "a", "kind": "configmaps"}


def test_a_resource_that_is_not_served_is_not_found(api: Api) -> None:
    answer = api.get(api.path("nonsense"))

    assert (answer.status, answer.reason) == (404, "NotFound")
    assert answer.body["details"] == {}


def test_a_group_that_is_not_served_is_not_found_in_plain_text(api: Api) -> None:
    answer = api.get("/apis/nobody.example.com/v1/things")

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_subresource_that_the_kind_lacks_is_not_found(api: Api) -> None:
    api.add_config_map("a")

    assert api.get(api.path("configmaps", "a", "status")).status == 404


def test_a_method_that_does_not_exist_is_not_allowed(api: Api) -> None:
    answer = api.call("PUT", api.config_map(), {})

    assert (answer.status, answer.reason) == (405, "MethodNotAllowed")


def test_items_of_a_built_in_list_do_not_repeat_their_type(api: Api) -> None:
    api.add_config_map("a")

    answer = api.get(api.config_map())

    assert (answer.body["kind"], answer.body["apiVersion"]) == ("ConfigMapList", "v1")
    assert [item for item in answer.body["items"] if "kind" in item] == []


def test_items_of_a_custom_list_carry_their_type(api: Api) -> None:
    api.add_widget("a")

    answer = api.get(api.widget())

    assert answer.body["kind"] == "WidgetList"
    assert answer.body["items"][0]["kind"] == "Widget"
    assert answer.body["items"][0]["apiVersion"] == "conformance.okg.io/v1"


def test_a_list_is_ordered_by_name(api: Api) -> None:
    api.add_widget("b")
    api.add_widget("a-2")
    api.add_widget("a")

    assert api.get(api.widget()).names == ["a", "a-2", "b"]


def test_a_list_has_a_version_no_older_than_its_items(api: Api) -> None:
    last = api.add_config_map("a").version

    assert int(api.get(api.config_map()).version) >= int(last)


def test_a_list_across_namespaces_holds_ours(api: Api) -> None:
    uid = api.add_config_map("a").uid

    items = api.get("/api/v1/configmaps").body["items"]

    assert uid in [item["metadata"]["uid"] for item in items]


def test_a_list_of_a_namespace_that_is_not_there_is_empty(api: Api) -> None:
    answer = api.get("/api/v1/namespaces/never-made/configmaps")

    assert (answer.status, answer.body["items"]) == (200, [])


def test_pages_are_of_one_version(api: Api) -> None:
    for name in ("a", "b", "c"):
        api.add_widget(name)
    first = api.get(api.widget(), limit="2")
    api.delete(api.widget("c"))
    api.add_widget("d")

    second = api.get(api.widget(), **{"limit": "2", "continue": first.metadata["continue"]})

    assert first.names == ["a", "b"]
    assert first.metadata["remainingItemCount"] == 1
    assert second.names == ["c"]
    assert second.version == first.version
    assert not second.metadata.get("continue")


def test_a_page_that_was_patched_meanwhile_shows_the_old_state(api: Api) -> None:
    api.add_widget("a")
    api.add_widget("b", spec={"replicas": 1})
    first = api.get(api.widget(), limit="1")
    api.merge(api.widget("b"), {"spec": {"replicas": 9}})

    second = api.get(api.widget(), **{"limit": "1", "continue": first.metadata["continue"]})

    assert second.body["items"][0]["spec"] == {"replicas": 1}


def test_a_selected_page_does_not_tell_how_many_remain(api: Api) -> None:
    for name in ("a", "b"):
        api.add_widget(name, metadata={"labels": {"app": "x"}})

    answer = api.get(api.widget(), limit="1", labelSelector="app=x")

    assert answer.names == ["a"]
    assert "remainingItemCount" not in answer.metadata


def test_a_limit_that_all_fit_in_makes_no_token(api: Api) -> None:
    api.add_widget("a")

    answer = api.get(api.widget(), limit="1")

    assert answer.names == ["a"]
    assert not answer.metadata.get("continue")


def test_the_last_page_of_custom_resources_has_an_empty_token(api: Api) -> None:
    api.add_widget("a")
    api.add_config_map("a")

    assert api.get(api.widget()).metadata["continue"] == ""
    assert "continue" not in api.get(api.config_map()).metadata


def test_a_limit_is_ignored_with_version_zero(api: Api) -> None:
    for name in ("a", "b"):
        api.add_widget(name)

    answer = api.get(api.widget(), limit="1", resourceVersion="0")

    assert answer.names == ["a", "b"]
    assert not answer.metadata.get("continue")


def test_a_continue_token_goes_without_a_version(api: Api) -> None:
    for name in ("a", "b"):
        api.add_widget(name)
    first = api.get(api.widget(), limit="1")
    token = first.metadata["continue"]

    answer = api.get(api.widget(), **{"continue": token, "resourceVersion": first.version})

    assert answer.status == 400


def test_a_continue_token_of_somebody_else_is_refused(api: Api) -> None:
    assert api.get(api.widget(), **{"continue": "garbage"}).status == 400


def test_an_exact_version_shows_the_past(api: Api) -> None:
    version = api.add_widget("a").version
    api.add_widget("b")
    api.delete(api.widget("a"))

    answer = api.get(api.widget(), resourceVersion=version, resourceVersionMatch="Exact")

    assert (answer.names, answer.version) == (["a"], version)


def test_a_version_without_match_or_limit_is_only_a_minimum(api: Api) -> None:
    version = api.add_widget("a").version
    api.add_widget("b")

    assert api.get(api.widget(), resourceVersion=version).names == ["a", "b"]


def test_a_version_of_the_future_times_out(api: Api) -> None:
    answer = api.get(api.widget(), resourceVersion="999999999")

    assert (answer.status, answer.reason) == (504, "Timeout")
    assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_a_version_that_is_no_number_is_refused(api: Api) -> None:
    assert api.get(api.widget(), resourceVersion="abc").status == 400


def test_a_match_needs_a_version(api: Api) -> None:
    answer = api.get(api.widget(), resourceVersionMatch="Exact")

    assert (answer.status, answer.fields) == (422, ["resourceVersionMatch"])


def test_version_zero_cannot_be_exact(api: Api) -> None:
    answer = api.get(api.widget(), resourceVersion="0", resourceVersionMatch="Exact")

    assert (answer.status, answer.fields) == (422, ["resourceVersionMatch"])


def test_label_selectors_select(api: Api) -> None:
    api.add_widget("a", metadata={"labels": {"n": "1", "app": "x"}})
    api.add_widget("b", metadata={"labels": {"n": "2", "app": "x"}})
    api.add_widget("c", metadata={"labels": {"app": "y"}})
    api.add_widget("d")

    assert api.get(api.widget(), labelSelector="app=x").names == ["a", "b"]
    assert api.get(api.widget(), labelSelector="app==x").names == ["a", "b"]
    assert api.get(api.widget(), labelSelector="app = x , n = 1").names == ["a"]
    assert api.get(api.widget(), labelSelector="app!=x").names == ["c", "d"]
    assert api.get(api.widget(), labelSelector="app in (x,y)").names == ["a", "b", "c"]
    assert api.get(api.widget(), labelSelector="app notin (x)").names == ["c", "d"]
    assert api.get(api.widget(), labelSelector="n").names == ["a", "b"]
    assert api.get(api.widget(), labelSelector="!n").names == ["c", "d"]
    assert api.get(api.widget(), labelSelector="app,!n").names == ["c"]
    assert api.get(api.widget(), labelSelector="n>1").names == ["b"]
    assert api.get(api.widget(), labelSelector="n<2").names == ["a"]
    assert api.get(api.widget(), labelSelector="n=").names == []
    assert api.get(api.widget(), labelSelector="n in (1,)").names == ["a"]
    assert api.get(api.widget(), labelSelector="").names == ["a", "b", "c", "d"]


def test_label_selectors_that_make_no_sense_are_refused(api: Api) -> None:
    assert api.get(api.widget(), labelSelector="a b").status == 400
    assert api.get(api.widget(), labelSelector="a in 1").status == 400
    assert api.get(api.widget(), labelSelector="=,").status == 400
    assert api.get(api.widget(), labelSelector="-x=1").status == 400


def test_field_selectors_select(api: Api) -> None:
    api.add_pod("a", nodeName="n1")
    api.add_pod("b")

    assert api.get(api.pod(), fieldSelector="metadata.name=a").names == ["a"]
    assert api.get(api.pod(), fieldSelector="metadata.name!=a").names == ["b"]
    assert api.get(api.pod(), fieldSelector=f"metadata.namespace={api.namespace}").names == [
        "a",
        "b",
    ]
    assert api.get(api.pod(), fieldSelector="spec.nodeName=n1").names == ["a"]
    assert api.get(api.pod(), fieldSelector="spec.nodeName=").names == ["b"]
    assert api.get(api.pod(), fieldSelector="status.phase=Pending,metadata.name=b").names == ["b"]
    assert api.get(api.pod(), fieldSelector="status.phase=Running").names == []


def test_only_some_fields_can_be_selected_by(api: Api) -> None:
    assert api.get(api.pod(), fieldSelector="spec.dnsPolicy=x").status == 400
    assert api.get(api.widget(), fieldSelector="spec.replicas=1").status == 400
    assert api.get(api.config_map(), fieldSelector="status.phase=x").status == 400
    assert api.get(api.config_map(), fieldSelector="nonsense").status == 400


def test_what_a_version_serves_can_be_asked(api: Api) -> None:
    answer = api.get("/apis/conformance.okg.io/v1")

    entries = {one["name"]: one["kind"] for one in answer.body["resources"]}
    assert answer.body["kind"] == "APIResourceList"
    assert answer.body["groupVersion"] == "conformance.okg.io/v1"
    assert {"widgets", "widgets/status", "widgets/scale"} == set(entries)
    assert entries["widgets"] == "Widget"


def test_a_version_that_is_not_served_is_not_found(api: Api) -> None:
    assert api.get("/apis/conformance.okg.io/v9").status == 404


def test_groups_can_be_asked(api: Api) -> None:
    groups = {one["name"]: one for one in api.get("/apis").body["groups"]}

    assert groups["conformance.okg.io"]["versions"] == [
        {"groupVersion": "conformance.okg.io/v1", "version": "v1"}
    ]


def test_the_server_says_that_it_is_well(api: Api) -> None:
    assert api.get("/readyz").body == b"ok"
