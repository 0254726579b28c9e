from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.drafts import PodDraft
from okg.workload.invalid import InvalidField
from okg.workload.native.history import newest_revision
from okg.workload.native.pod_template import build_pod
from unit.fleet import NOW, a_set
from unit.workload.native.native_fleet import TEMPLATE, a_native


def built(spec: dict[str, Any] | None = None) -> PodDraft:
    workload = a_native(spec)
    return build_pod(workload, a_set(), 4, newest_revision(workload, a_set(), []), NOW)


def spec_of(pod: PodDraft) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(pod.spec)
    return found


def template(**spec: object) -> dict[str, Any]:
    return {"template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], **spec}}}


def test_a_pod_has_the_identity_that_openkruise_gives() -> None:
    pod = built({"serviceName": "lobby"})

    assert (pod.metadata.namespace, pod.metadata.name) == ("games", "xxx-4")
    assert pod.metadata.generate_name == "xxx-"
    assert pod.metadata.labels == {
        "app": "game",
        "game.kruise.io/owner-gss": "xxx",
        "statefulset.kubernetes.io/pod-name": "xxx-4",
        "apps.kubernetes.io/pod-index": "4",
        "controller-revision-hash": newest_revision(a_native(), a_set(), []).metadata.name,
        "lifecycle.apps.kruise.io/state": "Normal",
    }
    assert pod.metadata.annotations == {
        "lifecycle.apps.kruise.io/timestamp": "2025-01-02T03:04:05Z"
    }
    owner = pod.metadata.owner_references[0]
    assert (owner.kind, owner.uid) == ("GameServerSet", "uid-of-xxx")
    assert owner.controller
    assert owner.block_owner_deletion
    assert (spec_of(pod)["hostname"], spec_of(pod)["subdomain"]) == ("xxx-4", "lobby")


def test_what_we_do_not_know_of_a_template_is_passed_through() -> None:
    pod = built(template(novelty={"deep": [1, {"x": 1.5}]}, hostNetwork=True))

    assert spec_of(pod)["novelty"] == {"deep": [1, {"x": 1.5}]}
    assert spec_of(pod)["hostNetwork"] is True
    assert spec_of(pod)["containers"] == [{"name": "game", "image": "game:1"}]


def test_gates_are_listed_once_with_the_one_that_hooks_need() -> None:
    gates = [{"conditionType": name} for name in ("own", "InPlaceUpdateReady") * 2]

    pod = built(template(readinessGates=gates))

    assert spec_of(pod)["readinessGates"] == [
        {"conditionType": "own"},
        {"conditionType": "InPlaceUpdateReady"},
        {"conditionType": "KruisePodReady"},
    ]


def test_claims_become_volumes_and_replace_those_of_the_same_name() -> None:
    volumes = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    claims = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}

    pod = built({**template(volumes=volumes), **claims})

    assert spec_of(pod)["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-xxx-4"}},
        {"name": "tmp", "emptyDir": {}},
    ]


def test_a_template_without_volumes_gets_none() -> None:
    assert "volumes" not in spec_of(built())


def test_labels_annotations_and_finalizers_of_a_template_become_the_pods() -> None:
    meta = {**TEMPLATE["metadata"], "annotations": {"a": "b"}, "finalizers": ["example.com/x"]}

    pod = built({"template": {**TEMPLATE, "metadata": meta}})

    assert pod.metadata.annotations["a"] == "b"
    assert pod.metadata.finalizers == ("example.com/x",)


@pytest.mark.parametrize(
    ("hook", "state"),
    [
        ({"labelsHandler": {"app": "game"}}, "Normal"),
        ({"labelsHandler": {"app": "other"}}, "PreparingNormal"),
        ({"finalizersHandler": ["example.com/x"]}, "PreparingNormal"),
        ({}, "Normal"),
    ],
)
def test_a_hook_may_keep_a_new_pod_out_of_service(hook: dict[str, object], state: str) -> None:
    pod = built({"lifecycle": {"preNormal": hook}})

    assert pod.metadata.labels["lifecycle.apps.kruise.io/state"] == state


def test_metadata_that_makes_no_sense_names_its_field() -> None:
    workload = a_native()
    revision = newest_revision(workload, a_set(), [])
    wrong = msgspec.Raw(b'{"metadata":{"finalizers":"x"},"spec":{}}')
    odd = replace(
        revision, data=replace(revision.data, spec=replace(revision.data.spec, template=wrong))
    )

    with pytest.raises(InvalidField, match=r"spec\.template\.metadata: Expected `array`"):
        build_pod(workload, a_set(), 0, odd, NOW)
