"""Live sets that go from OpenKruise to pods of our own making, and sets that stay."""

import time
from collections.abc import Generator

import pytest

from integration.arena import Arena, in_place, names, template
from integration.moving import (
    BACKEND,
    DATA,
    HOLD,
    MOVE,
    annotate,
    claim_owners,
    create_kruise_set,
    finish_write_by_write,
    is_moved,
    label_pod,
    lives,
    owners,
    record,
    statefulset,
    write_once,
)
from okg.api.apps import ControllerRevision
from okg.errors import ApiError
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

QUIET = 3.0
HELD = {"preDelete": {"labelsHandler": HOLD}}
RETENTION = {"whenDeleted": "Delete", "whenScaled": "Retain"}


@pytest.fixture
def manager(arena: Arena) -> Generator[None]:
    """The binary for one test only: others let managers die one after the other."""
    with arena.manager("--workload-backend=native"):
        yield


@pytest.fixture
def namespace(arena: Arena, manager: None) -> str:
    return arena.namespace()


def a_template(image: str = "game:1") -> dict[str, object]:
    """A template with much that OpenKruise completes or writes in another way."""
    base = template(image)
    containers = [
        {
            "name": "game",
            "image": image,
            "ports": [{"name": "play", "containerPort": 7777}],
            "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
            "readinessProbe": {"httpGet": {"port": 8080}, "initialDelaySeconds": 0},
            "lifecycle": {"preStop": {"httpGet": {"port": 8080}}},
            "env": [
                {"name": "EMPTY", "value": ""},
                {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            ],
            "tty": False,
        },
        {"name": "sidecar", "image": "sidecar:1"},
    ]
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "api", "downwardAPI": {"items": []}},
        {"name": "host", "hostPath": {"path": "/tmp"}},
        {"name": "token", "projected": {"sources": [{"configMap": {"name": "x"}}]}},
    ]
    labels = {"labels": {"app": "game", **HOLD}}
    spec = {"containers": containers, "volumes": volumes, "hostNetwork": False}
    return {**base, "metadata": labels, "spec": spec, "volumeClaimTemplates": [DATA]}


def a_fleet_in_motion(arena: Arena, namespace: str) -> None:
    """Leave set ``a`` with servers 0, 1, 3, 4 half way to a new image, and 5 that a hook keeps.

    Server 2 is gone, and its id is reserved by nobody but the StatefulSet.
    """
    create_kruise_set(
        arena,
        namespace,
        replicas=6,
        gameServerTemplate=a_template(),
        lifecycle=HELD,
        persistentVolumeClaimRetentionPolicy=RETENTION,
    )
    eventually(lambda: arena.ready(namespace) == names("a", range(6)), within=60)
    for number in (2, 5):
        arena.edit_server(namespace, f"a-{number}", {"spec": {"opsState": "Kill"}})
    going = names("a", [2, 5])
    eventually(lambda: _states(arena, namespace, "PreparingDelete") == going, within=30)
    label_pod(arena, namespace, "a-2", dict.fromkeys(HOLD))
    eventually(lambda: "a-2" not in arena.pods(namespace), within=30)
    strategy = in_place(partition=2)
    arena.edit_set(
        namespace, "a", {"gameServerTemplate": a_template("game:2"), "updateStrategy": strategy}
    )
    eventually(lambda: sorted(arena.images(namespace)) == HALF, within=60)
    eventually(
        lambda: arena.get_set(namespace, "a").status == _settled(arena, namespace), within=30
    )


HALF = ["game:1"] * 3 + ["game:2"] * 2


def _updated(arena: Arena, namespace: str) -> int:
    found = record(arena, namespace)
    return found.status.updated_replicas if found is not None else 0


def _settled(arena: Arena, namespace: str) -> object:
    """The status of the set once OpenKruise counts everybody as ready."""
    status = arena.get_set(namespace, "a").status
    ready = status is not None and status.ready_replicas == len(arena.pods(namespace))
    return status if ready else None


def _states(arena: Arena, namespace: str, state: str) -> set[str]:
    return {
        name
        for name, pod in arena.pods(namespace).items()
        if pod.metadata.labels.get("lifecycle.apps.kruise.io/state") == state
    }


def revisions(arena: Arena, namespace: str) -> set[str]:
    found = arena.admin.list(ControllerRevision, namespace=namespace)
    return {revision.metadata.name for revision in found}


def test_a_set_in_the_middle_of_everything_moves_without_a_restart(
    arena: Arena, namespace: str
) -> None:
    a_fleet_in_motion(arena, namespace)
    left, before = statefulset(arena, namespace), lives(arena, namespace)
    known = revisions(arena, namespace)
    assert left is not None

    annotate(arena, namespace, **{MOVE: "native"})

    eventually(lambda: is_moved(arena, namespace), within=60)
    eventually(lambda: _updated(arena, namespace) == 2, within=30)
    time.sleep(QUIET)
    assert lives(arena, namespace) == before
    taken = record(arena, namespace)
    assert taken is not None
    assert taken.spec.replicas == 4
    assert taken.spec.reserve_ordinals == left.spec.reserve_ordinals
    assert taken.status.update_revision == left.status.update_revision
    assert taken.status.current_revision == left.status.current_revision
    assert revisions(arena, namespace) == known
    assert arena.get_set(namespace, "a").metadata.annotations[BACKEND] == "native"
    assert claim_owners(arena, namespace) == {
        f"data-a-{number}": ["GameServerSet"] for number in range(6)
    }

    label_pod(arena, namespace, "a-5", dict.fromkeys(HOLD))
    arena.edit_set(namespace, "a", {"updateStrategy": in_place(partition=0)})
    eventually(lambda: arena.images(namespace) == ["game:2"] * 4, within=60)
    arena.edit_set(namespace, "a", {"replicas": 5})
    eventually(lambda: arena.ready(namespace) == names("a", range(5)), within=60)

    after = arena.pods(namespace)
    kept = {name: before[name][0] for name in names("a", [0, 1, 3, 4])}
    assert {name: after[name].metadata.uid for name in kept} == kept
    restarts = {n: [s.restart_count for s in after[n].status.container_statuses] for n in kept}
    assert restarts == {"a-0": [1, 0], "a-1": [1, 0], "a-3": [1, 0], "a-4": [1, 0]}
    assert owners(arena, namespace) == {"GameServerSet"}


def test_the_next_template_comes_in_place_although_openkruise_completed_the_last(
    arena: Arena, namespace: str
) -> None:
    create_kruise_set(arena, namespace, replicas=2, gameServerTemplate=a_template())
    eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
    before = {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}
    annotate(arena, namespace, **{MOVE: "native"})
    eventually(lambda: is_moved(arena, namespace), within=60)

    arena.edit_set(namespace, "a", {"gameServerTemplate": a_template("game:2")})
    eventually(lambda: arena.images(namespace) == ["game:2"] * 2, within=60)
    arena.edit_set(namespace, "a", {"gameServerTemplate": a_template("game:1")})
    eventually(lambda: arena.images(namespace) == ["game:1"] * 2, within=60)

    assert {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()} == before
    assert len(revisions(arena, namespace)) == 2
    assert [e.message for e in arena.events(namespace, "MoveWorkload") if e.type == "Warning"] == []


def test_a_move_goes_on_however_often_the_manager_is_killed(arena: Arena) -> None:
    namespace = arena.namespace()
    with arena.manager("--workload-backend=native"):
        a_fleet_in_motion(arena, namespace)
    before = lives(arena, namespace)
    annotate(arena, namespace, **{MOVE: "native"})

    managers = finish_write_by_write(arena, namespace, lambda: is_moved(arena, namespace))

    assert is_moved(arena, namespace)
    assert managers > 10
    assert lives(arena, namespace) == before
    taken = record(arena, namespace)
    assert taken is not None
    assert taken.spec.replicas == 4
    assert taken.status.updated_replicas == 2


def test_a_request_that_is_taken_back_in_time_leaves_no_trace(arena: Arena) -> None:
    namespace = arena.namespace()
    with arena.manager("--workload-backend=native"):
        create_kruise_set(arena, namespace, replicas=2)
        eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
    before = lives(arena, namespace)
    annotate(arena, namespace, **{MOVE: "native"})
    begun = [write_once(arena, namespace), write_once(arena, namespace)]
    held = record(arena, namespace)

    annotate(arena, namespace, **{MOVE: None})
    finish_write_by_write(arena, namespace, lambda: record(arena, namespace) is None)

    left = statefulset(arena, namespace)
    assert begun == [True, True]
    assert held is not None
    assert record(arena, namespace) is None
    assert left is not None
    assert left.metadata.finalizers == ()
    assert lives(arena, namespace) == before


def test_a_statefulset_that_is_protected_is_not_moved_and_says_why(
    arena: Arena, namespace: str
) -> None:
    create_kruise_set(arena, namespace, replicas=2)
    eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
    arena.plane.apply(*a_protection_of_statefulsets(namespace))
    eventually(lambda: is_protected(arena, namespace), within=30)

    annotate(arena, namespace, **{MOVE: "native"})
    eventually(lambda: "ask the games team first" in complaint(arena, namespace), within=30)
    arena.edit_set(namespace, "a", {"replicas": 3})

    eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
    left = statefulset(arena, namespace)
    assert left is not None
    assert left.metadata.finalizers == ()
    assert record(arena, namespace) is None


def a_protection_of_statefulsets(namespace: str) -> list[dict[str, object]]:
    """A policy by which nobody deletes StatefulSets of OpenKruise in one namespace."""
    group = {"apiVersion": "admissionregistration.k8s.io/v1"}
    rule = {
        "apiGroups": ["apps.kruise.io"],
        "apiVersions": ["*"],
        "operations": ["DELETE"],
        "resources": ["statefulsets"],
    }
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "ask the games team first"}],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        "policyName": "keep-statefulsets",
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": selector},
    }
    meta = {"metadata": {"name": "keep-statefulsets"}}
    return [
        {**group, "kind": "ValidatingAdmissionPolicy", **meta, "spec": policy},
        {**group, "kind": "ValidatingAdmissionPolicyBinding", **meta, "spec": binding},
    ]


def is_protected(arena: Arena, namespace: str) -> bool:
    left = statefulset(arena, namespace)
    assert left is not None
    try:
        arena.admin.delete(left, dry_run=True)
    except ApiError:
        return True
    return False


def complaint(arena: Arena, namespace: str) -> str:
    status = arena.get_set(namespace, "a").status
    conditions = status.conditions if status is not None else ()
    return " ".join(c.message for c in conditions if c.type == "Ready" and c.status == "False")


def test_another_back_end_in_the_annotation_is_a_complaint_and_nothing_else(
    arena: Arena, namespace: str
) -> None:
    create_kruise_set(arena, namespace, replicas=2)
    eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
    before = lives(arena, namespace)

    annotate(arena, namespace, **{BACKEND: "native"})
    eventually(lambda: 'are run by "kruise" and stay so' in complaint(arena, namespace), within=30)
    arena.edit_set(namespace, "a", {"replicas": 3})

    eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
    after = lives(arena, namespace)
    assert {name: after[name] for name in before} == before
    assert owners(arena, namespace) == {"StatefulSet"}
    assert record(arena, namespace) is None


@pytest.mark.parametrize("flag", ["auto", "kruise", "native"])
def test_a_manager_with_another_flag_keeps_every_set_where_it_is(arena: Arena, flag: str) -> None:
    ours, theirs = arena.namespace(), arena.namespace()
    with arena.manager("--workload-backend=native"):
        arena.create_set(ours, "a", replicas=2, updateStrategy=in_place())
        create_kruise_set(arena, theirs, replicas=2)
        eventually(lambda: arena.ready(ours) == names("a", range(2)), within=60)
        eventually(lambda: arena.ready(theirs) == names("a", range(2)), within=60)
    before = lives(arena, ours), lives(arena, theirs)

    with arena.manager(f"--workload-backend={flag}"):
        arena.edit_set(ours, "a", {"replicas": 3})
        arena.edit_set(theirs, "a", {"replicas": 3})
        eventually(lambda: arena.ready(ours) == names("a", range(3)), within=60)
        eventually(lambda: arena.ready(theirs) == names("a", range(3)), within=60)

    assert owners(arena, ours) == {"GameServerSet"}
    assert owners(arena, theirs) == {"StatefulSet"}
    assert statefulset(arena, ours) is None
    assert record(arena, theirs) is None
    assert lives(arena, ours).items() >= before[0].items()
    assert lives(arena, theirs).items() >= before[1].items()


def test_new_sets_are_openkruises_where_it_answers(arena: Arena) -> None:
    namespace = arena.namespace()
    arena.create_set(namespace, "a", replicas=1)

    with arena.manager("--workload-backend=auto"):
        eventually(lambda: arena.ready(namespace) == {"a-0"}, within=60)

    assert owners(arena, namespace) == {"StatefulSet"}
    assert arena.get_set(namespace, "a").metadata.annotations[BACKEND] == "kruise"
