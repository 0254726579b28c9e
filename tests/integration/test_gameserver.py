"""One server: what it tells of its pod, and what its pod does of what it says."""

import pytest

from integration.arena import Arena, in_place, names, template
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

BACKENDS = ("kruise", "native")

MERGE = "application/merge-patch+json"
THREE = names("a", range(3))


def _state(arena: Arena, namespace: str, name: str = "a-0") -> str | None:
    server = arena.servers(namespace).get(name)
    return server.status.current_state if server is not None else None


def _pod_label(arena: Arena, namespace: str, key: str, name: str = "a-0") -> str | None:
    return arena.pods(namespace)[name].metadata.labels.get(key)


def _told(arena: Arena, namespace: str, reason: str) -> set[tuple[str, str]]:
    return {(event.type, event.message) for event in arena.events(namespace, reason)}


def _patch_pod_status(arena: Arena, namespace: str, name: str, status: object) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
    arena.rest.call("PATCH", path, {"status": status}, content_type=MERGE)


def test_what_a_user_says_of_a_server_is_mirrored_on_its_pod_and_told(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)

    spec = {
        "opsState": "Maintaining",
        "updatePriority": 3,
        "deletionPriority": "4",
        "networkDisabled": True,
    }
    arena.edit_server(namespace, "a-0", {"spec": spec})

    key = "game.kruise.io/"
    eventually(lambda: _pod_label(arena, namespace, f"{key}gs-opsState") == "Maintaining")
    labels = arena.pods(namespace)["a-0"].metadata.labels
    assert labels[f"{key}gs-update-priority"] == "3"
    assert labels[f"{key}gs-delete-priority"] == "4"
    assert labels[f"{key}network-disabled"] == "true"
    server = eventually(lambda: _mirrored(arena, namespace), within=20)
    assert server is True
    eventually(lambda: len(_told(arena, namespace, "GsStateChanged")) >= 4, within=20)
    assert _told(arena, namespace, "GsStateChanged") >= {
        ("Warning", "OpsState turn from None to Maintaining "),
        ("Normal", "UpdatePriority turn from 0 to 3 "),
        ("Normal", "DeletionPriority turn from 0 to 4 "),
        ("Normal", "NetworkDisabled turn from false to true "),
    }


def _mirrored(arena: Arena, namespace: str) -> bool:
    status = arena.servers(namespace)["a-0"].status
    return (status.update_priority, status.deletion_priority) == ("3", "4")


def test_labels_and_annotations_for_the_pod_are_copied_and_never_taken_away(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    metadata = {"labels": {"gs-sync/room": "7"}, "annotations": {"gs-sync/map": "moon"}}

    arena.edit_server(namespace, "a-0", {"metadata": metadata})
    eventually(lambda: _pod_label(arena, namespace, "gs-sync/room") == "7", within=20)
    arena.edit_server(namespace, "a-0", {"metadata": {"labels": {"gs-sync/room": None}}})
    arena.edit_server(namespace, "a-0", {"metadata": {"annotations": {"gs-sync/map": "mars"}}})

    eventually(
        lambda: arena.pods(namespace)["a-0"].metadata.annotations.get("gs-sync/map") == "mars",
        within=20,
    )
    assert _pod_label(arena, namespace, "gs-sync/room") == "7"


def test_an_image_of_its_own_changes_one_container_of_one_server(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    uid = arena.pods(namespace)["a-0"].metadata.uid

    own = [{"name": "sidecar", "image": "sidecar:beta"}]
    arena.edit_server(namespace, "a-0", {"spec": {"containers": own}})

    eventually(lambda: _running(arena, namespace, "a-0") == {"game:1", "sidecar:beta"}, within=30)
    assert _running(arena, namespace, "a-1") == {"game:1", "sidecar:1"}
    pod = arena.pods(namespace)["a-0"]
    restarts = {s.name: s.restart_count for s in pod.status.container_statuses}
    assert (pod.metadata.uid, restarts) == (uid, {"game": 0, "sidecar": 1})


def _running(arena: Arena, namespace: str, name: str) -> set[str]:
    return {status.image for status in arena.pods(namespace)[name].status.container_statuses}


def test_a_held_deletion_shows_and_ends_when_the_server_lets_go(
    arena: Arena, namespace: str
) -> None:
    held = template() | {"metadata": {"labels": {"gs-sync/hold": "true"}}}
    arena.play(
        namespace,
        gameServerTemplate=held,
        lifecycle={"preDelete": {"labelsHandler": {"gs-sync/hold": "true"}}},
    )

    arena.edit_set(namespace, "a", {"replicas": 2})
    eventually(lambda: _state(arena, namespace, "a-2") == "PreDelete", within=30)
    status = eventually(lambda: _pre_delete(arena, namespace), within=20)
    arena.edit_server(namespace, "a-2", {"metadata": {"labels": {"gs-sync/hold": "false"}}})

    eventually(lambda: set(arena.servers(namespace)) == names("a", [0, 1]), within=60)
    assert status == 1


def _pre_delete(arena: Arena, namespace: str) -> int | None:
    status = arena.get_set(namespace, "a").status
    return status.pre_delete_replicas if status else None


def test_a_held_update_shows_with_its_containers_and_goes_on_when_the_server_lets_go(
    arena: Arena, namespace: str
) -> None:
    held = template("game:1") | {"metadata": {"labels": {"gs-sync/hold": "true"}}}
    arena.play(
        namespace,
        gameServerTemplate=held,
        lifecycle={"inPlaceUpdate": {"labelsHandler": {"gs-sync/hold": "true"}}},
        updateStrategy=in_place(partition=2),
    )
    updated = template("game:2") | {"metadata": {"labels": {"gs-sync/hold": "true"}}}

    arena.edit_set(namespace, "a", {"gameServerTemplate": updated})
    eventually(lambda: _state(arena, namespace, "a-2") == "PreUpdate", within=30)
    annotations = arena.pods(namespace)["a-2"].metadata.annotations
    arena.edit_server(namespace, "a-2", {"metadata": {"labels": {"gs-sync/hold": "false"}}})
    eventually(lambda: "game:2" in _running(arena, namespace, "a-2"), within=30)
    arena.edit_server(namespace, "a-2", {"metadata": {"labels": {"gs-sync/hold": "true"}}})

    eventually(lambda: _state(arena, namespace, "a-2") == "Ready", within=30)
    assert annotations["game.kruise.io/gs-updating-containers"] == "game"
    eventually(
        lambda: (
            "game.kruise.io/gs-updating-containers"
            not in arena.pods(namespace)["a-2"].metadata.annotations
        )
    )


def test_a_failed_pod_is_a_crash_and_told_with_its_reason(arena: Arena, namespace: str) -> None:
    # Held, because a simulated kubelet lets go of a pod before anybody can have looked.
    held = template() | {"metadata": {"labels": {"gs-sync/hold": "true"}}}
    arena.play(
        namespace,
        gameServerTemplate=held,
        lifecycle={"preDelete": {"labelsHandler": {"gs-sync/hold": "true"}}},
    )

    failed = {"phase": "Failed", "reason": "Evicted", "message": "the node is low on memory"}
    _patch_pod_status(arena, namespace, "a-0", failed)

    eventually(
        lambda: (
            ("Warning", "State turn from Ready to Crash ")
            in _told(arena, namespace, "GsStateChanged")
        ),
        within=30,
    )
    arena.edit_server(namespace, "a-0", {"metadata": {"labels": {"gs-sync/hold": "false"}}})
    eventually(lambda: arena.ready(namespace) == THREE, within=60)


def test_a_node_in_trouble_shows_on_its_servers(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    node = arena.pods(namespace)["a-0"].spec.node_name
    path = f"/api/v1/nodes/{node}/status"
    pressed = {
        "type": "DiskPressure",
        "status": "True",
        "reason": "KubeletHasDiskPressure",
        "message": "the disk is full",
    }
    ready = {"type": "Ready", "status": "True", "reason": "Simulated"}

    arena.rest.call("PATCH", path, _conditions(ready, pressed), content_type=MERGE)
    try:
        found = eventually(lambda: _node_trouble(arena, namespace), within=30)
    finally:
        arena.rest.call("PATCH", path, _conditions(ready), content_type=MERGE)

    assert found == ("DiskPressure:KubeletHasDiskPressure", "the disk is full")
    eventually(lambda: not _node_trouble(arena, namespace), within=30)


def _conditions(*conditions: object) -> dict[str, object]:
    return {"status": {"conditions": list(conditions)}}


def _node_trouble(arena: Arena, namespace: str) -> tuple[str, str] | None:
    conditions = arena.servers(namespace)["a-0"].status.conditions
    return next(
        (
            (c.reason, c.message)
            for c in conditions
            if (c.type, c.status) == ("NodeNormal", "False")
        ),
        None,
    )


def test_a_claim_without_a_volume_shows_on_the_server(arena: Arena, namespace: str) -> None:
    claim = {
        "metadata": {"name": "save"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }

    arena.play(namespace, gameServerTemplate=template(volumeClaimTemplates=[claim]))

    conditions = {c.type: c for c in arena.servers(namespace)["a-0"].status.conditions}
    volumes = conditions["PersistentVolumeNormal"]
    assert (volumes.status, volumes.reason) == ("False", "PersistentVolume Not Found")
    assert volumes.message == (f"There is no pv which pvc {namespace}/save-a-0 is bound with")
