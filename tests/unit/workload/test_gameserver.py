import pytest
from msgspec.structs import replace

from okg.api.meta import OwnerReference
from okg.client.patch import as_json
from okg.workload.gameserver import build_game_server, complaints_about_node, sync_game_server
from okg.workload.template import TemplateMetadata
from unit.fleet import a_pod, a_server, a_set

TEMPLATE = TemplateMetadata(labels={"app": "lobby"}, annotations={"note": "yes"}, hash="42")
HASH = "game.kruise.io/gsTemplate-metadata-hash"
NODE = "game.kruise.io/node-name"


def a_set_that_reclaims(policy: str) -> dict[str, object]:
    return {"gameServerTemplate": {"reclaimPolicy": policy}}


def test_a_new_server_carries_all_that_is_known() -> None:
    built = as_json(build_game_server(a_pod("xxx-3"), a_set(), TEMPLATE))

    assert built == {
        "metadata": {
            "name": "xxx-3",
            "namespace": "games",
            "labels": {
                "app": "lobby",
                "game.kruise.io/owner-gss": "xxx",
                NODE: "node-1",
            },
            "annotations": {"note": "yes", HASH: "42"},
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": "xxx-3",
                    "uid": "uid-of-xxx-3",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "opsState": "None",
            "updatePriority": 0,
            "deletionPriority": 0,
            "networkDisabled": False,
        },
    }


@pytest.mark.parametrize(
    ("policy", "kind", "uid"),
    [
        ("", "Pod", "uid-of-xxx-0"),
        ("Cascade", "Pod", "uid-of-xxx-0"),
        ("Delete", "GameServerSet", "uid-of-xxx"),
        ("Whatever", "GameServerSet", "uid-of-xxx"),
    ],
)
def test_the_reclaim_policy_decides_the_owner(policy: str, kind: str, uid: str) -> None:
    server = build_game_server(a_pod(), a_set(a_set_that_reclaims(policy)), None)

    owner: OwnerReference = server.metadata.owner_references[0]
    assert (owner.kind, owner.uid, owner.controller) == (kind, uid, True)


def test_a_template_that_makes_no_sense_leaves_no_hash() -> None:
    server = build_game_server(a_pod(node=""), a_set(), None)

    assert server.metadata.labels == {"game.kruise.io/owner-gss": "xxx"}
    assert server.metadata.annotations == {}


def test_a_changed_template_is_laid_over_and_takes_nothing_away() -> None:
    server = a_server(
        {
            "metadata": {
                "name": "xxx-0",
                "labels": {"app": "old", "own": "stays"},
                "annotations": {"note": "old", HASH: "41"},
            }
        }
    )

    meta = sync_game_server(server, a_pod(), TEMPLATE).metadata

    assert meta.labels == {"app": "lobby", "own": "stays", NODE: "node-1"}
    assert meta.annotations == {"note": "yes", HASH: "42"}


def test_no_template_says_whose_server_it_is() -> None:
    labels = {"game.kruise.io/owner-gss": "xxx", NODE: "node-1"}
    template = replace(TEMPLATE, labels={"game.kruise.io/owner-gss": "other", "app": "lobby"})

    meta = sync_game_server(
        a_server({"metadata": {"name": "xxx-0", "labels": labels}}), a_pod(), template
    ).metadata

    assert meta.labels == {**labels, "app": "lobby"}


def test_a_template_is_laid_over_once() -> None:
    labels = {"app": "changed by hand", NODE: "node-1"}
    server = a_server({"metadata": {"labels": labels, "annotations": {HASH: "42"}}})

    assert sync_game_server(server, a_pod(), TEMPLATE) is server


def test_the_node_follows_the_pod_and_stays_when_the_pod_has_none() -> None:
    server = a_server({"metadata": {"labels": {NODE: "node-0"}, "annotations": {HASH: "42"}}})

    moved = sync_game_server(server, a_pod(node="node-2"), TEMPLATE)
    unscheduled = sync_game_server(server, a_pod(node=""), TEMPLATE)

    assert moved.metadata.labels == {NODE: "node-2"}
    assert unscheduled is server


def test_a_node_name_too_long_for_a_label_is_left_out_with_a_complaint() -> None:
    pod = a_pod(node="n" * 64)

    [complaint] = complaints_about_node(pod)

    assert sync_game_server(a_server(), pod, None).metadata.labels == {}
    assert complaint.reason == "InvalidLabelValue"
    assert complaint.message.startswith(f'the node name "{"n" * 64}" is too long for label ')


def test_an_ordinary_node_name_is_no_complaint() -> None:
    assert complaints_about_node(a_pod()) == ()
    assert complaints_about_node(a_pod(node="")) == ()
