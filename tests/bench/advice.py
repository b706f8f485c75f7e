"""How soon an advisor loses its share, on the table of real trainings, in plans of three trials.

Each plan has a first trial, chosen by the search, and two beside it, half of them the advisor's
while it keeps its share. The advisors are scripts that stand for what a language model may be:
`random` names rows that are left at random, `worst` the worst of them, `alike` what the search
itself would name with another seed, `knowing` rows of the best tenth of those left. Each seed
begins with another two thirds of an earlier goal's trials, as in `search.py`.

`value` is what is left of the random advisor's share after all plans; `alike` shows how much an
advisor as good as the search loses by bad luck. That a stopped trial counts as half of the worst
finished one was decided when this showed bad advice to go unpunished: a race stops most of it.
Nothing else was chosen by what comes out here.

    .venv/bin/python tests/bench/advice.py
"""

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import replay  # noqa: E402
import search  # noqa: E402
import table_earlier  # noqa: E402
import table_make  # noqa: E402

from forgemind_assets.brain.search import accounts  # noqa: E402
from forgemind_assets.brain.search.advice_answer import Advised, Suggestions  # noqa: E402
from forgemind_assets.brain.search.memory import PastTrial  # noqa: E402
from forgemind_assets.brain.search.propose import expected_of, propose_trials  # noqa: E402
from forgemind_assets.brain.search.space import Space, Values  # noqa: E402

SEEDS, PLANS, SHARE, OTHERS = 30, 6, 0.5, 2
NAME = "advisor"
Left = Sequence[replay.Entry]
Advisor = Callable[[Left, Space, Sequence[PastTrial], int, int], list[Values]]
"""What it names, of the rows that are left: so many, with a seed."""


def random_rows(
    left: Left, space: Space, past: Sequence[PastTrial], count: int, seed: int
) -> list[Values]:
    """Any rows."""
    return [entry.values for entry in random.Random(f"advice/{seed}").sample(list(left), count)]


def worst_rows(
    left: Left, space: Space, past: Sequence[PastTrial], count: int, seed: int
) -> list[Values]:
    """Those that pass least."""
    return [entry.values for entry in sorted(left, key=lambda entry: entry.merit)[:count]]


def best_rows(
    left: Left, space: Space, past: Sequence[PastTrial], count: int, seed: int
) -> list[Values]:
    """Of the best tenth of what is left any."""
    ranked = sorted(left, key=lambda entry: -entry.merit)[: max(count, len(left) // 10)]
    return random_rows(ranked, space, past, count, seed)


def alike_rows(
    left: Left, space: Space, past: Sequence[PastTrial], count: int, seed: int
) -> list[Values]:
    """What the search would name with another seed."""
    among = [entry.values for entry in left]
    found = propose_trials(space, past, count, seed + 10_000, among=among)
    return [proposal.values for proposal in found]


ADVISORS: dict[str, Advisor] = {
    "random": random_rows,
    "worst": worst_rows,
    "alike": alike_rows,
    "knowing": best_rows,
}


def run(
    table: replay.Table, space: Space, earlier: Sequence[PastTrial], advisor: Advisor, seed: int
) -> list[float]:
    """Some plans: what the advisor kept of its share after each."""
    left, past, kept = list(table.entries), list(earlier), list[float]()
    for number in range(1, PLANS + 1):
        entries, notes = one_plan(left, space, past, advisor, seed + number)
        shares = replay.race(entries)
        for place, (entry, share) in enumerate(zip(entries, shares, strict=True)):
            trial = replay.past_trial(entry, share, f"{number:04d}-{chr(97 + place)}")
            past.append(trial.model_copy(update=notes[place]))
        kept.append(accounts.standing(past, NAME).kept)
    return kept


def one_plan(
    left: list[replay.Entry],
    space: Space,
    past: Sequence[PastTrial],
    advisor: Advisor,
    seed: int,
) -> tuple[list[replay.Entry], list[dict[str, Any]]]:
    """The rows of a plan, taken from those that are left, and where each comes from."""
    first = propose_trials(space, past, 1, seed, among=[e.values for e in left])[0]
    entries = [taken(left, first.values)]
    notes = [{"source": accounts.PLANNER, "expected": expected_of(space, past, first.values)}]
    share = SHARE * accounts.standing(past, NAME).kept
    places = accounts.places(share, OTHERS, past, seed)
    named = advisor(left, space, past, 2 * places, seed) if places else []
    suggested = Suggestions(
        advisor=NAME, places=places, candidates=tuple(Advised(values=v) for v in named)
    )
    found = propose_trials(
        space, past, OTHERS, seed, taken=[first.values], among=[e.values for e in left],
        suggested=suggested,
    )  # fmt: skip
    for one in found:
        entries.append(taken(left, one.values))
        source = accounts.advised_by(NAME) if one.source == "advisor" else one.source
        notes.append({"source": source, "expected": one.expected})
    return entries, notes


def taken(left: list[replay.Entry], values: Values) -> replay.Entry:
    """The row with these values, which is not left any more."""
    return left.pop(next(i for i, entry in enumerate(left) if entry.values == values))


def main() -> None:
    """Prints the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=Path, default=table_make.OUT)
    parser.add_argument("--earlier", type=Path, default=table_earlier.OUT)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    makers = {given.table: "table_make.py", given.earlier: "table_earlier.py"}
    for file, maker in makers.items():
        if not file.is_file():
            raise SystemExit(f"expected a table at {file}: make it with {maker}")
    table, made = replay.read_table(given.table)
    space = replay.table_space(replay.centre_of(made["train_rows"]), table)
    rows = table_make.read(given.earlier)[0]
    earlier = search.earlier_goal(table_earlier.as_past(rows, table_earlier.NAME))
    kept: dict[str, list[float]] = {}
    for name, advisor in ADVISORS.items():
        runs = [run(table, space, earlier(n), advisor, 100 * n) for n in range(given.seeds)]
        kept[name] = [round(statistics.fmean(of), 3) for of in zip(*runs, strict=True)]
        print(f"{name}: {kept[name]}", file=sys.stderr)
    line = {
        "name": "advice",
        "value": kept["random"][-1],
        "unit": f"part of its share that a random advisor keeps after {PLANS} plans of 3 trials",
        "higher_is_better": False,
        "peers": {},
        "details": {"kept_after_each_plan": kept, "seeds": given.seeds},
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
