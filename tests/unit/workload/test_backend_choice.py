import pytest

from okg.workload.backend_choice import BackendName, choose_backend, with_backend
from okg.workload.invalid import InvalidField
from unit.fleet import a_set

ASKED = "game.kruise.io/workload-backend"
KRUISE, NATIVE = BackendName.KRUISE, BackendName.NATIVE
BOTH = (KRUISE, NATIVE)


@pytest.mark.parametrize(
    ("asked", "present", "default", "chosen"),
    [
        ("", (), KRUISE, KRUISE),
        ("", (), NATIVE, NATIVE),
        ("", (KRUISE,), NATIVE, KRUISE),
        ("", (NATIVE,), KRUISE, NATIVE),
        ("native", (), KRUISE, NATIVE),
        ("kruise", (), NATIVE, KRUISE),
        ("native", (NATIVE,), KRUISE, NATIVE),
        ("native", BOTH, KRUISE, NATIVE),
    ],
)
def test_a_set_says_its_back_end_or_has_one_or_gets_the_default(
    asked: str, present: tuple[BackendName, ...], default: BackendName, chosen: BackendName
) -> None:
    gss = a_set(annotations={ASKED: asked} if asked else {})

    assert choose_backend(gss, present=present, served=BOTH, default=default) is chosen


@pytest.mark.parametrize(
    ("asked", "present", "served", "problem"),
    [
        ("docker", (), BOTH, '"docker" is unknown; write "kruise" or "native"'),
        ("native", (KRUISE,), BOTH, 'says "native", but the servers are run by "kruise"'),
        ("native", (), (KRUISE,), "start the manager with --workload-backend=native"),
        ("kruise", (), (NATIVE,), "install OpenKruise 1.8 or newer"),
    ],
)
def test_a_back_end_that_cannot_be_is_named_with_what_to_do(
    asked: str,
    present: tuple[BackendName, ...],
    served: tuple[BackendName, ...],
    problem: str,
) -> None:
    with pytest.raises(InvalidField, match=problem):
        choose_backend(
            a_set(annotations={ASKED: asked}), present=present, served=served, default=served[0]
        )


def test_only_the_back_end_that_is_ours_alone_is_noted_on_the_set() -> None:
    gss = a_set()

    noted = with_backend(gss, NATIVE)

    assert with_backend(gss, KRUISE) is gss
    assert noted.metadata.annotations == {ASKED: "native"}
    assert with_backend(noted, NATIVE) is noted
