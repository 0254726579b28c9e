"""What a set is told of its network, when it is stored and while it is."""

from collections.abc import Sequence

from okg.api.game import NetworkConfParam
from okg.workload.network_rules import Findings, Networks, network_obstacles
from okg.workload.problems import find_problems
from okg.workload.validation import Verdict, validate_set
from unit.fleet import a_set


def check(entries: Sequence[NetworkConfParam]) -> Findings:
    """Find a mistake of each kind, as often as it is written."""

    def texts(kind: str) -> tuple[str, ...]:
        return tuple(f"{e.name}: {e.value}" for e in entries if e.value.startswith(kind))

    about = tuple((e.name, e.value) for e in entries if e.name == "Containers")
    return Findings(texts("fatal"), texts("doubtful"), texts("idle"), about)


NETWORKS = Networks({"A": check}, {"B-NLB": "provider B is disabled: [b]: min must be more"})


def network(*conf: tuple[str, str], kind: str = "A") -> dict[str, object]:
    entries = [{"name": name, "value": value} for name, value in conf]
    return {"network": {"networkType": kind, "networkConf": entries}}


def judge(spec: dict[str, object], old: dict[str, object] | None = None) -> Verdict:
    return validate_set(a_set(spec), None if old is None else a_set(old), NETWORKS)


MISTAKES = network(("P", "fatal"), ("Q", "doubtful"), ("R", "idle"))


def test_wrong_parameters_of_a_new_set_are_refused_and_idle_ones_told() -> None:
    assert judge(MISTAKES) == Verdict(
        refusal="spec.network.networkConf: P: fatal; spec.network.networkConf: Q: doubtful",
        warnings=("spec.network.networkConf: R: idle",),
    )


def test_a_container_that_the_template_does_not_have_is_told() -> None:
    spec = network(("Containers", "gmae"), ("Containers", "game"))

    assert judge(spec) == Verdict(
        warnings=(
            (
                'spec.network.networkConf: Containers: the template has no container "gmae"; there'
                " are game"
            ),
        )
    )


def test_a_network_that_is_added_to_a_set_is_checked_as_that_of_a_new_one() -> None:
    assert judge(MISTAKES, {}).refusal == judge(MISTAKES).refusal


def test_an_update_that_leaves_the_network_alone_is_never_refused_for_it() -> None:
    assert judge({**MISTAKES, "replicas": 7}, MISTAKES) == Verdict(
        warnings=(
            "spec.network.networkConf: P: fatal",
            "spec.network.networkConf: Q: doubtful",
            "spec.network.networkConf: R: idle",
        )
    )


def test_a_changed_parameter_is_checked_anew() -> None:
    changed = network(("P", "fatal, otherwise"), ("Q", "doubtful"))

    assert judge(changed, MISTAKES) == Verdict(
        refusal="spec.network.networkConf: P: fatal, otherwise",
        warnings=("spec.network.networkConf: Q: doubtful",),
    )


def test_a_network_of_a_disabled_provider_is_refused_with_the_reason() -> None:
    assert judge(network(kind="B-NLB")).refusal == (
        'spec.network.networkType: "B-NLB" cannot be used, because provider B is disabled:'
        " [b]: min must be more; until that is put right network type must be one of [A]"
    )
    assert judge(network(kind="B-NLB"), network(kind="B-NLB")).refusal == ""


def test_where_only_the_manager_knows_the_networks_nothing_is_said_of_them() -> None:
    assert validate_set(a_set(MISTAKES), None, None) == Verdict()


def test_a_stored_set_is_told_what_keeps_its_network_from_being_made() -> None:
    wrong, disabled = a_set(MISTAKES), a_set(network(kind="B-NLB"))

    assert [str(it) for it in network_obstacles(wrong, NETWORKS)] == [
        "spec.network.networkConf: P: fatal"
    ]
    assert len(list(network_obstacles(disabled, NETWORKS))) == 1
    assert list(network_obstacles(disabled, None)) == []


def test_a_network_that_cannot_be_made_keeps_nothing_else_from_being_done() -> None:
    problems = find_problems(a_set(MISTAKES), None, NETWORKS)

    assert problems.blocking == ()
    assert [str(it) for it in problems.all] == ["spec.network.networkConf: P: fatal"]
