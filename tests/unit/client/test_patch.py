"""Writes are differences; nothing that we do not declare is ever touched."""

import msgspec
from msgspec.structs import replace

from okg.api.apps import ControllerRevision, RevisionData, RevisionSpec
from okg.api.core import (
    ConfigMap,
    Container,
    ContainerStatus,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
)
from okg.api.game import GameServer, GameServerCondition, GameServerStatus
from okg.api.meta import ObjectMeta
from okg.client.patch import (
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
    Json,
    Patch,
    as_document,
    carried,
    diff,
    json_patch,
)

META = ObjectMeta(
    name="a", namespace="n", uid="u1", resource_version="7", labels={"app": "x", "gone": "y"}
)


def _body(patch: Patch | None) -> object:
    assert patch is not None
    return msgspec.json.decode(patch.body)


def test_equal_values_need_no_request() -> None:
    pod = Pod(metadata=META)

    assert diff(pod, replace(pod), lock=True) is None
    assert diff(pod, replace(pod), lock=False) is None


def test_a_locked_change_names_each_leaf_and_carries_the_resource_version() -> None:
    before = ConfigMap(metadata=META, data={"a/b": "1", "c": "2"})
    after = replace(before, data={"a/b": "9", "d": "3"})

    patch = diff(before, after, lock=True)

    assert patch is not None
    assert patch.content_type == JSON_PATCH
    assert _body(patch) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/data/a~1b", "value": "9"},
        {"op": "remove", "path": "/data/c"},
        {"op": "add", "path": "/data/d", "value": "3"},
    ]


def test_an_admission_patch_names_each_leaf_and_guards_nothing() -> None:
    before = Pod(metadata=META, spec=PodSpec(containers=(Container(name="game", image="a"),)))
    after = replace(before, spec=PodSpec(containers=(Container(name="game", image="b"),)))

    assert json_patch(before, after) == (
        {"op": "replace", "path": "/spec/containers/0/image", "value": "b"},
    )


def test_an_unlocked_change_carries_only_changed_keys_and_the_uid() -> None:
    before = Pod(metadata=META)
    after = replace(before, metadata=replace(META, labels={"app": "z", "new": "1"}))

    patch = diff(before, after, lock=False)

    assert patch is not None
    assert patch.content_type == MERGE_PATCH
    assert _body(patch) == {
        "metadata": {"labels": {"app": "z", "gone": None, "new": "1"}, "uid": "u1"}
    }


def test_a_change_inside_a_list_we_know_in_part_is_locked_whatever_was_asked() -> None:
    before = Pod(
        metadata=META,
        spec=PodSpec(containers=(Container(name="game", image="a"), Container(name="side"))),
    )
    after = replace(
        before,
        spec=PodSpec(containers=(Container(name="game", image="b"), Container(name="side"))),
    )

    patch = diff(before, after, lock=False)

    assert _body(patch) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/spec/containers/0/image", "value": "b"},
    ]


def test_a_list_of_a_kind_known_in_full_is_written_whole_in_a_merge_patch() -> None:
    before = msgspec.convert(
        {
            "metadata": {"name": "a", "uid": "u1", "resourceVersion": "7"},
            "status": {"conditions": [{"type": "PodNormal", "status": "True"}]},
        },
        GameServer,
    )
    after = replace(before, status=GameServerStatus())

    patch = diff(before, after, lock=False)

    assert _body(patch) == {"status": {"conditions": None}, "metadata": {"uid": "u1"}}


def test_an_unlocked_status_change_tests_the_uid_first_and_writes_lists_whole() -> None:
    before = msgspec.convert(
        {
            "metadata": {"name": "a", "uid": "u1", "resourceVersion": "7"},
            "status": {
                "currentState": "Creating",
                "desiredState": "Ready",
                "conditions": [{"type": "PodNormal", "status": "True"}],
            },
        },
        GameServer,
    )
    changed = replace(
        before.status,
        current_state="Ready",
        desired_state="",
        conditions=(GameServerCondition(type="NodeNormal", status="True"),),
    )

    patch = diff(before, replace(before, status=changed), lock=False, subresource="status")

    assert _body(patch) == [
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "remove", "path": "/status/desiredState"},
        {"op": "replace", "path": "/status/currentState", "value": "Ready"},
        {
            "op": "replace",
            "path": "/status/conditions",
            "value": [{"type": "NodeNormal", "status": "True"}],
        },
    ]


def test_an_unlocked_status_change_of_a_pod_carries_the_conditions_that_changed() -> None:
    before = Pod(
        metadata=META,
        status=PodStatus(
            conditions=(
                PodCondition(type="kept", status="True"),
                PodCondition(type="turned", status="False", reason="Why"),
                PodCondition(type="gone", status="True"),
            )
        ),
    )
    conditions = (
        before.status.conditions[0],
        PodCondition(type="turned", status="True"),
        PodCondition(type="new", status="True", message="hello"),
    )

    patch = diff(
        before,
        replace(before, status=replace(before.status, conditions=conditions)),
        lock=False,
        subresource="status",
    )

    assert patch is not None
    assert patch.content_type == STRATEGIC_MERGE_PATCH
    assert _body(patch) == {
        "metadata": {"uid": "u1"},
        "status": {
            "conditions": [
                {"type": "turned", "status": "True", "reason": None},
                {"type": "new", "status": "True", "message": "hello"},
                {"type": "gone", "$patch": "delete"},
            ]
        },
    }


def test_a_change_of_other_lists_in_the_status_of_a_pod_is_locked_whatever_was_asked() -> None:
    game = ContainerStatus(name="game", image="a", image_id="1", ready=False, restart_count=0)
    before = Pod(metadata=META, status=PodStatus(container_statuses=(game,)))
    after = replace(before, status=PodStatus(container_statuses=(replace(game, ready=True),)))

    patch = diff(before, after, lock=False, subresource="status")

    assert _body(patch) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/status/containerStatuses/0/ready", "value": True},
    ]


def test_items_of_lists_are_moved_so_that_survivors_keep_their_unknown_fields() -> None:
    before = Pod(
        metadata=META,
        spec=PodSpec(containers=tuple(Container(name=name) for name in ("a", "b", "c"))),
    )
    after = replace(
        before,
        spec=PodSpec(containers=(Container(name="c"), Container(name="n"), Container(name="a"))),
    )

    patch = diff(before, after, lock=True)

    assert _body(patch) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "remove", "path": "/spec/containers/1"},
        {"op": "move", "from": "/spec/containers/1", "path": "/spec/containers/0"},
        {"op": "add", "path": "/spec/containers/1", "value": {"name": "n"}},
    ]


def test_what_only_the_server_writes_is_never_part_of_a_difference() -> None:
    before = Pod(metadata=META)
    after = replace(before, metadata=replace(META, resource_version="9", generation=4, uid="u2"))

    assert diff(before, after, lock=True) is None


def test_a_present_but_empty_parent_is_kept() -> None:
    before = msgspec.json.decode(
        b'{"metadata":{"name":"a","resourceVersion":"7"},"spec":{}}', type=Pod
    )
    after = replace(before, spec=replace(before.spec, node_name="n1"))

    patch = diff(before, after, lock=True)

    assert _body(patch) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/spec/nodeName", "value": "n1"},
    ]


def test_a_change_is_carried_over_to_what_we_know_in_part() -> None:
    document: Json = {
        "kept": {"a": 1},
        "gone": 1,
        "list": [{"name": "x", "odd": 1, "v": 1}, {"name": "y", "odd": 2}, {"name": "z"}],
    }
    before: Json = {"gone": 1, "list": [{"name": "x", "v": 1}, {"name": "y"}, {"name": "z"}]}
    after: Json = {"list": [{"name": "y"}, {"name": "x", "v": 2}, {"name": "new"}], "more": [1]}

    assert carried(document, before, after) == {
        "kept": {"a": 1},
        "list": [{"name": "y", "odd": 2}, {"name": "x", "odd": 1, "v": 2}, {"name": "new"}],
        "more": [1],
    }
    assert carried(document, before, before) is document


def test_a_new_object_has_its_opaque_parts_in_their_own_bytes() -> None:
    template = msgspec.Raw(rb'{"b": "x \u0026 y", "a":1}')
    spec = RevisionSpec(template=template)
    revision = ControllerRevision(metadata=META, data=RevisionData(spec=spec), revision=1)

    assert msgspec.json.encode(as_document(revision)) == (
        b'{"apiVersion":"apps/v1","kind":"ControllerRevision",'
        b'"metadata":{"name":"a","namespace":"n","labels":{"app":"x","gone":"y"}},'
        rb'"data":{"spec":{"template":{"b": "x \u0026 y", "a":1}}},"revision":1}'
    )
