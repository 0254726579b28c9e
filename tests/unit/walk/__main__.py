"""Walks from the command line: one seed again, or as many others as one likes."""

import argparse
import sys
import time

from unit.walk.walk import Broken, Walk


def main() -> int:
    """Walk, and end with 1 where something was broken."""
    parser = argparse.ArgumentParser(prog="hack/walk", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the first walk")
    parser.add_argument("--steps", type=int, default=500, help="of each walk")
    parser.add_argument("--walks", type=int, default=1, help="how many, each with the next seed")
    options = parser.parse_args()
    return max(_walk(options.seed + number, options.steps) for number in range(options.walks))


def _walk(seed: int, steps: int) -> int:
    started = time.monotonic()
    walk = Walk(seed)
    try:
        walk.run(steps)
    except Broken as broken:
        sys.stdout.write(f"{broken}\n")
        return 1
    seconds = time.monotonic() - started
    passes = walk.supervisor.passes
    sys.stdout.write(f"seed {seed}: {steps} steps, {passes} passes, {seconds:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
