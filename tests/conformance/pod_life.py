"""How a server treats pods: defaults, what may change, binding, graceful deletion."""

from conformance.api import Answer, Api


def bind(api: Api, name: str, node: str) -> Answer:
    return api.post(
        api.pod(name, "binding"),
        {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        },
    )


def test_a_new_pod_is_pending_and_filled_with_defaults(api: Api) -> None:
    answer = api.add_pod("a")

    assert answer.body["status"]["phase"] == "Pending"
    assert answer.metadata["generation"] == 1
    assert answer.body["spec"]["restartPolicy"] == "Always"
    assert answer.body["spec"]["terminationGracePeriodSeconds"] == 30
    assert answer.body["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_a_new_pod_does_not_keep_a_status(api: Api) -> None:
    spec = {"containers": [{"name": "game", "image": "game:1"}]}

    answer = api.created(api.pod(), "a", spec=spec, status={"phase": "Running"})

    assert answer.body["status"]["phase"] == "Pending"


def test_a_pod_needs_a_container(api: Api) -> None:
    answer = api.post(api.pod(), {"metadata": {"name": "a"}, "spec": {"containers": []}})

    assert (answer.status, answer.fields) == (422, ["spec.containers"])


def test_images_can_be_changed(api: Api) -> None:
    api.add_pod("a", initContainers=[{"name": "init", "image": "init:1"}])

    answer = api.strategic(
        api.pod("a"),
        {
            "spec": {
                "containers": [{"name": "game", "image": "game:2"}],
                "initContainers": [{"name": "init", "image": "init:2"}],
            }
        },
    )

    assert answer.body["spec"]["containers"][0]["image"] == "game:2"
    assert answer.body["spec"]["initContainers"][0]["image"] == "init:2"
    assert answer.metadata["generation"] == 2


def test_most_of_a_spec_cannot_be_changed(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a")

    assert api.merge(path, {"spec": {"nodeName": "n"}}).fields == ["spec"]
    assert api.merge(path, {"spec": {"restartPolicy": "Never"}}).fields == ["spec"]
    assert api.merge(path, {"spec": {"terminationGracePeriodSeconds": 1}}).fields == ["spec"]
    assert api.strategic(
        path, {"spec": {"containers": [{"name": "game", "env": [{"name": "A", "value": "1"}]}]}}
    ).fields == ["spec"]
    assert api.strategic(path, {"spec": {"readinessGates": [{"conditionType": "x"}]}}).fields == [
        "spec"
    ]


def test_containers_cannot_be_added(api: Api) -> None:
    api.add_pod("a")

    answer = api.strategic(
        api.pod("a"), {"spec": {"containers": [{"name": "more", "image": "more:1"}]}}
    )

    assert (answer.status, answer.fields) == (422, ["spec.containers"])


def test_tolerations_can_only_be_added(api: Api) -> None:
    one, two = {"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}
    created = api.add_pod("a", tolerations=[one])
    path = api.pod("a")
    present = created.body["spec"]["tolerations"]

    added = api.merge(path, {"spec": {"tolerations": [*present, two]}})
    taken = api.merge(path, {"spec": {"tolerations": [two]}})

    assert two in added.body["spec"]["tolerations"]
    assert (taken.status, taken.fields) == (422, ["spec.tolerations"])


def test_a_deadline_can_only_be_shortened(api: Api) -> None:
    api.add_pod("a")
    path = api.pod("a")

    assert api.merge(path, {"spec": {"activeDeadlineSeconds": 100}}).status == 200
    assert api.merge(path, {"spec": {"activeDeadlineSeconds": 50}}).status == 200
    assert api.merge(path, {"spec": {"activeDeadlineSeconds": 60}}).fields == [
        "spec.activeDeadlineSeconds"
    ]


def test_scheduling_gates_can_only_be_removed(api: Api) -> None:
    api.add_pod("a", schedulingGates=[{"name": "okg.io/x"}])
    path = api.pod("a")

    assert api.merge(path, {"spec": {"schedulingGates": [{"name": "okg.io/y"}]}}).fields == [
        "spec.schedulingGates[0].name"
    ]
    removed = api.merge(path, {"spec": {"schedulingGates": None}})
    assert (removed.status, "schedulingGates" in removed.body["spec"]) == (200, False)


def test_labels_of_a_pod_can_be_changed_without_a_new_generation(api: Api) -> None:
    api.add_pod("a")

    answer = api.merge(api.pod("a"), {"metadata": {"labels": {"x": "1"}}})

    assert (answer.status, answer.metadata["generation"]) == (200, 1)


def test_a_binding_assigns_a_node(api: Api) -> None:
    api.add_pod("a")

    answer = bind(api, "a", "n1")

    assert (answer.status, answer.body["status"]) == (201, "Success")
    pod = api.get(api.pod("a"))
    assert pod.body["spec"]["nodeName"] == "n1"
    assert pod.metadata["generation"] == 1
    conditions = {one["type"]: one["status"] for one in pod.body["status"]["conditions"]}
    assert conditions["PodScheduled"] == "True"


def test_a_pod_is_bound_once(api: Api) -> None:
    api.add_pod("a")
    bind(api, "a", "n1")

    answer = bind(api, "a", "n2")

    assert (answer.status, answer.reason) == (409, "Conflict")
    assert bind(api, "none", "n1").status == 404


def test_a_binding_must_name_its_pod(api: Api) -> None:
    api.add_pod("a")

    assert api.post(api.pod("a", "binding"), {"target": {"name": "n1"}}).status == 400


def test_a_pod_without_a_node_goes_at_once(api: Api) -> None:
    api.add_pod("a")

    answer = api.delete(api.pod("a"))

    assert (answer.status, answer.body["kind"]) == (200, "Pod")
    assert answer.metadata["deletionGracePeriodSeconds"] == 0
    assert api.gone(api.pod("a"))


def test_a_pod_on_a_node_has_its_grace_period(api: Api) -> None:
    created = api.add_pod("a", nodeName="n1", terminationGracePeriodSeconds=7)

    answer = api.delete(api.pod("a"))

    assert answer.metadata["deletionGracePeriodSeconds"] == 7
    assert answer.metadata["deletionTimestamp"] > created.metadata["creationTimestamp"]
    assert answer.metadata["generation"] == 2
    assert not api.gone(api.pod("a"))


def test_a_grace_period_can_only_be_shortened(api: Api) -> None:
    api.add_pod("a", nodeName="n1")
    path = api.pod("a")

    graces = [
        api.delete(path, **query).metadata["deletionGracePeriodSeconds"]
        for query in ({}, {"gracePeriodSeconds": "5"}, {"gracePeriodSeconds": "50"}, {})
    ]

    assert graces == [30, 5, 5, 5]


def test_a_pod_goes_with_a_grace_period_of_zero(api: Api) -> None:
    api.add_pod("a", nodeName="n1")
    api.delete(api.pod("a"))

    answer = api.delete(api.pod("a"), {"gracePeriodSeconds": 0})

    assert (answer.status, answer.body["kind"]) == (200, "Pod")
    assert api.gone(api.pod("a"))


def test_a_finished_pod_goes_at_once(api: Api) -> None:
    api.add_pod("a", nodeName="n1")
    api.merge(api.pod("a", "status"), {"status": {"phase": "Succeeded"}})

    api.delete(api.pod("a"))

    assert api.gone(api.pod("a"))


def test_a_pod_waits_for_both_its_finalizers_and_its_grace_period(api: Api) -> None:
    api.add_pod("finalizer-last", nodeName="n1", metadata={"finalizers": ["okg.io/x"]})
    api.add_pod("grace-last", nodeName="n1", metadata={"finalizers": ["okg.io/x"]})
    drop = {"metadata": {"finalizers": None}}

    api.delete(api.pod("finalizer-last"))
    api.delete(api.pod("finalizer-last"), gracePeriodSeconds="0")
    api.delete(api.pod("grace-last"))
    api.merge(api.pod("grace-last"), drop)

    assert not api.gone(api.pod("finalizer-last"))
    assert not api.gone(api.pod("grace-last"))
    api.merge(api.pod("finalizer-last"), drop)
    api.delete(api.pod("grace-last"), gracePeriodSeconds="0")
    assert api.gone(api.pod("finalizer-last"))
    assert api.gone(api.pod("grace-last"))


def test_a_forced_deletion_checks_its_precondition_too(api: Api) -> None:
    api.add_pod("a", nodeName="n1")
    api.delete(api.pod("a"))

    answer = api.delete(
        api.pod("a"), {"gracePeriodSeconds": 0, "preconditions": {"uid": "another"}}
    )

    assert (answer.status, answer.reason) == (409, "Conflict")


def test_an_eviction_deletes(api: Api) -> None:
    api.add_pod("a")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}

    answer = api.post(api.pod("a", "eviction"), eviction)

    assert answer.status == 201
    assert api.gone(api.pod("a"))
