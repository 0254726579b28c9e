import pytest

from okg.workload.backend_choice import (
    BackendName,
    Choice,
    choose_backend,
    moved_to,
    with_backend,
)
from okg.workload.invalid import InvalidField
from unit.fleet import a_set

ASKED = "game.kruise.io/workload-backend"
KRUISE, NATIVE = BackendName.KRUISE, BackendName.NATIVE
BOTH = (KRUISE, NATIVE)
MOVABLE = (
    'says "native", but the servers are run by "kruise" and stay so; write "kruise", '
    "and game.kruise.io/move-workload-to: native to move them"
)


@pytest.mark.parametrize(
    ("asked", "present", "chosen"),
    [
        ("", (), None),
        ("", (KRUISE,), KRUISE),
        ("", (NATIVE,), NATIVE),
        ("native", (), NATIVE),
        ("kruise", (), KRUISE),
        ("native", (NATIVE,), NATIVE),
        ("native", BOTH, NATIVE),
        ("kruise", BOTH, KRUISE),
    ],
)
def test_a_set_has_a_back_end_or_says_one_or_is_anybodys(
    asked: str, present: tuple[BackendName, ...], chosen: BackendName | None
) -> None:
    gss = a_set(annotations={ASKED: asked} if asked else {})

    assert choose_backend(gss, present=present, served=BOTH) == Choice(chosen)


@pytest.mark.parametrize(
    ("asked", "present", "served", "problem"),
    [
        ("docker", (), BOTH, '"docker" is unknown; write "kruise" or "native"'),
        ("native", (), (KRUISE,), "start the manager with --workload-backend=native"),
        ("kruise", (), (NATIVE,), "install OpenKruise 1.8 or newer"),
        ("", BOTH, BOTH, "there are two workloads"),
        ("docker", BOTH, BOTH, '"docker" is unknown'),
    ],
)
def test_a_back_end_that_cannot_be_is_named_with_what_to_do(
    asked: str,
    present: tuple[BackendName, ...],
    served: tuple[BackendName, ...],
    problem: str,
) -> None:
    gss = a_set(annotations={ASKED: asked} if asked else {})

    with pytest.raises(InvalidField, match=problem):
        choose_backend(gss, present=present, served=served)


@pytest.mark.parametrize(
    ("asked", "there", "problem"),
    [
        ("native", KRUISE, MOVABLE),
        (
            "kruise",
            NATIVE,
            'says "kruise", but the servers are run by "native" and stay so; write "native"',
        ),
        ("docker", KRUISE, '"docker" is unknown; write "kruise" or "native"'),
    ],
)
def test_a_set_that_contradicts_its_workload_stays_where_it_is(
    asked: str, there: BackendName, problem: str
) -> None:
    choice = choose_backend(a_set(annotations={ASKED: asked}), present=(there,), served=BOTH)

    assert choice.name is there
    assert choice.problem is not None
    assert choice.problem.problem == problem


def test_a_back_end_is_noted_once_and_never_over_what_a_user_wrote() -> None:
    gss = a_set()

    noted = with_backend(gss, KRUISE)

    assert noted.metadata.annotations == {ASKED: "kruise"}
    assert with_backend(noted, NATIVE) is noted
    assert moved_to(noted, NATIVE).metadata.annotations == {ASKED: "native"}
    assert moved_to(noted, KRUISE) is noted
