from collections.abc import Iterable

from okg.workload.invalid import InvalidField
from okg.workload.problems import find_problems
from unit.fleet import a_set, a_workload
from unit.workload.set_manifests import quality


def messages(problems: Iterable[InvalidField]) -> list[str]:
    return [str(problem) for problem in problems]


def fields(problems: Iterable[InvalidField]) -> list[str]:
    return [problem.field for problem in problems]


def test_a_valid_set_has_no_problems() -> None:
    assert find_problems(a_set(), a_workload()).all == ()


def test_each_problem_is_listed_under_what_it_blocks() -> None:
    gss = a_set(
        {"replicas": 2_000_000, "reserveGameServerIds": ["5"], "gameServerTemplate": {"spec": {}}}
    )

    problems = find_problems(gss, a_workload(3, ["2-1"]))

    assert messages(problems.size) == [
        "spec.replicas: 2000000 is too many; write at most 1000000",
        'spec.reserveGameServerIds[0]: "5" is neither an integer nor a range such as "3-6"',
        'the workload\'s spec.reserveOrdinals[0]: "2-1" ends before it starts; write "1-2"',
    ]
    assert messages(problems.template) == [
        "spec.gameServerTemplate.spec.containers: must list at least one container"
    ]


def test_a_bad_update_strategy_blocks_the_template_and_not_the_size() -> None:
    gss = a_set({"updateStrategy": {"rollingUpdate": {"partition": -1}}})

    problems = find_problems(gss, a_workload())

    assert fields(problems.template) == ["spec.updateStrategy.rollingUpdate.partition"]
    assert problems.size == ()


def test_a_bad_scale_strategy_is_part_of_every_write_and_told_once() -> None:
    gss = a_set({"scaleStrategy": {"maxUnavailable": 0}})

    problems = find_problems(gss, a_workload())

    assert fields(problems.size) == ["spec.scaleStrategy.maxUnavailable"]
    assert fields(problems.template) == ["spec.scaleStrategy.maxUnavailable"]
    assert fields(problems.all) == ["spec.scaleStrategy.maxUnavailable"]


def test_qualities_that_openkruise_refuses_block_their_probes() -> None:
    problems = find_problems(a_set(quality(name="a#b")), a_workload())

    assert fields(problems.qualities) == ["spec.serviceQualities[0].name"]
    assert fields(problems.blocking) == ["spec.serviceQualities[0].name"]


def test_what_merely_has_no_effect_is_told_and_blocks_nothing() -> None:
    spec = quality(
        containerName="lobby", serviceQualityAction=[{"state": True, "deletionPriority": -1}]
    )

    problems = find_problems(a_set(spec), None)

    assert problems.blocking == ()
    assert fields(problems.others) == [
        "spec.serviceQualities[0].containerName",
        "spec.serviceQualities[0].serviceQualityAction[0].deletionPriority",
    ]


def test_a_name_is_a_problem_until_the_workload_is_there() -> None:
    gss = a_set({"serviceName": "a b"})

    assert fields(find_problems(gss, None).blocking) == ["spec.serviceName"]
    assert find_problems(gss, a_workload()).all == ()


def test_what_works_in_spite_of_its_looks_is_no_problem() -> None:
    gss = a_set(
        {
            "reserveGameServerIds": [1, 1],
            "scaleStrategy": {"maxUnavailable": "150%", "scaleDownStrategyType": "?"},
            "updateStrategy": {"type": "OnDelete", "rollingUpdate": {}},
            "serviceQualities": [],
        }
    )

    assert find_problems(gss, a_workload()).all == ()


def test_a_template_that_makes_no_sense_hides_no_other_problem() -> None:
    spec = {**quality(containerName="lobby"), "gameServerTemplate": {"spec": []}}

    problems = find_problems(a_set({**spec, "replicas": 2_000_000}), a_workload())

    assert fields(problems.all) == ["spec.replicas", "spec.gameServerTemplate.spec"]


def test_a_condition_holds_twenty_problems() -> None:
    problems = find_problems(a_set({"reserveGameServerIds": ["x"] * 1000}), a_workload())

    assert len(problems.told) == 20


def test_what_the_server_refuses_is_told_in_its_words() -> None:
    problems = find_problems(a_set(), a_workload()).with_refusal("denied: too large")

    assert messages(problems.told) == ["the workload: denied: too large"]
    assert problems.blocking == ()
