"""Ten thousand steps: sets, users, failures and managers, and nothing that must not be."""

import pytest

from unit.walk.walk import Broken, Walk


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_broken_on_a_random_walk(seed: int) -> None:
    Walk(seed).run(500)


def test_the_same_seed_leads_the_same_way() -> None:
    one, other = Walk(7), Walk(7)

    one.run(60)
    other.run(60)

    assert one.supervisor.trail == other.supervisor.trail
    assert one.server.revision == other.server.revision
    assert Walk(8).supervisor.trail != one.supervisor.trail


def test_what_breaks_is_told_with_the_way_to_see_it_again() -> None:
    walk = Walk(3)
    walk.run(5)
    walk.supervisor.complain("one server too many")

    with pytest.raises(Broken, match=r"one server too many\nagain: hack/walk --seed 3 --steps 6\n"):
        walk.run(1)
