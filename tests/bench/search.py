"""Trials until the best tenth is reached: our search against random search and Optuna's TPE.

Replayed on the table of real trainings (`table_make.py`), 100 seeds each, in seconds. All ask for
one configuration at a time. A proposal of TPE becomes the nearest row that is left; our search is
told which rows are left, as is usual on tables of results; beside it stands what comes of it where
it is not told. Also beside it: plans of two and three trials under the product's race, where a
stopped training counts for the share that was run, and counted whole; TPE told to begin where we
do, and given what we are given; and random halves of the table.

Three things the search knows beforehand and TPE alone does not. The centre: the `search` section
of the goal `python_security`, with as many passes as make up for its missing rows, at most four
(Muennighoff et al. 2023). What is believed around it (`forgemind_assets/brain/search/beliefs.py`
and `response.py`). And an earlier goal on the same base model: other code, asked in other words
(`table_earlier.py`), each seed another two thirds of its trials. The search was developed on
`simulated_table.py`.

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
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import replay  # noqa: E402
import simulated_table  # noqa: E402
import table_earlier  # noqa: E402
import table_make  # noqa: E402

from forgemind_assets.brain.search.history import as_earlier  # noqa: E402
from forgemind_assets.brain.search.memory import PastTrial  # noqa: E402
from forgemind_assets.brain.search.propose import propose_trials  # noqa: E402
from forgemind_assets.brain.search.space import Values  # noqa: E402

SEEDS = 100
EARLIER_SHARE = 2 / 3
PASTS = (100, 10_000)


def strategies(centre: Values, earlier: replay.Earlier) -> dict[str, replay.Replay]:
    """What is compared, by name."""
    ours = partial(replay.ours, earlier=earlier)
    return {
        "random": replay.random_search,
        "optuna_tpe": replay.optuna_tpe,
        "optuna_tpe_from_our_centre": partial(replay.optuna_tpe, first=centre),
        "optuna_tpe_after_the_earlier_goal": partial(replay.optuna_tpe, earlier=earlier),
        "ours": ours,
        "ours_not_told_the_rows": partial(ours, by_nearest=True),
        "ours_without_the_earlier_goal": replay.ours,
        "ours_without_it_not_told_the_rows": partial(replay.ours, by_nearest=True),
        "ours_plans_of_2": partial(ours, plan=2),
        "ours_plans_of_3": partial(ours, plan=3),
        "ours_plans_of_3_all_counted_whole": partial(ours, plan=3, whole=True),
    }


def earlier_goal(trials: Sequence[PastTrial]) -> replay.Earlier:
    """For each seed another two thirds of an earlier goal's trials, in their order."""

    def part(seed: int) -> list[PastTrial]:
        rng = random.Random(f"earlier/{seed}")
        chosen = rng.sample(range(len(trials)), round(len(trials) * EARLIER_SHARE))
        return [trials[place] for place in sorted(chosen)]

    return part


def measure(
    tables: Iterable[tuple[replay.Table, replay.Earlier]], centre: Values, seeds: int
) -> dict[str, list[float]]:
    """Costs of each strategy, over tables, each with its earlier goal, and seeds."""
    costs: dict[str, list[float]] = {}
    for number, (table, earlier) in enumerate(tables):
        space = replay.table_space(centre, table)
        for name, run in strategies(centre, earlier).items():
            of = costs.setdefault(name, [])
            of += [run(table, space, seed) for seed in range(seeds)]
            print(f"table {number + 1}: {name} {statistics.fmean(of):.2f}", file=sys.stderr)
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


def result(
    table: replay.Table, made: dict[str, Any], trials: Sequence[PastTrial], seeds: int
) -> dict[str, Any]:
    """The measurement on a table."""
    centre = replay.centre_of(made.get("train_rows", simulated_table.ROWS))
    earlier = earlier_goal(trials)
    costs = measure([(table, earlier)], centre, seeds)
    halves = measure(((half, earlier) for half in replay.halves(table, 20)), centre, 5)
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
            "share_of_random_in_the_mean": round(
                statistics.fmean(costs["ours"]) / statistics.fmean(costs["random"]), 3
            ),
            "share_of_tpe": round(medians["ours"] / medians["optuna_tpe"], 3),
            "trials": {name: told(of) for name, of in costs.items()},
            "trials_on_20_random_halves": {name: told(of) for name, of in halves.items()},
            "seeds": seeds,
            "configurations": len(table.entries),
            "pass_rate_of_the_best_tenth": table.wanted,
            "configurations_that_reach_it": table.arrivals,
            "earlier_trials": len(trials),
            "planning_step_cpu_seconds_by_past_trials": steps,
            "made": made,
        },
    }


def simulated_result(off: float, seeds: int) -> dict[str, Any]:
    """The same on 20 simulated tables whose best rate lies `off` natural logs from the centre."""
    centre = replay.centre_of(simulated_table.ROWS)
    costs: dict[str, dict[str, list[float]]] = {}
    for kind in simulated_table.KINDS:
        beds = (simulated_bed(s, kind, off, centre) for s in range(4))
        costs[kind] = measure(beds, centre, max(1, seeds // 20))
    every = {n: [c for of in costs.values() for c in of[n]] for n in costs["peak"]}
    return {
        "name": "search_simulated",
        "off": off,
        "trials": {n: told(of) for n, of in every.items()},
        "mean_by_kind": {
            kind: {n: told(c)["mean"] for n, c in of.items()} for kind, of in costs.items()
        },
    }


def simulated_bed(
    seed: int, kind: str, off: float, centre: Values
) -> tuple[replay.Table, replay.Earlier]:
    """A simulated table, and an earlier goal of its kin, searched as the real one was."""
    rate, rng = float(centre["learning_rate"]), random.Random(f"bed/{seed}")
    world = simulated_table.world(seed, kind=kind, centre=rate, off=off)
    table = simulated_table.trainings(world, table_make.design(seed=seed), seed)
    space, kin = replay.table_space(centre, table), world.kin(seed)
    past: list[PastTrial] = []
    for number in range(table_earlier.TRIALS):
        values = propose_trials(space, past, 1, table_earlier.SEED)[0].values
        score = simulated_table.tried(kin, values, rng).score
        past.append(PastTrial(name=f"{number:04d}-a", values=values, score=score))
    return table, earlier_goal(as_earlier(past, table_earlier.NAME))


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=Path, default=table_make.OUT)
    parser.add_argument("--earlier", type=Path, default=table_earlier.OUT)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--least", type=int, default=100, help="configurations wanted")
    parser.add_argument("--simulated", type=float, metavar="OFF")
    given = parser.parse_args()
    if given.simulated is not None:
        print(json.dumps(simulated_result(given.simulated, given.seeds)))
        return
    makers = {given.table: "table_make.py", given.earlier: "table_earlier.py"}
    missing = [
        f"{file}: make it with {maker}" for file, maker in makers.items() if not file.is_file()
    ]
    if missing:
        raise SystemExit("expected a table at " + ", and at ".join(missing))
    table, made = replay.read_table(given.table)
    if len(table.entries) < given.least:
        raise SystemExit(
            f"expected {given.least} configurations in {given.table}, found "
            f"{len(table.entries)}: go on with table_make.py, or lower --least"
        )
    trials = table_earlier.as_past(table_make.read(given.earlier)[0], table_earlier.NAME)
    print(json.dumps(result(table, made, trials, given.seeds)))


if __name__ == "__main__":
    main()
