import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.client.patch import diff
from okg.workload.invalid import InvalidField
from okg.workload.native.record import (
    has_news,
    record_name,
    record_of,
    set_name,
    to_config_map,
    with_status,
)
from okg.workload.statefulset import build_statefulset
from unit.fleet import a_set


def stored(config_map: ConfigMap) -> ConfigMap:
    """Return a record as the server would answer it."""
    meta = replace(config_map.metadata, uid="uid-of-record", resource_version="5")
    return replace(config_map, metadata=meta)


def scaled(workload: AdvancedStatefulSet, replicas: int) -> AdvancedStatefulSet:
    return replace(workload, spec=replace(workload.spec, replicas=replicas))


def test_a_new_record_belongs_to_the_set_and_is_not_selected_as_a_pod() -> None:
    record = to_config_map(build_statefulset(a_set()), a_set())

    meta = record.metadata
    assert (meta.namespace, meta.name) == ("games", "xxx-workload")
    assert meta.labels == {"game.kruise.io/workload-record": "true"}
    assert [(o.kind, o.uid, o.controller) for o in meta.owner_references] == [
        ("GameServerSet", "uid-of-xxx", True)
    ]
    assert set(record.data) == {"spec", "status"}


def test_a_record_is_read_as_the_workload_that_was_written() -> None:
    workload = build_statefulset(a_set({"reserveGameServerIds": [1, "3-5"]}))
    workload = replace(workload, status=StatefulSetStatus(replicas=2))

    found = record_of(stored(to_config_map(workload, a_set())))

    assert found.spec == workload.spec
    assert found.status == workload.status
    assert found.metadata.annotations == workload.metadata.annotations
    assert (found.metadata.name, found.metadata.namespace) == ("xxx", "games")
    assert (found.metadata.uid, found.metadata.resource_version) == ("uid-of-record", "5")
    assert found.metadata.generation == 1


def test_a_template_is_kept_to_the_byte() -> None:
    template = msgspec.Raw(b'{"spec":{"containers":[{"name":"a", "x":1.50}],"unknown":null}}')
    workload = build_statefulset(a_set())
    workload = replace(workload, spec=replace(workload.spec, template=template))

    found = record_of(to_config_map(workload, a_set()))

    assert bytes(found.spec.template) == bytes(template)


def test_another_spec_is_another_generation_and_another_status_is_not() -> None:
    workload = build_statefulset(a_set())
    first = to_config_map(workload, a_set())

    second = to_config_map(scaled(record_of(first), 9), a_set(), first)
    third = with_status(second, StatefulSetStatus(replicas=9))

    assert record_of(second).metadata.generation == 2
    assert record_of(third).metadata.generation == 2
    assert record_of(third).status.replicas == 9


def test_each_writer_leaves_what_the_other_one_writes() -> None:
    first = to_config_map(build_statefulset(a_set()), a_set())

    told = with_status(first, StatefulSetStatus(replicas=2))
    asked = to_config_map(scaled(record_of(first), 9), a_set(), told)

    assert told.data["spec"] == first.data["spec"]
    assert asked.data["status"] == told.data["status"]
    assert record_of(asked).spec.replicas == 9


def test_a_status_is_written_without_the_spec_and_bound_to_the_uid_alone() -> None:
    before = stored(to_config_map(build_statefulset(a_set()), a_set()))

    patch = diff(before, with_status(before, StatefulSetStatus(replicas=2)), lock=False)

    assert patch is not None
    assert patch.content_type == "application/merge-patch+json"
    assert msgspec.json.decode(patch.body) == {
        "data": {"status": '{"replicas":2}'},
        "metadata": {"uid": "uid-of-record"},
    }


def test_what_others_put_on_a_record_stays() -> None:
    first = stored(to_config_map(build_statefulset(a_set()), a_set()))
    before = replace(first, metadata=replace(first.metadata, labels={"team": "a"}))

    after = to_config_map(scaled(record_of(before), 9), a_set(), before)

    assert after.metadata == before.metadata


OF_AN_EARLIER_BUILD = (
    '{"generation":3,"spec":{"replicas":4,"template":{"a":1}},"status":{"replicas":2}}'
)


def test_a_record_of_an_earlier_build_is_read_and_taken_apart() -> None:
    record = stored(to_config_map(build_statefulset(a_set()), a_set()))
    old = replace(record, data={"workload": OF_AN_EARLIER_BUILD})

    found = record_of(old)
    told = with_status(old, StatefulSetStatus(replicas=3))
    asked = to_config_map(scaled(record_of(told), 5), a_set(), told)
    both = to_config_map(scaled(found, 5), a_set(), old)

    assert (found.metadata.generation, found.spec.replicas, found.status.replicas) == (3, 4, 2)
    assert bytes(found.spec.template) == b'{"a":1}'
    assert (record_of(told).spec.replicas, record_of(told).status.replicas) == (4, 3)
    assert set(asked.data) == set(both.data) == {"spec", "status"}
    assert record_of(asked).metadata.generation == 4
    assert (record_of(asked).spec.replicas, record_of(asked).status.replicas) == (5, 3)
    assert (record_of(both).spec.replicas, record_of(both).status.replicas) == (5, 2)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("spec", "{"),
        ("spec", '{"spec": {"replicas": "many"}}'),
        ("status", ""),
        ("status", '{"replicas": "many"}'),
    ],
)
def test_a_record_that_makes_no_sense_is_not_taken_for_an_empty_one(key: str, text: str) -> None:
    record = to_config_map(build_statefulset(a_set()), a_set())

    with pytest.raises(InvalidField, match=rf'^data\["{key}"\] of the workload record: cannot'):
        record_of(replace(record, data={**record.data, key: text}))


@pytest.mark.parametrize("data", [{}, {"status": "{}"}, {"workload": "{"}])
def test_a_record_without_a_spec_is_not_taken_for_an_empty_one(data: dict[str, str]) -> None:
    record = to_config_map(build_statefulset(a_set()), a_set())

    with pytest.raises(InvalidField, match=r"^data\[.* of the workload record: cannot"):
        record_of(replace(record, data=data))


def test_names_of_sets_and_records_lead_to_each_other() -> None:
    record = to_config_map(build_statefulset(a_set()), a_set())

    assert record.metadata.name == record_name("xxx")
    assert set_name(record) == "xxx"


def test_what_a_record_asks_for_is_news_and_what_it_tells_is_not() -> None:
    first = to_config_map(build_statefulset(a_set()), a_set())
    asked = scaled(record_of(first), 9)

    assert has_news(None, first)
    assert has_news(first, None)
    assert has_news(first, to_config_map(asked, a_set(), first))
    assert has_news(first, replace(first, data={"spec": "{"}))
    assert not has_news(first, with_status(first, StatefulSetStatus(replicas=1)))
