"""Rows of a dataset in a terminal: the input in colours, the answer, where it came from, why not.

What a teacher wrote may hold control characters; they are shown as their number, so that no row
can move the cursor or hide a part of itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from forgemind_assets.dashboard.markup import visible
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal


def language_of(goal: Goal) -> str:
    """The language in which inputs are shown: the first that a verifier implies, or text."""
    spoken = (VERIFIERS[use.name].language for use in goal.spec.filters.verifiers)
    return next(filter(None, spoken), "text")


def print_rows(console: Console, rows: Iterable[Mapping[str, Any]], language: str) -> None:
    """Prints each row with a rule above it."""
    for row in rows:
        console.rule(Text(f"{row['slice']}  {row['row_id']}"), align="left")
        console.print(Syntax(visible(row["input"]), language, background_color="default"))
        for name, value in _facts(row):
            console.print(Text.assemble((f"{name:<9}", "bold"), visible(value)))


def _facts(row: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "answer", row["answer"]
    teacher = f" by {row['teacher']}" if row["teacher"] else ""
    wording = f", variant {row['variant']} of template {row['template']}" if row["variant"] else ""
    yield "made", f"{row['strategy']}{teacher}{wording}"
    yield "from", f"{row['parent'] or '-'}, family {row['family']}"
    if row.get("reason"):
        yield "rejected", f"{row['reason']} (stage {row['stage']})"
