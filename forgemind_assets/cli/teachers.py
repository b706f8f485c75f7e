"""`forgemind teachers`: what each source of rows was asked, gave, cost and did for dev."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from resources.source_accounts import Accounts

WORDS = ("strategy", "teacher", "effect_on_dev_slices", "judge", "used", "why", "judges")

app = typer.Typer(help="Report what each teacher and strategy gave and cost.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Report what each teacher and strategy gave and cost."""


@app.command(epilog="Example: forgemind teachers report python_security --json")
def report(
    goal: Annotated[
        str | None, typer.Argument(help="Goal name, folder, or goal.yaml; all goals if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows each source of rows over all iterations: yield, cost of a kept row, effect on dev.

    The effect is the change of a slice's dev pass rate that goes with 10 % more of the slice's
    rows from this source, with a 95 % interval, or why it cannot be estimated yet. Where the goal
    has judges, a table shows how far each agrees with what is known (Cohen's kappa), and whether it
    is used.
    """
    from forgemind_assets.goal_loading import find_goal, goal_files, load_goal, unique_goals
    from forgemind_assets.home import Home
    from forgemind_assets.lorekeeper.store import Store
    from resources.source_accounts import goal_accounts

    goals = [load_goal(find_goal(goal))] if goal else unique_goals(goal_files())
    store = Store(Home.from_environment().store)
    found = {one.name: goal_accounts(store, one.name) for one in goals}
    if as_json:
        print(json.dumps({name: _record(one) for name, one in found.items()}, indent=1))
        return
    from rich.console import Console

    console = Console()
    for name, accounts in found.items():
        if not accounts.iterations:
            console.print(f"{name}: no dataset yet; `forgemind run {name}` makes them")
            continue
        for shown in _tables(name, accounts):
            console.print(shown)
        for told in _troubles(accounts):
            console.print(told, markup=False, highlight=False)


def _record(accounts: "Accounts") -> dict[str, Any]:
    from forgemind_assets.foundry.accounts import table_record, totals

    def line(one: Any) -> dict[str, Any]:
        return {k: None if v == "-" else v for k, v in table_record(one).items()}

    return {
        "sources": [line(one) for one in totals(accounts.iterations)],
        "iterations": {
            one.iteration: [line(source) for source in one.sources] for one in accounts.iterations
        },
        "troubles": _troubles(accounts),
        "effects": [asdict(effect) | {"told": effect.told} for effect in accounts.effects],
        "judges": {
            "iteration": accounts.judged,
            "standings": [one.model_dump() for one in accounts.judges],
            "pairs": [one.model_dump() for one in accounts.pairs],
        },
    }


def _troubles(accounts: "Accounts") -> list[str]:
    from forgemind_assets.foundry.accounts import troubles

    return [
        f"Iteration {one.iteration}: {told}"
        for one in accounts.iterations
        for told in troubles(one.sources)
    ]


def _tables(name: str, accounts: "Accounts") -> "list[Table]":
    from rich.table import Table

    from forgemind_assets.foundry.accounts import table_record, totals
    from forgemind_assets.foundry.effects import effect_record
    from forgemind_assets.foundry.judging.standing import pair_record, standing_record

    count = len(accounts.iterations)
    many = f"{count} iteration{'s' if count != 1 else ''}"
    sources = [table_record(one) for one in totals(accounts.iterations)]
    parts = [
        (f"{name}: sources of rows over {many}", sources),
        ("Effect on the slices of dev", [effect_record(one) for one in accounts.effects]),
    ]
    if accounts.judges:
        title = f"Judges of iteration {accounts.judged}: Cohen's kappa with its interval"
        parts.append((title, [standing_record(one) for one in accounts.judges]))
    if accounts.pairs:
        parts.append(("Judges with each other", [pair_record(one) for one in accounts.pairs]))
    made: list[Table] = []
    for title, records in parts:
        shown = Table(title=title, title_justify="left")
        for column in records[0] if records else ():
            side = "left" if column in WORDS else "right"
            whole = column in ("strategy", "teacher", "judge")
            shown.add_column(column.replace("_", " "), justify=side, no_wrap=whole, overflow="fold")
        for record in records:
            shown.add_row(*(str(value) for value in record.values()))
        made.append(shown)
    return made
