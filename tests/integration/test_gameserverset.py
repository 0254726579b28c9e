"""A GameServerSet on OpenKruise, run by the binary with its own role."""

import pytest
import urllib3

from integration.arena import Arena, ManagerProcess, in_place, names, template
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

BACKENDS = ("kruise", "native")


CREATED = {"kruise": "created Advanced StatefulSet", "native": "created workload record"}


def test_a_new_set_comes_up_with_one_server_for_each_pod(
    arena: Arena, namespace: str, backend: str
) -> None:
    arena.play(namespace)

    status = eventually(lambda: _full_status(arena, namespace, 3), within=20) or {}
    server = arena.servers(namespace)["a-0"]
    pod = arena.pods(namespace)["a-0"]

    assert status["currentReplicas"] == 3
    assert status["labelSelector"] == "game.kruise.io/owner-gss=a"
    assert status["waitToBeDeletedReplicas"] == 0
    assert [owner.uid for owner in server.metadata.owner_references] == [pod.metadata.uid]
    assert server.metadata.labels["game.kruise.io/node-name"] == pod.spec.node_name
    assert server.status.pod_status == pod.status
    assert {k: v for k, v in pod.metadata.labels.items() if "game.kruise.io/gs" in k} == {
        "game.kruise.io/gs-state": "Ready",
        "game.kruise.io/gs-opsState": "None",
        "game.kruise.io/gs-delete-priority": "0",
        "game.kruise.io/gs-update-priority": "0",
    }
    assert [event.message for event in arena.events(namespace, "CreateWorkload")] == [
        CREATED[backend]
    ]


def _full_status(arena: Arena, namespace: str, ready: int) -> dict[str, object] | None:
    path = f"/apis/game.kruise.io/v1alpha1/namespaces/{namespace}/gameserversets/a"
    status = arena.rest.get(path).get("status")
    assert status is None or isinstance(status, dict)
    return status if status and status.get("readyReplicas") == ready else None


def test_conditions_follow_a_roll_out_over_a_pause_to_its_end(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    eventually(lambda: _told(arena, namespace) == COMPLETE, within=20)

    paused = in_place(maxUnavailable=1, paused=True)
    arena.edit_set(
        namespace, "a", {"gameServerTemplate": template("game:2"), "updateStrategy": paused}
    )
    eventually(lambda: _told(arena, namespace) == PAUSED, within=20)
    arena.edit_set(namespace, "a", {"updateStrategy": in_place(maxUnavailable=1, paused=False)})

    wait = ("wait", "gss/a", "--for=condition=Ready", "--timeout=60s")
    assert arena.kubectl(namespace, *wait) == 0
    eventually(lambda: _told(arena, namespace) == COMPLETE, within=60)
    assert arena.images(namespace) == ["game:2"] * 3
    done = arena.get_set(namespace, "a")
    assert done.status is not None
    assert {c.observed_generation for c in done.status.conditions} == {done.metadata.generation}
    assert {c.message for c in done.status.conditions} == {"3 of 3 servers updated, 3 available"}


COMPLETE = ["Ready=True Complete", "Progressing=True Complete"]
PAUSED = ["Ready=False Paused", "Progressing=Unknown Paused"]


def _told(arena: Arena, namespace: str) -> list[str]:
    """Conditions of set ``a``; none while they are about an earlier spec."""
    gss = arena.get_set(namespace, "a")
    if gss.status is None or gss.status.observed_generation != gss.metadata.generation:
        return []
    return [f"{c.type}={c.status} {c.reason}" for c in gss.status.conditions]


def test_scaling_up_fills_the_lowest_free_ids(arena: Arena, namespace: str) -> None:
    arena.play(namespace, reserveGameServerIds=[])

    arena.edit_set(namespace, "a", {"replicas": 5, "reserveGameServerIds": [3]})

    eventually(lambda: arena.ready(namespace) == names("a", [0, 1, 2, 4, 5]), within=60)


def test_scaling_down_takes_the_server_that_waits_to_be_deleted(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "WaitToBeDeleted"}})
    arena.edit_server(namespace, "a-2", {"spec": {"opsState": "Maintaining"}})
    eventually(lambda: _ops_states(arena, namespace) == ["None", "WaitToBeDeleted", "Maintaining"])

    arena.edit_set(namespace, "a", {"replicas": 1})

    eventually(lambda: set(arena.servers(namespace)) == {"a-2"}, within=60)
    eventually(lambda: set(arena.pods(namespace)) == {"a-2"})


def _ops_states(arena: Arena, namespace: str) -> list[str | None]:
    pods = arena.pods(namespace)
    return [pods[name].metadata.labels.get("game.kruise.io/gs-opsState") for name in sorted(pods)]


def test_priorities_decide_between_equals(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    arena.edit_server(namespace, "a-0", {"spec": {"deletionPriority": "100"}})
    eventually(
        lambda: (
            arena.pods(namespace)["a-0"].metadata.labels["game.kruise.io/gs-delete-priority"]
            == "100"
        )
    )

    arena.edit_set(namespace, "a", {"replicas": 2})

    eventually(lambda: set(arena.servers(namespace)) == names("a", [1, 2]), within=60)


def test_a_new_image_restarts_one_container_in_place(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    before = arena.pods(namespace)

    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})

    eventually(lambda: arena.images(namespace) == ["game:2"] * 3, within=60)
    eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
    after = arena.pods(namespace)
    assert {n: p.metadata.uid for n, p in after.items()} == {
        n: p.metadata.uid for n, p in before.items()
    }
    restarts = {s.name: s.restart_count for s in after["a-0"].status.container_statuses}
    assert restarts == {"game": 1, "sidecar": 0}


def test_a_partition_keeps_so_many_servers_and_priority_chooses_them(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace, updateStrategy=in_place(partition=2))
    arena.edit_server(namespace, "a-1", {"spec": {"updatePriority": 10}})
    eventually(
        lambda: (
            arena.pods(namespace)["a-1"].metadata.labels["game.kruise.io/gs-update-priority"]
            == "10"
        )
    )

    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    eventually(lambda: arena.images(namespace) == ["game:1", "game:2", "game:1"], within=60)
    arena.edit_set(namespace, "a", {"updateStrategy": in_place(partition=0)})

    eventually(lambda: arena.images(namespace) == ["game:2"] * 3, within=60)


def test_max_unavailable_is_never_exceeded(arena: Arena, namespace: str) -> None:
    arena.play(namespace, updateStrategy=in_place(maxUnavailable=1))
    most_at_once = 0

    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    while arena.images(namespace) != ["game:2"] * 3:
        pods = arena.pods(namespace).values()
        ready = [p for p in pods if (c := p.status.condition("Ready")) and c.status == "True"]
        most_at_once = max(most_at_once, 3 - len(ready))

    assert most_at_once == 1


def test_a_killed_server_lowers_the_size_and_is_gone(arena: Arena, namespace: str) -> None:
    arena.play(namespace)

    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "Kill"}})

    eventually(lambda: set(arena.servers(namespace)) == names("a", [0, 2]), within=60)
    spec = arena.get_set(namespace, "a").spec
    assert spec is not None
    assert spec.replicas == 2


def test_a_server_deleted_by_hand_comes_back_and_its_pod_stays(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    pod, server = arena.pods(namespace)["a-0"], arena.servers(namespace)["a-0"]

    arena.admin.delete(server)

    eventually(lambda: _other(arena, namespace, server.metadata.uid), within=20)
    assert arena.pods(namespace)["a-0"].metadata.uid == pod.metadata.uid


def _other(arena: Arena, namespace: str, uid: str) -> bool:
    server = arena.servers(namespace).get("a-0")
    return server is not None and server.metadata.uid != uid


def test_a_pod_deleted_by_hand_takes_its_server_along_under_cascade(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    arena.edit_server(namespace, "a-0", {"spec": {"opsState": "Allocated"}})
    before = arena.servers(namespace)["a-0"]

    arena.admin.delete(arena.pods(namespace)["a-0"])

    eventually(lambda: _other(arena, namespace, before.metadata.uid), within=60)
    eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
    assert arena.servers(namespace)["a-0"].spec.ops_state == "None"


def test_a_server_survives_its_pod_under_reclaim_policy_delete(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace, gameServerTemplate=template(reclaimPolicy="Delete"))
    arena.edit_server(namespace, "a-0", {"spec": {"opsState": "Allocated"}})
    before, pod = arena.servers(namespace)["a-0"], arena.pods(namespace)["a-0"]

    arena.admin.delete(pod)
    eventually(lambda: _is_new(arena, namespace, pod.metadata.uid), within=60)
    eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
    after = arena.servers(namespace)["a-0"]
    arena.edit_set(namespace, "a", {"replicas": 2})

    eventually(lambda: len(arena.servers(namespace)) == 2, within=60)
    assert after.metadata.uid == before.metadata.uid
    assert after.spec.ops_state == "Allocated"
    assert "a-0" in arena.servers(namespace)


def _is_new(arena: Arena, namespace: str, uid: str) -> bool:
    pod = arena.pods(namespace).get("a-0")
    return pod is not None and pod.metadata.uid != uid


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"gameServerTemplate": {"spec": {"containers": []}}}, "containers"),
        ({"reserveGameServerIds": ["5-3"]}, "spec.reserveGameServerIds[0]"),
        ({"gameServerTemplate": template(metadata={"labels": {"a": 1}})}, "labels"),
    ],
)
def test_a_spec_that_cannot_work_is_named_and_other_sets_go_on(
    arena: Arena, namespace: str, spec: dict[str, object], field: str
) -> None:
    arena.create_set(namespace, "broken", **{"replicas": 1} | spec)

    event = eventually(lambda: arena.events(namespace, "InvalidSpec"), within=20)[0]
    arena.play(namespace)

    assert field in event.message
    assert event.type == "Warning"
    status = arena.get_set(namespace, "broken").status
    assert status is not None
    assert [(c.type, c.status, c.reason) for c in status.conditions] == [
        ("Ready", "False", "InvalidSpec"),
        ("Progressing", "False", "InvalidSpec"),
        ("Stalled", "True", "InvalidSpec"),
    ]
    assert field in status.conditions[0].message


def test_a_deleted_set_takes_everything_along(arena: Arena, namespace: str) -> None:
    arena.play(namespace)

    arena.admin.delete(arena.get_set(namespace, "a"))

    eventually(lambda: not arena.pods(namespace) and not arena.servers(namespace), within=90)


def test_probes_and_metrics_answer(arena: Arena, manager: ManagerProcess) -> None:
    http = urllib3.PoolManager(retries=False)
    verbose = http.request("GET", f"{manager.health}/readyz?verbose").data
    metrics = http.request("GET", f"{manager.metrics}/metrics").data.decode()

    assert verbose.startswith(b"[+]readyz ok\n")
    assert verbose.endswith(b"healthz check passed\n")
    controller = 'controller="gameserverset-controller"'
    assert f"controller_runtime_reconcile_errors_total{{{controller}}}" in metrics
    assert 'workqueue_depth{controller="gameserver-controller"' in metrics
    assert 'rest_client_requests_total{code="200"' in metrics
