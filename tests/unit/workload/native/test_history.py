from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.kruise import StatefulSetStatus
from okg.workload.native.history import (
    canonical_template,
    current_revision,
    in_order,
    newest_revision,
    revision_hash,
    surplus_revisions,
)
from unit.fleet import NOW, a_set
from unit.workload.native.native_fleet import NEW, OLD, a_member, a_native, a_revision, with_image

SMALL = msgspec.Raw(
    b'{"spec": {"containers": [{"name": "c", "image": "i:1"}]},'
    b' "metadata": {"labels": {"a": "b"}, "annotations": null}}'
)


def test_a_template_is_kept_with_sorted_keys_and_without_nulls() -> None:
    assert bytes(canonical_template(SMALL)) == (
        b'{"$patch":"replace","metadata":{"labels":{"a":"b"}},'
        b'"spec":{"containers":[{"image":"i:1","name":"c"}]}}'
    )


def test_a_template_is_kept_in_the_bytes_that_the_api_server_would_write() -> None:
    template = msgspec.Raw(b'{"spec":{"command":["a && b > c"]}}')

    assert bytes(canonical_template(template)) == (
        rb'{"$patch":"replace","spec":{"command":["a \u0026\u0026 b \u003e c"]}}'
    )


@pytest.mark.parametrize(("collisions", "hash_"), [(0, "6f5cc6f959"), (1, "6f5cc6f958")])
def test_the_hash_is_that_of_openkruise(collisions: int, hash_: str) -> None:
    assert revision_hash(SMALL, collisions) == hash_


def test_an_empty_map_says_something_and_is_kept() -> None:
    template = msgspec.Raw(b'{"spec":{"volumes":[{"emptyDir":{},"name":null}]}}')

    assert b'"volumes":[{"emptyDir":{}}]' in bytes(canonical_template(template))


def test_the_first_revision_carries_what_openkruise_writes() -> None:
    made = newest_revision(a_native(), a_set(), [])

    meta = made.metadata
    hash_ = meta.labels["controller.kubernetes.io/hash"]
    assert meta.name == f"xxx-{hash_}"
    assert meta.labels == {
        "app": "game",
        "game.kruise.io/owner-gss": "xxx",
        "controller.kubernetes.io/hash": hash_,
    }
    assert [o.uid for o in meta.owner_references] == ["uid-of-xxx"]
    assert meta.annotations.keys() == {"game.kruise.io/asts-hash"}
    assert made.revision == 1


def test_the_same_template_is_the_same_revision_however_the_server_writes_it() -> None:
    rewritten = msgspec.json.encode(msgspec.json.decode(OLD.data.spec.template), order="sorted")
    spaced = msgspec.Raw(msgspec.json.format(rewritten, indent=2))
    stored = replace(OLD, data=replace(OLD.data, spec=replace(OLD.data.spec, template=spaced)))

    assert newest_revision(a_native(), a_set(), [stored]) is stored


def test_a_changed_template_is_a_new_revision() -> None:
    made = newest_revision(a_native(with_image("game:2")), a_set(), [OLD])

    assert made == NEW
    assert made.metadata.name != OLD.metadata.name


def test_a_set_that_goes_back_renumbers_the_revision_it_had() -> None:
    made = newest_revision(a_native(), a_set(), [NEW, OLD])

    assert made == replace(OLD, revision=3)


def test_another_template_of_the_same_hash_gets_another_name() -> None:
    first = newest_revision(a_native(), a_set(), [])
    second = newest_revision(a_native(), a_set(), [], 1)

    assert first.metadata.name != second.metadata.name


def test_revisions_are_in_order_of_number_then_age_then_name() -> None:
    def made(name: str, number: int, age: int) -> ControllerRevision:
        meta = replace(OLD.metadata, name=name, creation_timestamp=NOW - timedelta(seconds=age))
        return replace(OLD, metadata=meta, revision=number)

    mixed = [made("d", 2, 9), made("c", 1, 1), made("b", 1, 1), made("a", 1, 0)]

    assert [r.metadata.name for r in in_order(mixed)] == ["b", "c", "a", "d"]


def test_the_current_revision_is_the_one_the_status_names_while_it_exists() -> None:
    workload = replace(a_native(), status=StatefulSetStatus(current_revision=OLD.metadata.name))

    assert current_revision(workload, [OLD, NEW], NEW) is OLD
    assert current_revision(workload, [NEW], NEW) is NEW


def test_the_oldest_revisions_that_nobody_names_go() -> None:
    a, b, c, d = (a_revision(f"game:{n}", n) for n in range(1, 5))
    workload = a_native({"revisionHistoryLimit": 1})

    gone = surplus_revisions(workload, [d, c, b, a], [d], [a_member(0, a)])

    assert gone == [b]


def test_ten_revisions_are_kept_beside_those_in_use() -> None:
    revisions = [a_revision(f"game:{n}", n) for n in range(1, 14)]

    gone = surplus_revisions(a_native(), revisions, [revisions[-1]], [])

    assert [r.revision for r in gone] == [1, 2]
