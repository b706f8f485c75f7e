"""Trials until the best tenth is reached: our search against random search and Optuna's TPE.

Replayed on the table of real trainings (`table_make.py`), 100 seeds each, in seconds. Peers and we
ask for one configuration at a time; what is proposed becomes the nearest row that is left. Beside
it: plans of two and three trials under the product's race, where a stopped training counts for the
share that was run; TPE told to begin where we do; and random halves of the table.

What we know beforehand and the peers do not is the centre: the `search` section of the goal
`python_security`, with as many passes as make up for its missing rows, at most four (Muennighoff et
al. 2023), and how far belief spreads around it (`forgemind_assets/brain/search/beliefs.py`). Both
were set down before the table was made. The search was developed on `simulated_table.py`.

    .venv/bin/python tests/bench/search.py            # the table
    .venv/bin/python tests/bench/search.py --simulated 0.0   # 20 simulated ones
"""

import argparse
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import replay  # noqa: E402
import simulated_table  # noqa: E402
import table_make  # noqa: E402

from forgemind_assets.brain.search.memory import PastTrial  # noqa: E402
from forgemind_assets.brain.search.propose import propose_trials  # noqa: E402
from forgemind_assets.brain.search.space import Space, Values  # noqa: E402
from forgemind_assets.goal_loading import load_goal  # noqa: E402

SEEDS = 100
MOST_PASSES = 4.0
PASTS = (100, 10_000)


def centre_of(rows: int) -> Values:
    """Where the goal's contract says to begin, for so many rows."""
    goal = load_goal(REPOSITORY / "benchmarks" / "python_security").spec.search
    return {
        "learning_rate": goal.learning_rate,
        "epochs": min(MOST_PASSES, max(goal.epochs, goal.rows * goal.epochs / rows)),
        "batch_size": goal.batch_size,
        "rank": goal.rank,
        "alpha_ratio": 2.0,
        "answer_weight": max(goal.answer_weights.values()),
        "warmup_ratio": 0.05,
        "contrast_batches": goal.contrast_batches,
    }


def strategies(centre: Values) -> dict[str, Callable[[replay.Table, Space, int], float]]:
    """What is compared, by name."""
    return {
        "random": replay.random_search,
        "optuna_tpe": replay.optuna_tpe,
        "optuna_tpe_from_our_centre": partial(replay.optuna_tpe, first=centre),
        "ours": partial(replay.ours, plan=1),
        "ours_plans_of_2": partial(replay.ours, plan=2),
        "ours_plans_of_3": partial(replay.ours, plan=3),
    }


def measure(
    tables: Iterable[replay.Table], centre: Values, seeds: int, names: Iterable[str]
) -> dict[str, list[float]]:
    """Costs of each strategy, over tables and seeds."""
    costs: dict[str, list[float]] = {name: [] for name in names}
    for number, table in enumerate(tables):
        space = replay.table_space(centre, table)
        for name in costs:
            run = strategies(centre)[name]
            costs[name] += [run(table, space, seed) for seed in range(seeds)]
            print(
                f"table {number + 1}: {name} {statistics.median(costs[name]):.2f}", file=sys.stderr
            )
    return costs


def told(costs: list[float]) -> dict[str, float | None]:
    """Median, quartiles and mean, in whole trainings; None where it is infinite."""
    low, _, high = statistics.quantiles(costs, n=4)
    figures = {
        "median": statistics.median(costs),
        "quartile_low": low,
        "quartile_high": high,
        "mean": statistics.fmean(costs),
    }
    never = sum(math.isinf(cost) for cost in costs)
    return {k: round(v, 2) if math.isfinite(v) else None for k, v in figures.items()} | {
        "never_arrived": never
    }


def step_seconds(centre: Values, table: replay.Table, past: int) -> float:
    """Seconds of work of one planning step of three candidates after so many trials; the median."""
    space, rng = replay.table_space(centre, table), random.Random(past)
    entries = rng.choices(table.entries, k=past)
    trials = [
        PastTrial(name=f"{i:04d}-a", values=e.values, score=e.score) for i, e in enumerate(entries)
    ]
    times = []
    for seed in range(9):
        started = time.process_time()
        propose_trials(space, trials, 3, seed)
        times.append(time.process_time() - started)
    return statistics.median(times)


def result(table: replay.Table, made: dict[str, Any], seeds: int) -> dict[str, Any]:
    """The measurement on a table."""
    centre = centre_of(made.get("train_rows", simulated_table.ROWS))
    names = list(strategies(centre))
    costs = measure([table], centre, seeds, names)
    halves = measure(replay.halves(table, 20), centre, 5, names)
    medians = {name: statistics.median(of) for name, of in costs.items()}
    best_peer = min(medians["random"], medians["optuna_tpe"])
    steps = {f"{past}": round(step_seconds(centre, table, past), 4) for past in PASTS}
    return {
        "name": "search",
        "value": round(medians["ours"] / best_peer, 3),
        "unit": "trials to the best tenth of the table, as a share of the best peer's median",
        "higher_is_better": False,
        "peers": {name: medians[name] for name in ("random", "optuna_tpe")},
        "details": {
            "share_of_random": round(medians["ours"] / medians["random"], 3),
            "share_of_tpe": round(medians["ours"] / medians["optuna_tpe"], 3),
            "trials": {name: told(of) for name, of in costs.items()},
            "trials_on_20_random_halves": {name: told(of) for name, of in halves.items()},
            "seeds": seeds,
            "configurations": len(table.entries),
            "pass_rate_of_the_best_tenth": table.wanted,
            "configurations_that_reach_it": table.arrivals,
            "planning_step_cpu_seconds_by_past_trials": steps,
            "made": made,
        },
    }


def simulated_result(off: float, seeds: int) -> dict[str, Any]:
    """The same on 20 simulated tables whose best rate lies `off` natural logs from the centre."""
    centre = centre_of(simulated_table.ROWS)
    rate = float(centre["learning_rate"])
    tables = [simulated_table.simulated(s, centre=rate, off=off) for s in range(20)]
    costs = measure(tables, centre, max(1, seeds // 20), strategies(centre))
    return {
        "name": "search_simulated",
        "off": off,
        "trials": {n: told(c) for n, c in costs.items()},
    }


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=Path, default=table_make.OUT)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--least", type=int, default=100, help="configurations wanted")
    parser.add_argument("--simulated", type=float, metavar="OFF")
    given = parser.parse_args()
    if given.simulated is not None:
        print(json.dumps(simulated_result(given.simulated, given.seeds)))
        return
    if not given.table.is_file():
        raise SystemExit(f"expected the table at {given.table}: make it with table_make.py")
    table, made = replay.read_table(given.table)
    if len(table.entries) < given.least:
        raise SystemExit(
            f"expected {given.least} configurations in {given.table}, found "
            f"{len(table.entries)}: go on with table_make.py, or lower --least"
        )
    print(json.dumps(result(table, made, given.seeds)))


if __name__ == "__main__":
    main()
