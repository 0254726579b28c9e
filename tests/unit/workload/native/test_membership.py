import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.workload.native.membership import Claim, adopted, claim_pod, claim_revision, released
from okg.workload.ownership import controlled_by
from unit.fleet import NOW, a_pod, a_set
from unit.workload.native.native_fleet import OLD

OTHER = replace(a_set(), metadata=replace(a_set().metadata, uid="uid-of-another"))


def of(owner: GameServerSet | None, pod: Pod) -> Pod:
    return pod if owner is None else adopted(pod, owner)


def going(gss: GameServerSet) -> GameServerSet:
    return replace(gss, metadata=replace(gss.metadata, deletion_timestamp=NOW))


LABEL = "game.kruise.io/owner-gss"


@pytest.mark.parametrize(
    ("owner", "pod", "gss", "claim"),
    [
        (a_set(), a_pod(), a_set(), Claim.OURS),
        (a_set(), a_pod(), going(a_set()), Claim.OURS),
        (a_set(), a_pod(terminating=True), a_set(), Claim.OURS),
        (a_set(), a_pod(labels={LABEL: "yyy"}), a_set(), Claim.RELEASE),
        (a_set(), a_pod("xxx-debug"), a_set(), Claim.RELEASE),
        (a_set(), a_pod(labels={LABEL: "yyy"}), going(a_set()), Claim.LEAVE),
        (OTHER, a_pod(), a_set(), Claim.FOREIGN),
        (OTHER, a_pod(labels={LABEL: "yyy"}), a_set(), Claim.LEAVE),
        (None, a_pod(), a_set(), Claim.ADOPT),
        (None, a_pod(), going(a_set()), Claim.LEAVE),
        (None, a_pod(terminating=True), a_set(), Claim.LEAVE),
        (None, a_pod(labels={LABEL: "yyy"}), a_set(), Claim.LEAVE),
        (None, a_pod("xxx-01"), a_set(), Claim.LEAVE),
        (None, a_pod("xxx-debug"), a_set(), Claim.LEAVE),
        (None, a_pod("yyy-1"), a_set(), Claim.LEAVE),
    ],
)
def test_what_a_set_has_to_do_with_a_pod(
    owner: GameServerSet | None, pod: Pod, gss: GameServerSet, claim: Claim
) -> None:
    assert claim_pod(of(owner, pod), gss) is claim


def test_a_revision_is_known_by_its_label_alone() -> None:
    orphan = replace(OLD, metadata=replace(OLD.metadata, owner_references=()))

    assert claim_revision(OLD, a_set()) is Claim.OURS
    assert claim_revision(orphan, a_set()) is Claim.ADOPT


def test_what_is_adopted_can_be_released_again() -> None:
    taken = adopted(a_pod(), a_set())

    assert taken.metadata.owner_references == (controlled_by(a_set()),)
    assert taken.metadata.owner_references[0].block_owner_deletion
    assert released(taken, a_set()) == a_pod()
