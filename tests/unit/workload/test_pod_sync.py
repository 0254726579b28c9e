from collections.abc import Mapping

import pytest

from okg.workload.notices import Notice
from okg.workload.pod_sync import follows_defaults, notices_of_state, sync_pod
from unit.fleet import NOW, a_pod, a_server

SYNCED = {
    "game.kruise.io/gs-delete-priority": "0",
    "game.kruise.io/gs-update-priority": "0",
    "game.kruise.io/gs-opsState": "None",
    "game.kruise.io/network-disabled": "false",
    "game.kruise.io/gs-state": "Ready",
}
IMAGES = {"game": "game:1"}


def test_a_pod_in_step_comes_back_as_the_same_object() -> None:
    pod = a_pod(labels=SYNCED)

    synced = sync_pod(pod, a_server(), IMAGES, NOW)

    assert synced.pod is pod
    assert synced.notices == ()
    assert synced.complaints == ()


def test_a_new_pod_gets_five_labels_and_one_time_and_nothing_is_told() -> None:
    pod = a_pod(ops_state="", labels={"app": "lobby"})

    synced = sync_pod(pod, a_server(), IMAGES, NOW)

    meta = synced.pod.metadata
    assert meta.labels == {"game.kruise.io/owner-gss": "xxx", "app": "lobby", **SYNCED}
    assert meta.annotations == {"game.kruise.io/opsState-last-changed-time": "2025-01-02T03:04:05Z"}
    assert synced.notices == ()


@pytest.mark.parametrize(
    ("spec", "label", "value", "message", "warning"),
    [
        (
            {"deletionPriority": 100},
            "gs-delete-priority",
            "100",
            "DeletionPriority turn from 0 to 100 ",
            False,
        ),
        (
            {"deletionPriority": "100"},
            "gs-delete-priority",
            "100",
            "DeletionPriority turn from 0 to 100 ",
            False,
        ),
        (
            {"updatePriority": 20},
            "gs-update-priority",
            "20",
            "UpdatePriority turn from 0 to 20 ",
            False,
        ),
        (
            {"updatePriority": None},
            "gs-update-priority",
            "",
            "UpdatePriority turn from 0 to  ",
            False,
        ),
        ({"opsState": "Kill"}, "gs-opsState", "Kill", "OpsState turn from None to Kill ", False),
        (
            {"opsState": "Maintaining"},
            "gs-opsState",
            "Maintaining",
            "OpsState turn from None to Maintaining ",
            True,
        ),
        (
            {"networkDisabled": True},
            "network-disabled",
            "true",
            "NetworkDisabled turn from false to true ",
            False,
        ),
    ],
)
def test_a_value_of_the_server_becomes_a_label_and_is_told(
    spec: dict[str, object], label: str, value: str, message: str, *, warning: bool
) -> None:
    plain = {"opsState": "None", "updatePriority": 0, "deletionPriority": 0}
    server = a_server({"spec": {**plain, **spec}})

    synced = sync_pod(a_pod(labels=SYNCED), server, IMAGES, NOW)

    assert synced.pod.metadata.labels[f"game.kruise.io/{label}"] == value
    assert synced.notices == (Notice("GsStateChanged", message, warning),)


def test_a_change_of_ops_state_is_stamped() -> None:
    synced = sync_pod(
        a_pod(labels=SYNCED), a_server({"spec": {"opsState": "Allocated"}}), IMAGES, NOW
    )

    assert synced.pod.metadata.annotations == {
        "game.kruise.io/opsState-last-changed-time": "2025-01-02T03:04:05Z"
    }


def test_a_second_state_is_stamped_and_a_crash_is_a_warning() -> None:
    pod = a_pod(labels=SYNCED, phase="Failed")

    synced = sync_pod(pod, a_server(), IMAGES, NOW)

    assert synced.pod.metadata.annotations == {
        "game.kruise.io/state-last-changed-time": "2025-01-02T03:04:05Z"
    }
    assert synced.notices == (
        Notice("GsStateChanged", "State turn from Ready to Crash ", warning=True),
    )


def test_a_state_that_somebody_else_wrote_is_told() -> None:
    updating = a_pod(labels={**SYNCED, "game.kruise.io/gs-state": "Updating"})
    crashed = a_pod(labels={**SYNCED, "game.kruise.io/gs-state": "Crash"})

    assert notices_of_state(updating, "Ready", "Updating") == (
        Notice("GsStateChanged", "State turn from Ready to Updating "),
    )
    assert notices_of_state(crashed, "Ready", "Crash") == (
        Notice("GsStateChanged", "State turn from Ready to Crash ", warning=True),
    )
    assert notices_of_state(updating, "Updating", "Updating") == ()
    assert notices_of_state(updating, "", "Updating") == ()
    assert notices_of_state(updating, "Ready", "NotReady") == ()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"opsState": "in use"}, 'spec.opsState: "in use" cannot be a label of the pod;'),
        ({"deletionPriority": -5}, 'spec.deletionPriority: "-5" cannot be a label of the pod;'),
        ({"updatePriority": "-5"}, 'spec.updatePriority: "-5" cannot be a label of the pod;'),
    ],
)
def test_a_value_that_cannot_be_a_label_is_left_out_with_a_complaint(
    spec: dict[str, object], message: str
) -> None:
    plain = {"opsState": "None", "updatePriority": 0, "deletionPriority": 0}
    pod = a_pod(labels={**SYNCED, "game.kruise.io/gs-state": "NotReady"})

    synced = sync_pod(pod, a_server({"spec": {**plain, **spec}}), IMAGES, NOW)

    assert synced.pod.metadata.labels == {"game.kruise.io/owner-gss": "xxx", **SYNCED}
    [complaint] = synced.complaints
    assert (complaint.reason, complaint.warning) == ("InvalidLabelValue", True)
    assert complaint.message.startswith(message)


def test_what_is_prefixed_with_gs_sync_follows_and_stays() -> None:
    server = a_server(
        {
            "metadata": {
                "name": "xxx-0",
                "labels": {"gs-sync/hold": "false", "other": "no"},
                "annotations": {"gs-sync/note": "new", "other": "no"},
            }
        }
    )
    pod = a_pod(labels={**SYNCED, "gs-sync/hold": "true", "gs-sync/old": "stays"})

    meta = sync_pod(pod, server, IMAGES, NOW).pod.metadata

    assert meta.labels == {
        "game.kruise.io/owner-gss": "xxx",
        **SYNCED,
        "gs-sync/hold": "false",
        "gs-sync/old": "stays",
    }
    assert meta.annotations == {"gs-sync/note": "new"}


UPDATING = "game.kruise.io/gs-updating-containers"


@pytest.mark.parametrize(
    ("lifecycle", "images", "before", "after"),
    [
        ("PreparingUpdate", {"game": "game:2"}, {}, {UPDATING: "game"}),
        ("PreparingUpdate", {"game": "game:1"}, {}, {}),
        ("PreparingUpdate", {"game": "game:1"}, {UPDATING: "game"}, {UPDATING: ""}),
        ("PreparingUpdate", {"other": "other:2"}, {}, {}),
        ("Updating", {"game": "game:1"}, {UPDATING: "game"}, {UPDATING: "game"}),
        ("Updating", {"game": "game:2"}, {}, {}),
        ("Normal", {"game": "game:2"}, {UPDATING: "game"}, {}),
    ],
)
def test_the_containers_about_to_change_are_listed_until_the_update_is_over(
    lifecycle: str, images: Mapping[str, str], before: dict[str, str], after: dict[str, str]
) -> None:
    state = {"PreparingUpdate": "PreUpdate", "Updating": "Updating", "Normal": "Ready"}[lifecycle]
    labels = {**SYNCED, "game.kruise.io/gs-state": state}
    pod = a_pod(lifecycle=lifecycle, labels=labels, annotations=before)

    assert sync_pod(pod, a_server(), images, NOW).pod.metadata.annotations == after


def test_an_image_of_the_server_wins_over_the_pods() -> None:
    containers = [
        {"name": "game", "image": "game:9", "resources": {"limits": {"cpu": 1}}},
        {"name": "absent", "image": "x:1"},
    ]
    server = a_server({"spec": {"opsState": "None", "containers": containers}})

    pod = sync_pod(a_pod(labels=SYNCED), server, IMAGES, NOW).pod

    assert [(c.name, c.image) for c in pod.spec.containers] == [("game", "game:9")]


def test_an_override_without_image_changes_no_image() -> None:
    server = a_server({"spec": {"opsState": "None", "containers": [{"name": "game"}]}})

    pod = sync_pod(a_pod(labels=SYNCED), server, IMAGES, NOW).pod

    assert [c.image for c in pod.spec.containers] == ["game:1"]


@pytest.mark.parametrize(
    ("document", "defaults"),
    [
        ({}, True),
        ({"spec": {}}, True),
        ({"spec": {"opsState": "Allocated"}}, False),
        ({"spec": {"updatePriority": 1}}, False),
        ({"spec": {"deletionPriority": "1"}}, False),
        ({"spec": {"networkDisabled": True}}, False),
        ({"spec": {"containers": [{"name": "game"}]}}, False),
        ({"metadata": {"labels": {"gs-sync/a": "b"}}}, False),
        ({"metadata": {"annotations": {"gs-sync/a": "b"}}}, False),
    ],
)
def test_only_an_untouched_server_asks_for_what_an_unlabelled_pod_does(
    document: dict[str, object], *, defaults: bool
) -> None:
    assert follows_defaults(a_server(document)) is defaults
