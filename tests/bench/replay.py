"""Replays of search strategies on a table of finished trainings. Costs are in whole trainings.

Whoever stops a training at a rung pays for the share that was run. A strategy has arrived when a
configuration that it trained to the end passes as many cases as the best tenth of the table.
"""

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from forgemind_assets.brain.search import beliefs
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.propose import propose_trials
from forgemind_assets.brain.search.sampler import TpeBatch
from forgemind_assets.brain.search.space import Dial, Range, Space, Values
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.trial_grounds.racing import RUNGS, Standing, beaten_at_rung

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_PASSES = 4.0
"""Muennighoff et al. 2023, "Scaling Data-Constrained Language Models"."""

DIALS = (
    "learning_rate",
    "epochs",
    "batch_size",
    "rank",
    "alpha_ratio",
    "answer_weight",
    "warmup_ratio",
    "contrast_batches",
)
BEST_SHARE = 0.9
"""The quantile of the final pass rates that is to be reached."""


@dataclass(frozen=True)
class Entry:
    """One finished training: its dials, its losses at the rungs, its pass rate at the end."""

    values: Values
    losses: dict[float, float]
    score: float | None

    @property
    def merit(self) -> float:
        """The pass rate; a training that failed is below all."""
        return -1.0 if self.score is None else self.score


@dataclass(frozen=True)
class Table:
    """All finished trainings, and what counts as arrived."""

    entries: tuple[Entry, ...]

    @property
    def wanted(self) -> float:
        """The pass rate of the best tenth: the lowest that at most a tenth of the table exceeds."""
        ranked = sorted(entry.merit for entry in self.entries)
        return ranked[min(len(ranked) - 1, math.ceil(BEST_SHARE * len(ranked)))]

    @property
    def arrivals(self) -> int:
        """How many configurations reach it."""
        return sum(entry.merit >= self.wanted for entry in self.entries)


def read_table(path: Path) -> tuple[Table, dict[str, Any]]:
    """The table, and what it was made on."""
    made = json.loads(pl.read_parquet_metadata(path).get("made", "{}"))
    return Table(tuple(map(_entry, pl.read_parquet(path).to_dicts()))), made


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        values={name: row[name] for name in DIALS},
        losses=dict(zip(row["shares"], row["losses"], strict=True)),
        score=None if row["failed"] else row["pass_rates"][-1],
    )


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


def table_space(centre: Values, table: Table) -> Space:
    """The product's dials around a goal's settings, within what the table has."""
    made = (
        beliefs.learning_rate(float(centre["learning_rate"])),
        beliefs.epochs(float(centre["epochs"])),
        beliefs.batch_size(round(centre["batch_size"])),
        beliefs.rank(round(centre["rank"])),
        beliefs.alpha_ratio(float(centre["alpha_ratio"])),
        beliefs.answer_weight(float(centre["answer_weight"])),
        beliefs.warmup(float(centre["warmup_ratio"])),
        beliefs.contrast(bool(centre["contrast_batches"])),
    )
    return Space(dials=tuple(_within(dial, table) for dial in made))


def _within(dial: Dial, table: Table) -> Dial:
    """The dial with the ends, or the values, that the table has."""
    present = {entry.values[dial.name] for entry in table.entries}
    if isinstance(dial, Range):
        ends = {"low": min(present), "high": max(present)}
        centre = min(max(dial.centre, ends["low"]), ends["high"])
        return dial.model_copy(update=ends | {"centre": centre})
    kept = {v: w for v, w in zip(dial.values, dial.weights, strict=True) if v in present}
    return dial.model_copy(update={"values": tuple(kept), "weights": tuple(kept.values())})


Cost = float
Replay = Callable[[Table, Space, int], Cost]
Earlier = Callable[[int], Sequence[PastTrial]]
"""What an earlier goal hands on, for each seed."""


def nothing_earlier(seed: int) -> Sequence[PastTrial]:
    """There was no earlier goal."""
    return ()


def random_search(table: Table, space: Space, seed: int) -> Cost:
    """Rows in a random order, each trained to the end."""
    order = list(table.entries)
    random.Random(seed).shuffle(order)
    return 1.0 + next(i for i, entry in enumerate(order) if entry.merit >= table.wanted)


def optuna_tpe(
    table: Table,
    space: Space,
    seed: int,
    *,
    first: Values | None = None,
    earlier: Earlier = nothing_earlier,
) -> Cost:
    """Optuna's TPE with its defaults; each proposal becomes the nearest row that is left.

    `first` is a configuration that it is told to begin with; the trials of `earlier` stand in its
    study before.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    known = TpeBatch(space, (), 0)

    def add(values: Values, merit: float) -> None:
        study.add_trial(
            optuna.trial.create_trial(
                params=known.params(values), distributions=known.distributions, value=merit
            )
        )

    for trial in earlier(seed):
        add(trial.values, -1.0 if trial.score is None else trial.score)
    left, cost = list(table.entries), 0.0
    while left:
        trial = study.ask(known.distributions)
        wish = known.values(trial.params) if first is None or cost else first
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        entry = left.pop(nearest(_plain_gap(space, wish), left))
        cost += 1
        if entry.merit >= table.wanted:
            return cost
        add(entry.values, entry.merit)
    raise AssertionError("the table has no row that reaches its own best tenth")


def ours(
    table: Table,
    space: Space,
    seed: int,
    *,
    plan: int = 1,
    earlier: Earlier = nothing_earlier,
    by_nearest: bool = False,
    whole: bool = False,
) -> Cost:
    """Plans of `plan` trials from `propose_trials`, each plan a race under the product's rule.

    The search is told which rows are left and takes the one that promises most, as is usual on
    tables of results (Pineda-Arango et al. 2021, "HPO-B"). With `by_nearest` it is not told, and
    what it proposes becomes the nearest row. With `whole` a training that was stopped costs as
    much as one that was not.
    """
    left, cost, past = list(table.entries), 0.0, list(earlier(seed))
    while left:
        among = None if by_nearest else [entry.values for entry in left]
        wishes = propose_trials(space, past, min(plan, len(left)), seed, among=among)
        runners = [left.pop(nearest(_gap(space, wish.values), left)) for wish in wishes]
        shares = race(runners)
        for runner, share in zip(runners, shares, strict=True):
            past.append(past_trial(runner, share, f"{len(past)}"))
        cost += len(runners) if whole else sum(shares)
        if any(r.merit >= table.wanted for r, s in zip(runners, shares, strict=True) if s == 1):
            return cost
    return math.inf  # the race stopped every good row: it never arrives


def race(runners: Sequence[Entry]) -> list[float]:
    """The share of its training that each runs: all in step, stopped as the product stops them."""
    standing = {f"{i}": Standing(trial=f"{i}") for i in range(len(runners))}
    shares = [1.0] * len(runners)
    for rung in (rung for rung in RUNGS if rung < 1):
        running = [i for i, share in enumerate(shares) if share == 1 and rung in runners[i].losses]
        for i in running:
            rungs = (*standing[f"{i}"].rungs, (rung, runners[i].losses[rung]))
            standing[f"{i}"] = standing[f"{i}"].model_copy(update={"rungs": rungs})
        for i in running:
            rivals = [of for name, of in standing.items() if name != f"{i}"]
            if beaten_at_rung(standing[f"{i}"], rivals, field=len(runners)):
                shares[i] = rung
    return shares


def past_trial(entry: Entry, share: float, name: str) -> PastTrial:
    """What the search remembers of a row of which this share was run."""
    score = entry.score if share == 1 else math.exp(-entry.losses[share])
    return PastTrial(name=name, values=entry.values, score=score, share=share)


def nearest(gap: Callable[[Entry], float], left: Sequence[Entry]) -> int:
    """Place of the nearest row that is left."""
    return min(range(len(left)), key=lambda i: gap(left[i]))


def _gap(space: Space, wish: Values) -> Callable[[Entry], float]:
    return lambda entry: space.distance(wish, entry.values)


def _plain_gap(space: Space, wish: Values) -> Callable[[Entry], float]:
    """Every dial counts alike: who believes nothing has no reason for anything else."""
    return lambda entry: sum(
        (d.place(wish[d.name]) - d.place(entry.values[d.name])) ** 2 for d in space.dials
    )


def halves(table: Table, count: int) -> Iterator[Table]:
    """Random halves of the table, so that no single row decides."""
    for seed in range(count):
        rows = random.Random(f"half/{seed}").sample(table.entries, len(table.entries) // 2)
        yield Table(tuple(rows))
