"""Makes the earlier goal of the search bench: real trainings on another task, found by our search.

A goal begins with what earlier goals on the same base model have learned (`resources/
trial_memory.py`). This is such a goal: other families of code, longer, asked in other words with
other keys (`table_task.load_earlier_task`). Its configurations are what the search proposed one by
one, each after the one before was trained, within the ends of the table. It was set down before
any of them was trained, and the table's results had no part in it.

    .venv/bin/python tests/bench/table_earlier.py --threads 1
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(Path(__file__).parent)]

import replay  # noqa: E402
import table_make  # noqa: E402
import table_task  # noqa: E402

from forgemind_assets.brain.search.memory import PastTrial  # noqa: E402
from forgemind_assets.brain.search.propose import propose_trials  # noqa: E402
from forgemind_assets.brain.search.space import Space  # noqa: E402

OUT = table_make.OUT.with_name("earlier_goal.parquet")
TRIALS, SEED = 24, 7
NAME = "earlier_goal"


@cache
def space() -> Space:
    """The product's dials within the ends of the table, around what the goal says."""
    ends = tuple(replay.Entry(dials, {}, None) for dials in table_make.design())
    rows = len(table_task.load_earlier_task().train)
    return replay.table_space(replay.centre_of(rows), replay.Table(ends))


def searched(config: int, rows: table_make.Rows) -> dict[str, Any]:
    """What the search proposes after the trials so far."""
    past = as_past(sorted(rows, key=lambda row: row["config"]))
    values = propose_trials(space(), past, 1, SEED)[0].values
    whole = {name: int(values[name]) for name in ("batch_size", "rank")}
    return values | whole | {"contrast_batches": bool(values["contrast_batches"])}


def as_past(rows: table_make.Rows, goal: str = "") -> list[PastTrial]:
    """The trials as a search sees them; as an earlier goal's with its name."""
    return [
        PastTrial(
            name=f"{row['config']:04d}-a",
            values={name: row[name] for name in replay.DIALS},
            score=None if row["failed"] else row["pass_rates"][-1],
            goal=goal,
        )
        for row in rows
    ]


def main() -> None:
    """Goes on with the earlier goal."""
    given = table_make.options(__doc__, OUT, TRIALS)
    task = table_task.load_earlier_task()
    table_make.make(given.out, given.count, given.pause_while, given.precision, task, searched)


if __name__ == "__main__":
    main()
