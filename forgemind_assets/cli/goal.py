"""`forgemind goal`: checks a goal's folder and explains what it will do."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from forgemind_assets.goal_costs import Estimate
    from forgemind_assets.goal_explain import GoalReport

app = typer.Typer(help="Check a goal and explain what it will do.", no_args_is_help=True)

COLOURS = {"holds": "green", "doubtful": "yellow", "fails": "red"}


class HardwareOption(StrEnum):
    """Hardware that an estimate may assume."""

    cpu = "cpu"
    gpu = "gpu"


@app.callback()
def group() -> None:
    """Check a goal and explain what it will do."""


@app.command(epilog="Example: forgemind goal check benchmarks/python_security")
def check(
    path: Annotated[Path, typer.Argument(help="A goal.yaml, its folder, or a goal's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    hardware: Annotated[
        HardwareOption | None, typer.Option(help="Estimate for this hardware, not for this one.")
    ] = None,
) -> None:
    """Compile a goal, explain what will run, and say whether its limits can hold it.

    Exit 0: the goal compiles. Exit 2: it does not; every problem is listed with file and line.
    """
    from forgemind_assets.errors import GoalError
    from forgemind_assets.goal_explain import explain
    from forgemind_assets.goal_loading import load_goal
    from resources.sandbox.sandbox import Sandbox

    try:
        chosen = hardware.value if hardware else None
        report = explain(load_goal(path), chosen, programs=Sandbox())
    except GoalError as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"ok": False, "problems": [asdict(p) for p in error.problems]}))
        raise typer.Exit(error.exit_code) from error
    if as_json:
        typer.echo(json.dumps({"ok": True, "report": report.model_dump(mode="json")}))
        return
    render(report)


def render(report: "GoalReport") -> None:
    """Prints a report for people."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"[bold]{escape(report.goal)}[/]: {escape(report.description)}")
    console.print(f"{escape(report.file)}  version {report.version[:12]}\n")
    method = "4-bit LoRA" if report.quantisation == "4bit" else "LoRA"
    size = f"{report.base_weights / 1e6:,.0f} M weights"
    console.print(f"Base model  {escape(report.base_model)} ({size}), {method}")
    console.print(f"Strategies  {escape(', '.join(report.strategies))}")
    console.print(f"Teachers    {escape(', '.join(report.teachers)) or 'none'}")
    console.print(f"Verifiers   {escape('; '.join(report.verifiers)) or 'none'}")
    if report.judges:
        console.print(f"Judges      {escape('; '.join(report.judges))}")
    console.print(
        f"Iterations  at most {report.max_iterations}, {report.trials_per_iteration} "
        f"trial{'' if report.trials_per_iteration == 1 else 's'} each, "
        "after two baselines of the base model\n"
    )
    console.print(_suites(report))
    console.print(_costs(report))
    width = max(len(v.subject) for v in report.verdicts)
    for verdict in report.verdicts:
        subject = escape(verdict.subject.ljust(width))
        state = f"[{COLOURS[verdict.state]}]{verdict.state:<8}[/]"
        console.print(f"{state}  {subject}  {escape(verdict.reason)}", soft_wrap=True)
    console.print(f"\nEstimates for {report.hardware}: {escape('; '.join(report.sources))}.")


def _table(*headings: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    return table


def _suites(report: "GoalReport") -> "Table":
    table = _table("suite", "cases", "families", "canary")
    for name, size in report.suites.items():
        canary = str(size.canary) if size.canary else ""
        table.add_row(name, str(size.cases), str(size.families), canary)
    return table


def _costs(report: "GoalReport") -> "Table":
    table = _table("estimate", "a try", "whole goal")
    rows = {
        "teacher requests": lambda e: f"{e.teacher_requests:,}",
        "teacher tokens": lambda e: f"{e.teacher_tokens:,}",
        "teacher time": lambda e: _time(e.teacher_seconds),
        "training tokens": lambda e: f"{e.training_tokens:,}",
        "training time": lambda e: _time(e.training_seconds),
        "testing time": lambda e: _time(e.testing_seconds),
        "hours": lambda e: f"{e.hours:,.2f}",
        "GPU dollars": lambda e: f"{e.gpu_dollars:,.2f}",
        "API dollars, at most": lambda e: f"{e.api_dollars:,.2f}",
    }
    columns: tuple[Estimate, Estimate] = (report.per_try, report.whole_goal)
    for name, cell in rows.items():
        table.add_row(name, *(cell(estimate) for estimate in columns))
    return table


def _time(seconds: float) -> str:
    minutes = seconds / 60
    if minutes >= 120:
        return f"{minutes / 60:,.1f} h"
    return f"{minutes:,.0f} min" if minutes >= 1 else f"{seconds:.0f} s"
