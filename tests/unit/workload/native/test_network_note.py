from msgspec.structs import replace

from okg.api.core import ConfigMap
from okg.workload.native.network_note import (
    is_note,
    is_outdated,
    note_name,
    noted_name,
    noted_pod,
    with_note,
)
from okg.workload.native.record import to_config_map
from okg.workload.statefulset import build_statefulset
from unit.fleet import a_pod, a_set

NETWORK = {
    "game.kruise.io/network-type": "Net",
    "game.kruise.io/network-conf": "[]",
    "game.kruise.io/network-status": "{}",
}
POD = a_pod(annotations=NETWORK)


def test_a_note_keeps_what_a_plugin_needs_to_know_of_a_pod_that_is_gone() -> None:
    note = with_note(POD)

    known = noted_pod(note)

    assert known.metadata == replace(POD.metadata, creation_timestamp=None)
    assert known.spec == POD.spec
    assert known.status.phase == ""


def test_a_note_is_found_by_the_name_of_its_pod_and_told_apart_from_a_record() -> None:
    note = with_note(POD)

    assert note.metadata.name == note_name("xxx-0") == "xxx-0-network"
    assert noted_name(note) == "xxx-0"
    assert is_note(note)
    assert not is_note(to_config_map(build_statefulset(a_set()), a_set()))
    assert not is_note(ConfigMap())


def test_nobody_owns_a_note_so_that_it_outlives_its_set() -> None:
    assert with_note(POD).metadata.owner_references == ()


def test_a_note_is_outdated_when_another_pod_or_network_is_there_and_not_by_other_changes() -> None:
    note = with_note(POD)
    named_alike = replace(POD, metadata=replace(POD.metadata, uid="another"))
    ready = a_pod(annotations=NETWORK | {"game.kruise.io/network-status": '{"a":1}'})
    labelled = a_pod(annotations=NETWORK | {"x": "y"}, labels={"a": "b"})

    assert is_outdated(None, POD)
    assert is_outdated(note, named_alike)
    assert is_outdated(note, ready)
    assert not is_outdated(note, POD)
    assert not is_outdated(note, labelled)


def test_a_note_that_is_written_again_keeps_what_others_put_there() -> None:
    note = with_note(POD)
    marked = replace(note, metadata=replace(note.metadata, labels={"theirs": "1"}))

    after = with_note(a_pod("xxx-0", node="node-9", annotations=NETWORK), marked)

    assert after.metadata.labels == {"theirs": "1"}
    assert noted_pod(after).spec.node_name == "node-9"


def test_of_a_damaged_note_its_metadata_tells_whose_network_it_was() -> None:
    damaged = replace(with_note(POD), data={"pod": "["})

    known = noted_pod(damaged).metadata

    assert (known.name, known.namespace) == ("xxx-0", "games")
    assert known.labels == {"game.kruise.io/owner-gss": "xxx"}
    assert known.annotations == {"game.kruise.io/network-type": "Net"}
    assert known.uid
