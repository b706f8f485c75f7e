"""Races against full evaluation: is the winner the same, and what does the race cost?

Fields of trials are replayed twice: all of them trained to the end and asked all of dev, and raced
by the product's own rules (`trial_grounds/racing.py`), side by side and one after the other. The
trials come from a simulated world, and from `--table`, a Parquet file with one row a real training:
 columns `shares` and `losses` (its curve on held-out rows), `steps` (at each share),
`failure` (empty, or why it broke off), and `right` (verdict on each case after the last share).
Without `right`, but with `pass_rates`, cases are drawn at the real rates.

A winner counts where it passes as many of all cases as the one that full evaluation chose: of a
field in which two pass as many, or nobody passes anything, full evaluation takes the first by name,
which says nothing. How often it is that very trial stands beside it.

The rungs' margins were settled after looks at the table, so the table alone does not prove them.
`--halves 20` does what settled them on one random half of its rows, as wide as two thirds of the
steps afford, without a look at who wins; and replays the races in the other half.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

from race_worlds import CANARY, CASES, Table, Trial, World  # noqa: E402

from forgemind_assets.trial_grounds.racing import (  # noqa: E402
    ALPHA,
    BLOCK,
    MARGINS,
    RUNGS,
    Standing,
    beaten_at_rung,
    beaten_on_cases,
    winner,
)
from forgemind_assets.trial_grounds.statistics import wilson_interval  # noqa: E402

TABLE = Path(__file__).parent / "data" / "lora_table.parquet"


@dataclass(frozen=True)
class Cost:
    """What an evaluation of a field took: training steps and cases asked; and who won."""

    won: str
    steps: float
    cases: int


WIDTHS = (0.25, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)
"""What the product's margins are multiplied by, where their width is settled anew."""

STEPS = 0.66
"""Part of the training steps that a race may take; two thirds, with a little room."""


def fixed_of(cases: int) -> int:
    """How many cases come first in an order of their own, as the canary does."""
    return cases * CANARY // CASES


def named(field: Sequence[Trial]) -> dict[str, Trial]:
    """The trials under the letters of an iteration."""
    return {chr(ord("a") + place): trial for place, trial in enumerate(field)}


def in_full(field: Sequence[Trial]) -> Cost:
    """Every trial to its end."""
    done = {name: t for name, t in named(field).items() if t.failed_at is None}
    return Cost(
        winner({name: int(t.right.sum()) for name, t in done.items()}),
        sum(t.steps * (1.0 if t.failed_at is None else t.failed_at) for t in field),
        sum(len(t.right) for t in done.values()),
    )


class Raced:
    """One race under way: the files that its trials would have written."""

    def __init__(
        self, field: Sequence[Trial], order: Sequence[int], margins: Sequence[float] = MARGINS
    ):
        self.trials, self.order = named(field), [str(case) for case in order]
        self.margins = margins
        self.fixed = fixed_of(len(order))
        self.shown: dict[str, Standing] = {}
        self.steps, self.cases = 0.0, 0
        self.out: dict[str, tuple[str, float]] = {}
        self.broken: set[str] = set()

    def rivals(self, name: str) -> list[Standing]:
        """What the others have shown."""
        return [s for other, s in self.shown.items() if other != name]

    def show_rung(self, name: str, share: float) -> None:
        """The loss of a trial at a rung."""
        own = self.shown.get(name) or Standing(trial=name)
        rungs = (*own.rungs, (share, self.trials[name].rungs[share]))
        self.shown[name] = own.model_copy(update={"rungs": rungs})

    def stays(self, name: str, share: float) -> bool:
        """Whether the rule lets a trial train on; notes who put it out, and where."""
        beaten = beaten_at_rung(
            self.shown[name], self.rivals(name), field=len(self.trials), margins=self.margins
        )
        if beaten:
            self.out[name] = beaten.by, share
        return beaten is None

    def show_cases(self, name: str, end: int) -> None:
        """The verdicts on the first cases of the order."""
        right = self.trials[name].right
        cases = {case: bool(right[int(case)]) for case in self.order[:end]}
        self.shown[name] = self.shown[name].model_copy(update={"cases": cases})

    def can_win(self, name: str) -> bool:
        """Whether the rule lets a trial be asked more."""
        return not beaten_on_cases(
            self.shown[name], self.rivals(name), self.order, self.fixed, field=len(self.trials)
        )

    def looks(self) -> range:
        """How many cases have been asked at each look."""
        return range(self.fixed + BLOCK, len(self.order) + BLOCK, BLOCK)


def side_by_side(
    field: Sequence[Trial], order: Sequence[int], margins: Sequence[float] = MARGINS
) -> Cost:
    """All trials come to each rung, and to each block of cases, at the same time."""
    race = Raced(field, order, margins)
    alive = trained_together(race)
    before = 0
    for end in race.looks():
        for name in alive:
            ask(race, name, before, end)
        before = end
        alive = [name for name in alive if race.can_win(name)]
    return ended(race, alive)


def trained_together(race: Raced) -> list[str]:
    """Trains all trials rung by rung; those that came to the end."""
    alive, at = list(race.trials), 0.0
    for share in RUNGS:
        alive = [name for name in alive if advance(race, name, at, share)]
        at = share
        alive = [name for name in alive if race.stays(name, share)]
    return alive + put_back(race)


def one_by_one(field: Sequence[Trial], order: Sequence[int]) -> Cost:
    """Each trial comes to its end before the next one begins."""
    race = Raced(field, order)
    through = [name for name in race.trials if trained(race, name) and asked(race, name)]
    through += [name for name in put_back(race) if asked(race, name)]
    return ended(race, through)


def put_back(race: Raced) -> list[str]:
    """Those go on whom a trial put out that then broke off; the ones that came to the end."""
    through = []
    while again := [name for name, (by, _) in race.out.items() if by in race.broken]:
        for name in again:
            _, at = race.out.pop(name)
            if race.stays(name, at) and trained(race, name, at):
                through.append(name)
    return through


def trained(race: Raced, name: str, at: float = 0.0) -> bool:
    """Trains one trial while it stays; whether it came to the end."""
    for share in [share for share in RUNGS if share > at]:
        if not advance(race, name, at, share) or not race.stays(name, share):
            return False
        at = share
    return True


def asked(race: Raced, name: str) -> bool:
    """Asks one trial block by block while it can win; whether it came to the end."""
    before = 0
    for end in race.looks():
        ask(race, name, before, end)
        before = end
        if not race.can_win(name):
            return False
    return True


def advance(race: Raced, name: str, at: float, share: float) -> bool:
    """Trains one trial up to a share of its plan and shows its loss; False where it breaks off."""
    trial = race.trials[name]
    broke = trial.failed_at is not None and trial.failed_at <= share
    race.steps += trial.steps * ((trial.failed_at if broke else share) - at)
    if broke:
        race.shown.pop(name, None)
        race.broken.add(name)
    else:
        race.show_rung(name, share)
    return not broke


def ask(race: Raced, name: str, before: int, end: int) -> None:
    """Asks one trial the cases up to `end`."""
    race.show_cases(name, end)
    race.cases += min(end, len(race.order)) - before


def ended(race: Raced, through: Sequence[str]) -> Cost:
    """The winner of those who came to the end; nobody, where all who stayed broke off later."""
    passed = {name: int(race.trials[name].right.sum()) for name in through}
    return Cost(winner(passed) if passed else "", race.steps, race.cases)


def widest(source: Table, sizes: Sequence[int], fields: int = 200) -> float:
    """The largest of `WIDTHS` at which races of every size take at most `STEPS` of the steps.

    Who wins is not looked at.
    """
    drawn = {size: [source.field(size) for _ in range(fields)] for size in sizes}
    affordable = [width for width in WIDTHS if all(steps(drawn[n], width) <= STEPS for n in sizes)]
    return max(affordable, default=min(WIDTHS))


def steps(fields: Sequence[Sequence[Trial]], width: float) -> float:
    """Training steps of races with margins so many times the product's, as a part of all steps."""
    taken = whole = 0.0
    for field in fields:
        race = Raced(field, (), [width * margin for margin in MARGINS])
        trained_together(race)
        taken += race.steps
        whole += in_full(field).steps
    return taken / whole


# --- The measurement ----------------------------------------------------------------------------


WAYS = {"side by side": side_by_side, "one by one": one_by_one}


def replay(
    draw: Callable[[int], list[Trial]],
    size: int,
    replays: int,
    rng: np.random.Generator,
    ways: Mapping[str, Callable[[list[Trial], list[int]], Cost]] = WAYS,
) -> dict:
    """Many races of so many trials, each way, against full evaluation."""
    same, as_good = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0)
    costs, lost = {name: np.zeros(2) for name in ways}, dict.fromkeys(ways, 0.0)
    full = np.zeros(2)
    for _ in range(replays):
        field = draw(size)
        cases = len(field[0].right)
        fixed = fixed_of(cases)
        order = [*range(fixed), *(fixed + rng.permutation(cases - fixed))]
        whole = in_full(field)
        full += whole.steps, whole.cases
        rates = {name: t.right.mean() for name, t in named(field).items()}
        for name, way in ways.items():
            raced = way(field, order)
            same[name] += raced.won == whole.won
            costs[name] += raced.steps, raced.cases
            behind = rates[whole.won] - rates.get(raced.won, 0.0)
            as_good[name] += int(behind == 0)
            lost[name] += behind / replays
    return {
        name: {
            "as_good_a_winner": as_good[name] / replays,
            "same_winner": same[name] / replays,
            "interval_95": [round(b, 3) for b in interval(as_good[name], replays)],
            "training_steps": round(float(costs[name][0] / full[0]), 3),
            "case_evaluations": round(float(costs[name][1] / full[1]), 3),
            "points_lost": round(100 * float(lost[name]), 2),
        }
        for name in ways
    }


def in_halves(
    rows: Sequence[dict], sizes: Sequence[int], replays: int, halves: int, seed: int
) -> dict:
    """The width settled on a random half of the rows, the races replayed in the other; the means.

    The spread is that between the halves, which share rows, and so not an error of the mean.
    """
    found: dict[int, list[dict]] = {size: [] for size in sizes}
    widths = []
    for number in range(halves):
        rng = np.random.default_rng([seed, number])
        places = rng.permutation(len(rows))
        own, other = places[: len(rows) // 2], places[len(rows) // 2 :]
        width = widest(Table([rows[n] for n in own], rng), sizes)
        widths.append(width)
        margins = [width * margin for margin in MARGINS]
        way = {"side by side": partial(side_by_side, margins=margins)}
        source = Table([rows[n] for n in other], rng)
        for size in sizes:
            found[size].append(replay(source.field, size, replays, rng, way)["side by side"])
        print(f"half {number + 1} of {halves}: margins times {width:g}", file=sys.stderr)
    names = ("as_good_a_winner", "same_winner", "training_steps", "case_evaluations")
    return {
        "widths": sorted(widths),
        **{
            size: {
                name: {
                    "mean": round(float(np.mean([one[name] for one in of])), 3),
                    "deviation": round(float(np.std([one[name] for one in of])), 3),
                }
                for name in names
            }
            for size, of in found.items()
        },
    }


def interval(passed: int, total: int) -> tuple[float, float]:
    """Wilson, 95 %."""
    found = wilson_interval(passed, total)
    return found.low, found.high


def show(title: str, results: dict) -> None:
    """Prints one table."""
    print(f"\n{title}")
    print(f"{'trials':<8}{'way':<14}{'as good':>9}{'95 % interval':>18}{'the same':>10}", end="")
    print(f"{'steps':>9}{'cases':>9}{'points lost':>13}")
    for size, ways in results.items():
        for way, one in ways.items():
            low, high = one["interval_95"]
            print(
                f"{size:<8}{way:<14}{one['as_good_a_winner']:>9.1%}"
                f"{f'{low:.1%} to {high:.1%}':>18}{one['same_winner']:>10.1%}"
                f"{one['training_steps']:>9.1%}{one['case_evaluations']:>9.1%}"
                f"{one['points_lost']:>13.2f}"
            )


def show_halves(halves: dict, sizes: Sequence[int]) -> None:
    """Prints what races cost and kept in the halves that did not settle the margins."""
    print("\nmargins settled on one half of the rows, races of the other: mean (deviation)")
    print(f"{'trials':<8}{'as good':>18}{'steps':>18}{'cases':>18}")
    for size in sizes:
        cells = (
            f"{of['mean']:.1%} ({of['deviation']:.1%})"
            for name in ("as_good_a_winner", "training_steps", "case_evaluations")
            for of in [halves[size][name]]
        )
        print(f"{size:<8}" + "".join(f"{cell:>18}" for cell in cells))


def main() -> None:
    """Prints the tables and the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, default=TABLE, help="Parquet file of real trainings")
    parser.add_argument(
        "--halves", type=int, default=20, help="settle margins on one half, replay in the other"
    )
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 4, 8])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started, rng = time.perf_counter(), np.random.default_rng(given.seed)
    rows = pl.read_parquet(given.table).to_dicts()
    sources: dict[str, World | Table] = {
        f"table {given.table.name}": Table(rows, rng),
        "simulated, 12 points apart": World(rng, 0.12),
        "simulated, 4 points apart": World(rng, 0.04),
    }
    found = {}
    for title, source in sources.items():
        found[title] = {
            size: replay(source.field, size, given.replays, rng) for size in given.sizes
        }
        show(title, found[title])
    halves = {}
    if given.halves:
        halves = in_halves(rows, given.sizes, given.replays, given.halves, given.seed)
        show_halves(halves, given.sizes)
    first = found[next(iter(sources))]
    record = {
        "name": "racing",
        "value": min(ways["side by side"]["as_good_a_winner"] for ways in first.values()),
        "unit": "share of replays whose winner passes as many cases as that of full evaluation, "
        "trials side by side, worst of the field sizes",
        "higher_is_better": True,
        "peers": {},
        "details": {
            "rungs": RUNGS,
            "margins": MARGINS,
            "alpha": ALPHA,
            "block": BLOCK,
            "replays": given.replays,
            "seed": given.seed,
            **found,
            "halves": halves,
            "seconds": round(time.perf_counter() - started, 1),
        },
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
