from typing import Any

from okg.api.core import PersistentVolumeClaim
from unit.controllers.workload.native_cluster import DATA, NativeCluster

PROTECTED = {"finalizers": ["kubernetes.io/pvc-protection"]}


def owners(claim: PersistentVolumeClaim) -> list[str]:
    return [f"{o.kind}/{o.name}" for o in claim.metadata.owner_references]


def policy(when_deleted: str, when_scaled: str) -> dict[str, Any]:
    rules = {"whenDeleted": when_deleted, "whenScaled": when_scaled}
    return {**DATA, "persistentVolumeClaimRetentionPolicy": rules}


def test_every_pod_has_its_claims() -> None:
    cluster = NativeCluster({"replicas": 2, **DATA})

    cluster.settle()

    assert sorted(cluster.claims) == ["data-xxx-0", "data-xxx-1"]
    claim = cluster.server.tree(PersistentVolumeClaim.resource_type, "games", "data-xxx-0")
    assert claim["spec"] == {"novelty": 1}
    volumes = cluster.pods[1].spec.volumes
    assert [v.persistent_volume_claim.claim_name for v in volumes if v.persistent_volume_claim] == [
        "data-xxx-1"
    ]


def test_claims_outlive_their_pods_and_are_used_again() -> None:
    cluster = NativeCluster({"replicas": 2, **DATA})
    cluster.settle()
    before = cluster.claims["data-xxx-1"].metadata.uid

    cluster.edit(replicas=1)
    cluster.settle()
    kept = cluster.claims["data-xxx-1"].metadata.uid
    cluster.edit(replicas=2)
    cluster.settle()

    assert kept == before
    assert cluster.claims["data-xxx-1"].metadata.uid == before
    assert sorted(cluster.pods) == [0, 1]


def test_claims_go_with_servers_that_are_scaled_away_if_they_shall() -> None:
    cluster = NativeCluster({"replicas": 2, **policy("Delete", "Delete")})
    cluster.settle()
    of_set = owners(cluster.claims["data-xxx-1"])

    cluster.edit(replicas=1)
    cluster.reconcile()
    of_pod = owners(cluster.claims["data-xxx-1"])
    cluster.settle()

    assert of_set == ["GameServerSet/xxx"]
    assert of_pod == ["Pod/xxx-1"]
    assert sorted(cluster.claims) == ["data-xxx-0"]


def test_a_claim_stays_when_its_pod_is_only_replaced() -> None:
    cluster = NativeCluster({"replicas": 1, **policy("Retain", "Delete")})
    cluster.settle()
    before = cluster.claims["data-xxx-0"].metadata.uid

    cluster.delete_pod(0)
    cluster.settle()

    assert cluster.claims["data-xxx-0"].metadata.uid == before
    assert owners(cluster.claims["data-xxx-0"]) == []


def test_a_changed_policy_reaches_the_claims_that_are_there() -> None:
    cluster = NativeCluster({"replicas": 1, **DATA})
    cluster.settle()

    cluster.edit(**policy("Delete", "Retain"))
    cluster.settle()

    assert owners(cluster.claims["data-xxx-0"]) == ["GameServerSet/xxx"]


def test_a_claim_that_goes_with_an_earlier_pod_is_waited_for() -> None:
    cluster = NativeCluster({"replicas": 2, **policy("Retain", "Delete")})
    cluster.settle()
    cluster.merge(cluster.claims["data-xxx-1"], metadata=PROTECTED)
    cluster.edit(replicas=1)
    cluster.settle()

    cluster.edit(replicas=2)
    cluster.reconcile()
    waiting = sorted(cluster.pods)
    cluster.server.remove(cluster.claims["data-xxx-1"])
    cluster.settle()

    assert waiting == [0]
    assert sorted(cluster.pods) == [0, 1]
    assert owners(cluster.claims["data-xxx-1"]) == []


def test_a_claim_that_somebody_deletes_holds_its_pod_back_and_says_so() -> None:
    cluster = NativeCluster({"replicas": 1, **DATA})
    cluster.settle()
    cluster.merge(cluster.claims["data-xxx-0"], metadata=PROTECTED)
    cluster.client.api.delete(cluster.claims["data-xxx-0"])
    cluster.delete_pod(0)
    cluster.run_kubelets()

    cluster.reconcile()

    assert cluster.pods == {}
    assert [c.message for c in cluster.status.conditions] == [
        "pod xxx-0: claim data-xxx-0 is to be deleted; waiting for it"
    ]


def test_a_claim_that_a_pending_pod_lacks_is_made_again() -> None:
    cluster = NativeCluster({"replicas": 1, **DATA})
    cluster.reconcile()
    cluster.server.remove(cluster.claims["data-xxx-0"])

    cluster.reconcile()

    assert sorted(cluster.claims) == ["data-xxx-0"]
