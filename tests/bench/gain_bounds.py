"""How often what the planner tells of its rows holds, in the worlds of `data_half.py`.

Each plan says by how much its rows lift the true pass rate, with the bounds of 80 %. Here the
second to fifth batches of each world are planned and "trained", and the true gain is compared with
what was told: for how many it lies within the bounds, and how many times it is what was expected.

    .venv/bin/python tests/bench/gain_bounds.py --draws 24 --seed 11
"""

import argparse
import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from data_half import BATCH, base, drawn  # noqa: E402
from slice_rules import Seen, planned  # noqa: E402
from slice_worlds import WORLDS, Dev, World  # noqa: E402

from forgemind_assets.brain.data_tack import tack  # noqa: E402
from forgemind_assets.brain.slice_gain import Gain  # noqa: E402

BATCHES = 5


def told_and_came(world: World, dev: Dev, seed: int) -> list[tuple[Gain, float]]:
    """What each batch after the first was told to bring, and what it brought."""
    rng, seen = np.random.default_rng(seed), [base(world, dev, seed)]
    found: list[tuple[Gain, float]] = []
    for _ in range(BATCHES):
        parts, gain = planned(seen, BATCH, tack)
        before, own = seen[-1].rows, parts * BATCH * world.kept
        rows = before + own
        if gain is not None:
            found.append((gain, world.overall(rows) - world.overall(before)))
        expected = gain.mean if gain else 0.0
        passed = dev.passed(world.rates(rows), rng)
        seen.append(Seen(parts, BATCH, own, rows, passed, expected))
    return found


def measure(name: str, draws: int, seed: int) -> dict[str, float]:
    """Of one kind of world: parts that hold, that came to more or less, and the usual ratio."""
    found = [
        pair
        for world, dev, _, number in drawn(name, draws, seed)
        for pair in told_and_came(world, dev, number)
    ]
    more = sum(came > gain.high for gain, came in found) / len(found)
    less = sum(came < gain.low for gain, came in found) / len(found)
    ratio = float(np.median([came / max(gain.mean, 1e-9) for gain, came in found]))
    return {
        "holds": round(1 - more - less, 3),
        "more_came": round(more, 3),
        "less_came": round(less, 3),
        "came_over_expected": round(ratio, 2),
    }


def main() -> None:
    """Prints the table and the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=24, help="of each world")
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    worlds: dict[str, dict[str, float]] = {}
    print(f"{'world':<10}{'holds':>8}{'more':>8}{'less':>8}{'came/expected':>15}")
    for name in WORLDS:
        worlds[name] = one = measure(name, given.draws, given.seed)
        figures = "".join(f"{one[key]:>8.0%}" for key in ("holds", "more_came", "less_came"))
        print(f"{name:<10}{figures}{one['came_over_expected']:>15.2f}", flush=True)
    record = {
        "name": "gain_bounds",
        "value": round(float(np.mean([one["holds"] for one in worlds.values()])), 3),
        "unit": "part of told 80 % intervals that hold the true gain, mean of the worlds",
        "higher_is_better": True,
        "peers": {"nominal": 0.8},
        "details": {"draws": given.draws, "seed": given.seed, "worlds": worlds},
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
