from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.game import GameServerSet
from okg.api.kruise import PodProbeMarker
from okg.workload.probe_marker import (
    build_probe_marker,
    decide_marker_step,
    probes_hash,
    update_probe_marker,
)
from unit.fleet import NOW, a_set

IDLE: dict[str, object] = {
    "name": "idle",
    "containerName": "game",
    "permanent": False,
    "exec": {"command": ["sh", "-c", "true"]},
    "serviceQualityAction": [{"state": True, "opsState": "WaitToBeDeleted"}],
}
WITH_PROBES = a_set({"serviceQualities": [IDLE]})
WITHOUT = a_set()
EMPTY = a_set({"serviceQualities": []})


def edited(**fields: object) -> GameServerSet:
    return a_set({"serviceQualities": [{**IDLE, **fields}]})


def as_json(marker: PodProbeMarker) -> Mapping[str, object]:
    decoded = msgspec.json.decode(msgspec.json.encode(marker))
    assert isinstance(decoded, dict)
    return decoded


def test_a_new_marker_belongs_to_the_set_and_selects_its_pods() -> None:
    marker = build_probe_marker(WITH_PROBES)

    assert as_json(marker)["metadata"] == {
        "name": "xxx",
        "namespace": "games",
        "annotations": {"game.kruise.io/ppm-hash": probes_hash(WITH_PROBES)},
        "ownerReferences": [
            {
                "apiVersion": "game.kruise.io/v1alpha1",
                "kind": "GameServerSet",
                "name": "xxx",
                "uid": "uid-of-xxx",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert marker.spec.selector is not None
    assert marker.spec.selector.match_labels == {"game.kruise.io/owner-gss": "xxx"}


def test_a_probe_without_numbers_gets_those_of_openkruisegame() -> None:
    marker = build_probe_marker(WITH_PROBES)

    assert msgspec.json.decode(msgspec.json.encode(marker.spec.probes)) == [
        {
            "name": "idle",
            "containerName": "game",
            "podConditionType": "game.kruise.io/idle",
            "probe": {
                "exec": {"command": ["sh", "-c", "true"]},
                "initialDelaySeconds": 10,
                "timeoutSeconds": 5,
                "periodSeconds": 3,
                "successThreshold": 1,
                "failureThreshold": 3,
            },
        }
    ]


def test_a_probe_keeps_what_the_user_wrote_and_so_does_their_order() -> None:
    health: dict[str, object] = {
        "name": "health",
        "containerName": "sidecar",
        "permanent": True,
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "tcpSocket": {"port": 1},
        "grpc": {"port": 2},
        "initialDelaySeconds": 1,
        "timeoutSeconds": 2,
        "periodSeconds": 4,
        "successThreshold": 5,
        "failureThreshold": 6,
        "terminationGracePeriodSeconds": 7,
    }
    marker = build_probe_marker(a_set({"serviceQualities": [health, IDLE]}))

    first, second = marker.spec.probes
    assert msgspec.json.decode(msgspec.json.encode(first.probe)) == {
        key: value
        for key, value in health.items()
        if key not in {"name", "containerName", "permanent"}
    }
    assert (first.name, second.name) == ("health", "idle")


def acknowledged(gss: GameServerSet) -> PodProbeMarker:
    marker = build_probe_marker(gss)
    return replace(
        marker,
        metadata=replace(marker.metadata, generation=3),
        status=replace(marker.status, observed_generation=3),
    )


KNOWN = acknowledged(WITH_PROBES)
UNKNOWN = replace(KNOWN, metadata=replace(KNOWN.metadata, generation=4))
LEAVING = replace(KNOWN, metadata=replace(KNOWN.metadata, deletion_timestamp=NOW))
OF_ANOTHER = acknowledged(
    replace(WITH_PROBES, metadata=replace(WITH_PROBES.metadata, uid="another"))
)
BY_HAND = replace(KNOWN, metadata=replace(KNOWN.metadata, annotations={}, owner_references=()))


@pytest.mark.parametrize(
    ("gss", "marker", "step"),
    [
        (WITHOUT, None, "none"),
        (EMPTY, None, "none"),
        (WITH_PROBES, None, "create"),
        (WITHOUT, KNOWN, "delete"),
        (EMPTY, KNOWN, "delete"),
        (WITHOUT, LEAVING, "none"),
        (WITHOUT, OF_ANOTHER, "none"),
        (WITHOUT, BY_HAND, "none"),
        (edited(periodSeconds=9), KNOWN, "update"),
        (WITH_PROBES, BY_HAND, "update"),
        (WITH_PROBES, UNKNOWN, "wait"),
        (WITH_PROBES, LEAVING, "wait"),
        (WITH_PROBES, OF_ANOTHER, "wait"),
        (WITH_PROBES, KNOWN, "none"),
    ],
)
def test_the_next_step_follows_from_set_and_marker(
    gss: GameServerSet, marker: PodProbeMarker | None, step: str
) -> None:
    assert decide_marker_step(gss, marker) == step


def test_an_update_changes_probes_and_hash_only() -> None:
    meta = replace(KNOWN.metadata, annotations={"note": "kept"}, labels={"team": "a"})
    gss = edited(periodSeconds=9)

    updated = update_probe_marker(replace(KNOWN, metadata=meta), gss)

    assert updated.metadata.annotations == {
        "note": "kept",
        "game.kruise.io/ppm-hash": probes_hash(gss),
    }
    assert updated.metadata.labels == {"team": "a"}
    assert updated.spec.selector is KNOWN.spec.selector
    assert [probe.probe.period_seconds for probe in updated.spec.probes] == [9]


@pytest.mark.parametrize(
    "other",
    [
        edited(periodSeconds=9),
        edited(permanent=True),
        edited(serviceQualityAction=[]),
        edited(exec={"command": ["false"]}),
    ],
)
def test_everything_the_user_writes_about_qualities_is_hashed(other: GameServerSet) -> None:
    assert probes_hash(other) != probes_hash(WITH_PROBES)


def test_nothing_else_of_the_set_is_hashed() -> None:
    bigger = a_set({"serviceQualities": [IDLE], "replicas": 9})

    assert probes_hash(bigger) == probes_hash(WITH_PROBES)
