from typing import Any

import pytest
from msgspec.structs import replace

from okg.workload.network_rules import Networks
from okg.workload.validation import Verdict, validate_set
from unit.fleet import NOW, a_set
from unit.workload.set_manifests import FULL, NETWORKS, actions, judge, pod

DNS = 'write at most 63 small letters, digits or "-", with a letter or digit at both ends'


def test_a_set_without_mistakes_is_stored_without_a_word() -> None:
    assert judge() == Verdict()
    assert judge(FULL) == Verdict()
    assert judge(FULL, FULL) == Verdict()


def test_a_set_without_a_spec_is_stored() -> None:
    bare = replace(a_set(), spec=None)

    assert validate_set(bare, None, NETWORKS) == Verdict()
    assert validate_set(bare, a_set(), NETWORKS) == Verdict()


def test_actions_for_different_results_do_not_contradict_each_other() -> None:
    spec = actions({"opsState": "A"}, {"result": "7", "opsState": "B"}, {"opsState": "A"})

    assert judge(spec) == Verdict()


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("a" * 52, ""),
        (
            "a" * 53,
            "metadata.name: has 53 characters; write at most 52, or pods cannot be made",
        ),
        ("game.v1", f'metadata.name: "game.v1" cannot be part of a host name; {DNS}'),
        ("", ""),
    ],
)
def test_pods_are_called_after_the_set(name: str, refusal: str) -> None:
    gss = replace(a_set(), metadata=replace(a_set().metadata, name=name))

    assert validate_set(gss, None, NETWORKS) == Verdict(refusal=refusal)


def test_the_type_of_a_network_is_not_changed() -> None:
    verdict = judge(
        {"network": {"networkType": "Kubernetes-NodePort"}},
        {"network": {"networkType": "Kubernetes-HostPort"}},
    )

    assert verdict == Verdict(
        refusal="spec.network.networkType: change network type is not allowed; write "
        '"Kubernetes-HostPort" as before, or remove the network in one update and add the other '
        "in the next"
    )


@pytest.mark.parametrize(
    ("network", "before"),
    [
        (None, {"networkType": "Kubernetes-HostPort"}),
        ({"networkType": "Kubernetes-HostPort"}, None),
        ({"networkType": "Kubernetes-HostPort"}, {}),
        ({"networkType": "Kubernetes-HostPort"}, {"networkType": "Kubernetes-HostPort"}),
    ],
)
def test_a_network_comes_and_goes(
    network: dict[str, Any] | None, before: dict[str, Any] | None
) -> None:
    assert judge({"network": network}, {"network": before}) == Verdict()


def test_all_mistakes_are_told_at_once() -> None:
    verdict = judge({"replicas": 1_000_001, "reserveGameServerIds": ["5", 1, "b"], "network": {}})

    assert [part.partition(":")[0] for part in verdict.refusal.split("; spec.")] == [
        "spec.network.networkType",
        "replicas",
        "reserveGameServerIds[0]",
        "reserveGameServerIds[2]",
    ]


def test_a_message_has_an_end() -> None:
    verdict = judge({"reserveGameServerIds": ["x"] * 1000})

    assert verdict.refusal.endswith("; and 980 more")
    assert verdict.refusal.count("is neither") == 20
    assert len(judge(*[{"reserveGameServerIds": ["x"] * 1000}] * 2).warnings) == 20


def test_a_stored_mistake_is_not_exchanged_for_another() -> None:
    verdict = judge({"reserveGameServerIds": ["5", "7"]}, {"reserveGameServerIds": ["5", "6"]})

    assert verdict.refusal.startswith('spec.reserveGameServerIds[1]: "7" is neither')
    assert [warning[:29] for warning in verdict.warnings] == ["spec.reserveGameServerIds[0]:"]


def test_a_stored_mistake_may_move_when_another_item_goes() -> None:
    verdict = judge({"reserveGameServerIds": ["x"]}, {"reserveGameServerIds": [1, "x"]})

    assert verdict.refusal == ""
    assert [warning[:29] for warning in verdict.warnings] == ["spec.reserveGameServerIds[0]:"]


def test_a_stored_mistake_may_name_another_place_that_moved() -> None:
    twice = [{"name": "a", "image": "a"}, {"name": "a", "image": "b"}]
    stored = pod(containers=[{"name": "game", "image": "game:1"}, *twice])

    verdict = judge(pod(containers=twice), stored)

    assert verdict.refusal == ""
    assert [warning.partition(":")[0] for warning in verdict.warnings] == [
        "spec.gameServerTemplate.spec.containers[1].name"
    ]


def test_a_stored_mistake_excuses_no_second_one_of_its_kind() -> None:
    verdict = judge({"reserveGameServerIds": ["x", "x"]}, {"reserveGameServerIds": ["x"]})

    assert verdict.refusal.startswith('spec.reserveGameServerIds[1]: "x" is neither')
    assert [warning[:29] for warning in verdict.warnings] == ["spec.reserveGameServerIds[0]:"]


def test_a_set_on_its_way_out_can_be_edited_in_any_way() -> None:
    gss = a_set({"replicas": 1_000_001, "network": {"networkType": "B"}})
    leaving = replace(gss, metadata=replace(gss.metadata, deletion_timestamp=NOW))

    verdict = validate_set(leaving, a_set({"network": {"networkType": "A"}}), NETWORKS)

    assert verdict.refusal == ""
    assert [warning.partition(":")[0] for warning in verdict.warnings] == [
        "spec.network.networkType",
        "spec.replicas",
    ]


def test_an_old_set_without_a_spec_excuses_nothing() -> None:
    bare = replace(a_set(), spec=None)

    assert validate_set(a_set({"replicas": 1_000_001}), bare, Networks()).refusal != ""
