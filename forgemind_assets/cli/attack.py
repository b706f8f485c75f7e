"""`forgemind attack`: what fools a goal's model, and which of it people may want in a suite."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from forgemind_assets.goal import Goal
    from forgemind_assets.trial_grounds.attack.report import AttackReport
    from resources.attack_proposals import Proposals
    from resources.attacks import Assault
    from resources.workshop import Workshop

SCOPE = "attack"
"""What a teacher is paid for attacks is booked under this name, beside the iterations."""


def attack(
    target: Annotated[
        str, typer.Argument(help="GOAL, GOAL@stable, GOAL@candidate, GOAL@0003-a, GOAL@base.")
    ],
    max_cases: Annotated[
        int, typer.Option("--max-cases", min=1, help="Attacks put to the model.")
    ] = 60,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this mutation. May be repeated.")
    ] = None,
    requests: Annotated[
        int, typer.Option(min=0, help="Attacks that the goal's attack.teacher is asked for.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Another seed draws other attacks.")] = 0,
    propose: Annotated[
        int,
        typer.Option(
            "--propose", min=0, help="Put up to so many written attacks before a reviewer."
        ),
    ] = 0,
    approved: Annotated[
        bool,
        typer.Option(
            "--approved", help="Attack nothing: print the approved proposals as lines of a suite."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Attacks a model with changed dev cases that it passes, and counts by kind what fools it.

    Each change keeps the label; the goal's verifiers decide. The control `unchanged` puts a case to
    the model as it was. With --requests a teacher writes attacks, too; what that costs is limited
    by the goal. Only those can be proposed for the adversarial suite, and only you add them to it.
    """
    from forgemind_assets.goal_loading import find_goal, load_goal
    from resources.attack_proposals import approved_lines
    from resources.attacks import Assault
    from resources.workshop import Workshop

    name, _, wanted = target.partition("@")
    goal, workshop = load_goal(find_goal(name)), Workshop()
    if approved:
        for line in approved_lines(goal, workshop):
            print(line)
        return
    assault = Assault(max_cases, requests, goal.spec.attack.teacher, tuple(kind or ()), seed)
    _attack(goal, workshop, wanted, assault, propose, as_json)


def _attack(
    goal: "Goal",
    workshop: "Workshop",
    wanted: str,
    assault: "Assault",
    count: int,
    as_json: bool,
) -> None:
    from rich.console import Console

    from forgemind_assets.cli.live import Ticker
    from forgemind_assets.cli.subjects import find_subject
    from forgemind_assets.home import Home
    from resources.attack_proposals import approved_lines, propose
    from resources.attacks import attack as run_attack
    from resources.attacks import check
    from resources.inquiries import screened_teachers

    check(goal, assault)
    if count:
        approved_lines(goal, workshop)  # a queue that was tampered with is told before any work
    subject = find_subject(goal, workshop, wanted)
    console = Console(stderr=as_json)
    with Ticker(console, Home.from_environment(), goal.name).running():
        ask = screened_teachers(goal, workshop, SCOPE)
        report = run_attack(goal, workshop, subject, assault, ask)
        found = propose(goal, workshop, subject.name, count) if count else None
    if as_json:
        print(json.dumps(_record(report, found), indent=1))
    else:
        _show(console, report, found)


def _record(report: "AttackReport", found: "Proposals | None") -> dict[str, Any]:
    from forgemind_assets.trial_grounds.attack.report import KindLine

    def line(one: KindLine) -> dict[str, Any]:
        return one.model_dump(mode="json") | {"rate": one.rate}

    return report.model_dump(mode="json") | {
        "kinds": [line(one) for one in report.kinds],
        "attacks": line(report.attacks),
        "proposed": [review.id for review in found.reviews] if found else [],
        "not_proposed": dict(found.dropped) if found else {},
    }


def _show(console: "Console", report: "AttackReport", found: "Proposals | None") -> None:
    from rich.table import Table

    from forgemind_assets.trial_grounds.attack.report import table_record

    records = [table_record(line) for line in (*report.kinds, report.attacks)]
    shown = Table(
        title=f"{report.goal} {report.model}: {report.parents} of {report.dev_cases} dev cases "
        "passed, and were changed",
        title_justify="left",
    )
    for column in records[0]:
        shown.add_column(column, justify="left" if column in ("kind", "by") else "right")
    for record in records:
        shown.add_row(*(str(cell) for cell in record.values()))
    console.print(shown)
    if report.writing is not None:
        wrote = report.writing
        console.print(
            f"{wrote.teacher}: {wrote.valid} of {wrote.asked} answers were of use, "
            f"${wrote.dollars:.6f}",
            highlight=False,
        )
    if found is not None:
        told = ", ".join(f"{reason} {n}" for reason, n in sorted(found.dropped.items()))
        console.print(f"{len(found.reviews)} put before a reviewer; not proposed: {told or 'none'}")
        for review in found.reviews:
            console.print(f"  forgemind review show {review.id}", highlight=False)
