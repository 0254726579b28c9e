"""Ten thousand steps: servers, users, clouds, failures, replicas, and nothing that must not be."""

import pytest

from unit.network_walk.families import FAMILIES, members, walk_of
from unit.network_walk.walk import Broken


@pytest.mark.parametrize(
    ("family", "seed"),
    [(family, seed) for family in FAMILIES for seed in range(2 * len(members(family)))],
)
def test_no_network_is_broken_on_a_random_walk(family: str, seed: int) -> None:
    walk_of(family, seed).run(280)


def test_the_same_seed_leads_the_same_way() -> None:
    one, other = walk_of("pool", 7), walk_of("pool", 7)

    one.run(60)
    other.run(60)

    assert list(one.trail) == list(other.trail)
    assert one.stage.server.revision == other.stage.server.revision


def test_what_breaks_is_told_with_the_way_to_see_it_again() -> None:
    walk = walk_of("shared", 3)
    walk.run(5)
    walk.stage.add(0)
    walk.stage.configure(())

    with pytest.raises(
        Broken, match=r"\nagain: hack/walk-networks --family shared --seed 3 --steps 5\n"
    ):
        walk.run(0)
