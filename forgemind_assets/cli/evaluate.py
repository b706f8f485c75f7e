"""`forgemind evaluate`: any suite file, any adapter of a goal, case by case."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table


def evaluate(
    target: Annotated[
        str, typer.Argument(help="GOAL, GOAL@stable, GOAL@candidate, GOAL@0002, GOAL@base.")
    ],
    suite: Annotated[Path, typer.Option("--suite", help="A file of cases, one JSON a line.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Scores a suite file with an adapter of a goal and prints each case.

    Without @ the newest champion is taken.

    Example: forgemind evaluate python_security@stable --suite my_cases.jsonl
    """
    from forgemind_assets.cli.live import Ticker
    from forgemind_assets.cli.subjects import find_subject
    from forgemind_assets.errors import UserError
    from forgemind_assets.goal_loading import find_goal, load_goal, read_suite
    from forgemind_assets.home import Home
    from resources.examiner import examine_subject
    from resources.sealed import is_sealed
    from resources.workshop import Workshop

    name, _, wanted = target.partition("@")
    goal = load_goal(find_goal(name))
    if suite.is_file() and is_sealed(goal, suite):
        raise UserError(
            f"--suite {suite}: expected a suite that may be read at any time, found the sealed one "
            f"of {goal.name}, which only a promotion opens; see `forgemind registry promote`"
        )
    cases = read_suite(suite)
    workshop = Workshop()
    subject = find_subject(goal, workshop, wanted)
    console = Console(stderr=as_json)
    ticker = Ticker(console, Home.from_environment(), goal.name)
    with ticker.running():
        exam = examine_subject(goal, workshop, subject, suite.stem, cases, stage=suite.stem)
    if as_json:
        entry = exam.report.model_dump(mode="json", exclude={"samples"})
        entry["pass_rate"] = exam.report.pass_rate
        entry["cases"] = [result.model_dump(mode="json") for result in exam.results]
        print(json.dumps(entry, indent=1))
        return
    console.print(cases_table([r.model_dump() for r in exam.results]))
    rate, interval = exam.report.overall, exam.report.interval
    console.print(
        f"{subject.name} on {suite}: {rate.passed} of {rate.total} passed "
        f"({rate.rate:.1%}, 95 % interval {interval[0]:.1%} to {interval[1]:.1%}), "
        f"{rate.unscored} unscored",
        highlight=False,
    )


def cases_table(results: list[dict[str, Any]]) -> Table:
    """One row a case."""
    view = Table()
    for name in ("case", "slice", "verdict", "reason", "answer"):
        view.add_column(name, overflow="fold")
    for result in results:
        verdict = {True: "passed", False: "failed", None: "unscored"}[result["passed"]]
        view.add_row(
            result["case_id"], result["slice"], verdict, result["reason"], result["answer"]
        )
    return view
