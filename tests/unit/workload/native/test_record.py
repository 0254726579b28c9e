import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.workload.invalid import InvalidField
from okg.workload.native.record import has_news, record_name, record_of, set_name, to_config_map
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
    assert set(record.data) == {"workload"}


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
    third = to_config_map(
        replace(record_of(second), status=StatefulSetStatus(replicas=9)), a_set(), second
    )

    assert record_of(second).metadata.generation == 2
    assert record_of(third).metadata.generation == 2
    assert record_of(third).status.replicas == 9


def test_what_others_put_on_a_record_stays() -> None:
    first = stored(to_config_map(build_statefulset(a_set()), a_set()))
    before = replace(first, metadata=replace(first.metadata, labels={"team": "a"}))

    after = to_config_map(scaled(record_of(before), 9), a_set(), before)

    assert after.metadata == before.metadata


@pytest.mark.parametrize("text", ["", "{", '{"spec": {"replicas": "many"}}'])
def test_a_record_that_makes_no_sense_is_not_taken_for_an_empty_one(text: str) -> None:
    record = to_config_map(build_statefulset(a_set()), a_set())

    with pytest.raises(InvalidField, match=r'^data\["workload"\] of the workload record: cannot'):
        record_of(replace(record, data={"workload": text} if text else {}))


def test_names_of_sets_and_records_lead_to_each_other() -> None:
    record = to_config_map(build_statefulset(a_set()), a_set())

    assert record.metadata.name == record_name("xxx")
    assert set_name(record) == "xxx"


def test_what_a_record_asks_for_is_news_and_what_it_tells_is_not() -> None:
    first = to_config_map(build_statefulset(a_set()), a_set())
    told = replace(record_of(first), status=StatefulSetStatus(replicas=1))
    asked = scaled(record_of(first), 9)

    assert has_news(None, first)
    assert has_news(first, None)
    assert has_news(first, to_config_map(asked, a_set(), first))
    assert has_news(first, replace(first, data={"workload": "{"}))
    assert not has_news(first, to_config_map(told, a_set(), first))
