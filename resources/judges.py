"""The judges of a goal behind the policy's safety layers, and what they said as a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from forgemind_assets.foundry.judging.panel import Judgement, Panel
from forgemind_assets.foundry.judging.prompt import load_judge_template
from forgemind_assets.foundry.judging.reference import verifier_labels
from forgemind_assets.foundry.strategies.base import Ask
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from resources.workshop import Workshop

FILE = "judgements.parquet"
SCHEMA = {
    "row_id": pl.String,
    "judge": pl.String,
    "label": pl.String,
    "confidence_percent": pl.Int64,
    "agrees": pl.Boolean,
}


def open_panel(goal: Goal, workshop: Workshop, iteration: str, ask: Ask) -> Panel:
    """The judges of a goal that has some, who are asked through `ask`. Asks nobody yet."""
    progress = workshop.progress(goal.name)
    return Panel(
        goal,
        load_seeds(goal),
        load_judge_template(goal),
        ask,
        verifier_labels(goal),
        lambda what, done, total: progress.report(what, done, total, "texts", where=iteration),
    )


def panel_facts(panel: Panel) -> dict[str, Any]:
    """What is published of the judges beside the rows; empty lists where nobody had to be asked."""
    return {
        "judges": [one.model_dump() for one in panel.known()],
        "judges_agree": [one.model_dump() for one in panel.pairs()],
        "judge_template": panel.template.digest,
    }


def write_judgements(judgements: Sequence[Judgement], folder: Path) -> None:
    """Writes one line a vote on a row."""
    lines = [
        {
            "row_id": one.row_id,
            "judge": one.judge,
            "label": one.vote.label,
            "confidence_percent": one.vote.confidence_percent,
            "agrees": one.agrees,
        }
        for one in judgements
    ]
    pl.DataFrame(lines, schema=SCHEMA).write_parquet(folder / FILE)
