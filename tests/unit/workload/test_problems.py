from okg.workload.problems import Problems, find_problems
from unit.fleet import a_set, a_workload


def messages(problems: Problems) -> tuple[list[str], list[str]]:
    return [str(p) for p in problems.size], [str(p) for p in problems.template]


def test_a_valid_set_has_no_problems() -> None:
    assert find_problems(a_set(), a_workload()).all == ()


def test_each_problem_is_listed_under_what_it_blocks() -> None:
    gss = a_set(
        {"replicas": 2_000_000, "reserveGameServerIds": ["5"], "gameServerTemplate": {"spec": {}}}
    )

    size, template = messages(find_problems(gss, a_workload(3, ["2-1"])))

    assert size == [
        "spec.replicas: 2000000 is too many; write at most 1000000",
        'spec.reserveGameServerIds[0]: "5" is neither an integer nor a range such as "3-6"',
        'the workload\'s spec.reserveOrdinals[0]: "2-1" ends before it starts; write "1-2"',
    ]
    assert template == ["spec.gameServerTemplate.spec.containers: must list at least one container"]
