from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import ObjectMeta, PersistentVolumeClaim
from okg.workload.invalid import InvalidField
from okg.workload.native.storage import (
    build_claims,
    claim_names,
    is_stale,
    read_claim_templates,
    with_owners,
)
from unit.fleet import a_set
from unit.workload.native.native_fleet import a_member, a_native

TEMPLATES: dict[str, Any] = {
    "volumeClaimTemplates": [
        {
            "metadata": {"name": "data", "labels": {"a": "b"}, "annotations": {"c": "d"}},
            "spec": {"accessModes": ["ReadWriteOnce"], "novelty": 1},
        }
    ]
}


def policy(when_deleted: str, when_scaled: str) -> dict[str, Any]:
    rules = {"whenDeleted": when_deleted, "whenScaled": when_scaled}
    return {**TEMPLATES, "persistentVolumeClaimRetentionPolicy": rules}


def a_claim(*owners: tuple[str, str, str]) -> PersistentVolumeClaim:
    document = [
        {"apiVersion": "v1", "kind": kind, "name": name, "uid": uid} for kind, name, uid in owners
    ]
    meta = {"name": "data-xxx-4", "ownerReferences": document}
    return PersistentVolumeClaim(metadata=msgspec.convert(meta, ObjectMeta))


SET = ("GameServerSet", "xxx", "uid-of-xxx")
POD = ("Pod", "xxx-4", "uid-of-xxx-4")
USER = ("App", "mine", "uid-of-mine")


def owners(claim: PersistentVolumeClaim) -> list[tuple[str, str, str]]:
    return [(o.kind, o.name, o.uid) for o in claim.metadata.owner_references]


def test_a_claim_is_made_of_its_template_and_the_selector() -> None:
    claim = build_claims(a_native(TEMPLATES), a_set(), 4)[0]

    assert (claim.metadata.namespace, claim.metadata.name) == ("games", "data-xxx-4")
    assert claim.metadata.labels == {"a": "b", "game.kruise.io/owner-gss": "xxx"}
    assert claim.metadata.annotations == {"c": "d"}
    assert msgspec.json.decode(claim.spec) == {"accessModes": ["ReadWriteOnce"], "novelty": 1}
    assert claim.metadata.owner_references == ()


def test_a_claim_that_goes_with_its_set_is_made_so() -> None:
    claim = build_claims(a_native(policy("Delete", "Delete")), a_set(), 4)[0]

    owner = claim.metadata.owner_references[0]
    assert (owner.kind, owner.uid) == ("GameServerSet", "uid-of-xxx")
    assert not owner.controller
    assert not owner.block_owner_deletion


def test_a_workload_without_templates_has_no_claims() -> None:
    assert claim_names(a_native(), 4) == []
    assert claim_names(a_native(TEMPLATES), 4) == ["data-xxx-4"]


@pytest.mark.parametrize(
    ("when_deleted", "when_scaled", "condemned", "expected"),
    [
        ("Retain", "Retain", False, [USER]),
        ("Retain", "Retain", True, [USER]),
        ("", "", True, [USER]),
        ("Delete", "Retain", False, [USER, SET]),
        ("Delete", "Retain", True, [USER, SET]),
        ("Retain", "Delete", False, [USER]),
        ("Retain", "Delete", True, [USER, POD]),
        ("Delete", "Delete", False, [USER, SET]),
        ("Delete", "Delete", True, [USER, POD]),
    ],
)
@pytest.mark.parametrize("before", [[USER], [USER, SET], [USER, POD], [USER, SET, POD]])
def test_who_takes_a_claim_along(
    before: list[tuple[str, str, str]],
    when_deleted: str,
    when_scaled: str,
    *,
    condemned: bool,
    expected: list[tuple[str, str, str]],
) -> None:
    workload = a_native(policy(when_deleted, when_scaled))

    after = with_owners(a_claim(*before), workload, a_set(), a_member(4), condemned=condemned)

    assert owners(after) == expected


def test_a_claim_with_the_right_owners_is_left_alone() -> None:
    claim = a_claim(SET)

    workload = a_native(policy("Delete", "Retain"))

    assert with_owners(claim, workload, a_set(), a_member(4), condemned=True) is claim


def test_a_claim_that_goes_with_an_earlier_pod_is_stale() -> None:
    assert is_stale(a_claim(SET, POD), "xxx-4")
    assert not is_stale(a_claim(SET, POD), "xxx-5")
    assert not is_stale(a_claim(SET), "xxx-4")


def test_templates_that_make_no_sense_name_their_field() -> None:
    workload = a_native()
    odd = replace(workload.spec, volume_claim_templates=msgspec.Raw(b'[{"spec":{}}]'))

    with pytest.raises(InvalidField, match=r"spec\.volumeClaimTemplates: .*`metadata`"):
        read_claim_templates(replace(workload, spec=odd))
