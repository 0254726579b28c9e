from typing import Any

from msgspec.structs import replace

from okg.api.core import ObjectMeta, PersistentVolumeClaim, Pod
from okg.api.meta import OwnerReference
from okg.controllers.workload import watches
from okg.runtime.reconcile import Request
from okg.runtime.watch import Watch
from okg.workload.native.membership import adopted
from okg.workload.native.network_note import with_note
from okg.workload.native.record import to_config_map
from okg.workload.statefulset import build_statefulset
from unit.fleet import NOW, a_pod, a_set
from unit.workload.native.native_fleet import OLD

XXX = [Request("games", "xxx")]


def requests(number: int, old: Any, new: Any) -> list[Request]:
    watch = watches()[number]
    assert isinstance(watch, Watch)
    if watch.when is not None and not watch.when(old, new):
        return []
    return sorted(watch.handler(old, new))


def a_claim(**meta: Any) -> PersistentVolumeClaim:
    labels = {"game.kruise.io/owner-gss": "xxx"}
    return PersistentVolumeClaim(
        metadata=ObjectMeta(name="data-xxx-0", namespace="games", labels=labels, **meta)
    )


def test_a_record_that_asks_for_something_else_leads_to_its_set() -> None:
    workload = build_statefulset(a_set())
    before = to_config_map(workload, a_set())
    bigger = replace(workload, spec=replace(workload.spec, replicas=9))
    touched = replace(before, metadata=replace(before.metadata, resource_version="9"))

    assert requests(0, None, before) == XXX
    assert requests(0, before, None) == XXX
    assert requests(0, before, to_config_map(bigger, a_set(), before)) == XXX
    assert requests(0, before, touched) == []


def test_a_pod_leads_to_the_set_of_its_label_and_to_the_one_that_manages_it() -> None:
    plain = a_pod()
    lost = replace(
        adopted(plain, a_set()), metadata=replace(adopted(plain, a_set()).metadata, labels={})
    )
    moved = a_pod(labels={"game.kruise.io/owner-gss": "yyy"})

    assert requests(1, None, plain) == XXX
    assert requests(1, None, adopted(plain, a_set())) == XXX
    assert requests(1, plain, lost) == XXX
    assert requests(1, None, adopted(moved, a_set())) == [
        Request("games", "xxx"),
        Request("games", "yyy"),
    ]
    assert requests(1, None, Pod()) == []


def test_storage_leads_to_its_set_when_it_goes_or_changes_hands() -> None:
    owner = OwnerReference(api_version="v1", kind="Pod", name="a", uid="b")

    assert requests(2, None, a_claim()) == []
    assert requests(2, a_claim(), a_claim(resource_version="2")) == []
    assert requests(2, a_claim(), a_claim(deletion_timestamp=NOW)) == XXX
    assert requests(2, a_claim(), a_claim(owner_references=(owner,))) == XXX
    assert requests(2, a_claim(), None) == XXX
    assert requests(2, PersistentVolumeClaim(), None) == []


def test_a_revision_that_goes_leads_to_its_set() -> None:
    assert requests(3, OLD, None) == XXX
    assert requests(3, None, OLD) == []
    assert requests(3, OLD, OLD) == []


def test_all_kinds_that_are_read_are_watched() -> None:
    assert [w.resource.__name__ for w in watches()] == [
        "ConfigMap",
        "Pod",
        "PersistentVolumeClaim",
        "ControllerRevision",
        "ConfigMap",
    ]


def test_a_note_leads_to_its_set_when_it_goes_for_then_the_pod_may_be_made_again() -> None:
    note = with_note(a_pod())

    assert requests(4, note, None) == XXX
    assert requests(4, None, note) == []
    assert requests(4, to_config_map(build_statefulset(a_set()), a_set()), None) == []
    assert requests(0, None, note) == []
