"""Walks with networks from the command line: one seed again, or as many others as one likes."""

import argparse
import sys
import time

from unit.network_walk.families import FAMILIES, walk_of
from unit.network_walk.walk import Broken

MOST_STEPS = 1000
"""Steps of one walk; the next has the next seed."""


def main() -> int:
    """Walk, and end with 1 where something was broken."""
    parser = argparse.ArgumentParser(prog="hack/walk-networks", description=__doc__)
    parser.add_argument("--family", choices=FAMILIES, help="of network types; all by default")
    parser.add_argument("--seed", type=int, default=0, help="of the first walk")
    parser.add_argument("--steps", type=int, default=1000, help="of each family")
    options = parser.parse_args()
    families = [options.family] if options.family else FAMILIES
    return max(_walk(family, options.seed, options.steps) for family in families)


def _walk(family: str, seed: int, steps: int) -> int:
    started, left = time.process_time(), steps
    while left > 0:
        try:
            walk_of(family, seed).run(min(left, MOST_STEPS))
        except Broken as broken:
            sys.stdout.write(f"{broken}\n")
            return 1
        seed, left = seed + 1, left - MOST_STEPS
    seconds = time.process_time() - started
    sys.stdout.write(f"{family}: {steps} steps up to seed {seed - 1}, {seconds:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
