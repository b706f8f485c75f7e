"""The data half of the Brain: teacher rows to the same pass rate, in worlds with known responses.

The pass rate to reach is the one that uniform allocation has after 20 batches of 480 rows (20 a
slice). Every rule begins with one uniform batch, which counts, and sees after each batch how many
dev cases of each slice one training passes, and no more. What counts is the true pass rate of the
suite, not the one seen. `oracle` knows the true responses: what is below it cannot be had.

    .venv/bin/python tests/bench/data_half.py --draws 20 --seed 1

The world whose figure is claimed is `gaps` (`slice_worlds.py`): of 24 slices four are far behind,
and rows that cost nothing took the others to their end. The first world that was tried is still
here as `halfway`; in it the oracle itself needs half of uniform's rows.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from slice_rules import RULES, Rule, Seen, oracle  # noqa: E402
from slice_worlds import SHARES, WORLDS, Dev, World  # noqa: E402

BATCH = 480.0
UNIFORM_BATCHES, MOST_BATCHES = 20, 40
CLAIMED = "gaps"


def rows_to(target: float, world: World, rule: Rule, dev: Dev, seed: int, *, blind: bool) -> float:
    """Teacher rows until the true pass rate is `target`; between two batches in proportion.

    All of `MOST_BATCHES` where it is not reached.
    """
    rng = np.random.default_rng(seed)
    rows, before = np.zeros(24), world.overall(np.zeros(24))
    seen: list[Seen] = [] if blind else [base(world, dev, seed)]
    for batch in range(MOST_BATCHES):
        found = rule(seen, BATCH) if seen else SHARES
        parts, expected = found if isinstance(found, tuple) else (found, 0.0)
        own = parts * BATCH * world.kept
        rows = rows + own
        now = world.overall(rows)
        if now >= target:
            return BATCH * (batch + (target - before) / max(now - before, 1e-12))
        before = now
        seen.append(Seen(parts, BATCH, own, rows, dev.passed(world.rates(rows), rng), expected))
    return BATCH * MOST_BATCHES


def base(world: World, dev: Dev, seed: int) -> Seen:
    """What the base model passes, by a chance of its own: that of the trainings stays the same."""
    none = np.zeros(24)
    passed = dev.passed(world.rates(none), np.random.default_rng([seed, 1]))
    return Seen(none, 0.0, none, none, passed)


def drawn(name: str, draws: int, seed: int) -> Iterator[tuple[World, Dev, float, int]]:
    """Worlds of one kind, each with a dev suite and the pass rate to reach."""
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        world = WORLDS[name](rng)
        target = world.overall(SHARES * BATCH * UNIFORM_BATCHES * world.kept)
        yield world, Dev(rng), target, number


def measure(name: str, draws: int, seed: int, *, blind: bool) -> dict[str, object]:
    """Rows that each rule needs in one kind of world, as parts of uniform's."""
    found: dict[str, list[float]] = {}
    targets: list[float] = []
    for world, dev, target, number in drawn(name, draws, seed):
        targets.append(target)
        for rule_name, rule in {**RULES, "oracle": oracle(world)}.items():
            rows = rows_to(target, world, rule, dev, number, blind=blind)
            found.setdefault(rule_name, []).append(rows / (BATCH * UNIFORM_BATCHES))
    return {
        "pass_rate_to_reach": round(median(targets), 3),
        "parts_of_uniform_rows": {rule: round(median(all_), 3) for rule, all_ in found.items()},
        "middle_half": {
            rule: [round(float(q), 3) for q in np.quantile(all_, (0.25, 0.75))]
            for rule, all_ in found.items()
        },
        "worst": {rule: round(max(all_), 3) for rule, all_ in found.items()},
    }


def main() -> None:
    """Prints the table and the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=40, help="of each world")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--blind-start", action="store_true", help="the base model's dev result is not known"
    )
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    given = parser.parse_args()
    began = time.perf_counter()
    names = [*RULES, "oracle"]
    print(f"{'world':<10}{'reach':>7}" + "".join(f"{name:>22}" for name in names))
    worlds: dict[str, dict[str, object]] = {}
    for name in given.worlds:
        worlds[name] = result = measure(name, given.draws, given.seed, blind=given.blind_start)
        parts = result["parts_of_uniform_rows"]
        assert isinstance(parts, dict)
        cells = "".join(f"{parts[rule]:>22.2f}" for rule in names)
        print(f"{name:<10}{result['pass_rate_to_reach']:>7.1%}{cells}", flush=True)
    claimed = worlds.get(CLAIMED, next(iter(worlds.values())))["parts_of_uniform_rows"]
    assert isinstance(claimed, dict)
    record = {
        "name": "data_half",
        "value": claimed["forgemind"],
        "unit": f"median teacher rows to the same pass rate over uniform's, world {CLAIMED}",
        "higher_is_better": False,
        "peers": {rule: part for rule, part in claimed.items() if not rule.startswith("forgemind")},
        "details": {
            "draws": given.draws,
            "seed": given.seed,
            "blind_start": given.blind_start,
            "batch_rows": BATCH,
            "uniform_rows": BATCH * UNIFORM_BATCHES,
            "worlds": worlds,
            "seconds": round(time.perf_counter() - began, 1),
        },
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
