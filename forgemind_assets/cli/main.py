"""The `forgemind` command: one verb, one module, imported only when the verb is used.

`VERBS` names the module of each verb and the line that `--help` shows for it, so that help
and completion import none of them. A module holds either a typer `app` (verbs with
sub-commands) or one function of the verb's name.
"""

import signal
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from forgemind_assets.errors import ForgeMindError, disk_is_full
from forgemind_assets.home import Home
from forgemind_assets.quiet import quieten


@dataclass(frozen=True)
class Verb:
    """Where a verb lives, and its line in `--help`."""

    module: str
    help: str
    example: str = ""


VERBS: dict[str, Verb] = {
    "run": Verb(
        "forgemind_assets.cli.run",
        "Work on a goal until it is met, a limit is reached or it is out of reach.",
        "forgemind run python_security",
    ),
    "stop": Verb(
        "forgemind_assets.cli.stop",
        "Ask the loop of a goal to end after the work under way.",
        'forgemind stop python_security --reason "the suite needs more families"',
    ),
    "status": Verb(
        "forgemind_assets.cli.status",
        "Show how far the goals have come.",
        "forgemind status python_security --json",
    ),
    "report": Verb(
        "forgemind_assets.cli.report",
        "Tell how far a goal has come, what is missing, and what could be changed.",
        "forgemind report python_security",
    ),
    "evaluate": Verb(
        "forgemind_assets.cli.evaluate", "Score a suite with any adapter of a goal, case by case."
    ),
    "attack": Verb(
        "forgemind_assets.cli.attack",
        "Change dev cases that a model passes until it fails, and count what fools it.",
        "forgemind attack python_security@candidate --max-cases 60",
    ),
    "registry": Verb(
        "forgemind_assets.cli.registry",
        "List, show, promote and roll back the registered versions of a goal.",
    ),
    "reproduce": Verb(
        "forgemind_assets.cli.reproduce",
        "Rebuild a registered version and say what matched.",
        "forgemind reproduce python_security 2",
    ),
    "seeds": Verb(
        "forgemind_assets.cli.seeds",
        "Train a trial with fresh seeds and tell how much of its result is luck.",
        "forgemind seeds python_security 0003-a --against 0001-a",
    ),
    "why": Verb(
        "forgemind_assets.cli.why",
        "Show where a row, adapter, version or iteration comes from, and what came of it.",
        "forgemind why python_security v2",
    ),
    "diff": Verb(
        "forgemind_assets.cli.diff",
        "Show what differs between two iterations, and the slices that rose and fell.",
        "forgemind diff python_security 1 3",
    ),
    "fork": Verb(
        "forgemind_assets.cli.fork",
        "Open a new line of a goal from a past iteration, with some settings changed.",
        "forgemind fork python_security --from 2 --set search.learning_rate=0.002 --dry-run",
    ),
    "sql": Verb(
        "forgemind_assets.cli.sql",
        "Ask datasets, reports and the ledger in SQL; nothing can be changed.",
        "forgemind sql \"SELECT trial, pass_rate FROM reports WHERE suite = 'dev'\"",
    ),
    "ui": Verb("forgemind_assets.cli.ui", "Open Dagster's web interface on this installation."),
    "dashboard": Verb(
        "forgemind_assets.cli.dashboard",
        "Show goals, figures, alerts and reviews on a small page, and decide reviews there.",
        "forgemind dashboard python_security --open",
    ),
    "home": Verb("forgemind_assets.cli.home", "Prepare and print DAGSTER_HOME, for dagster dev."),
    "inbox": Verb(
        "forgemind_assets.cli.inbox",
        "List what ForgeMind has told people: failed checks and runs, budgets, approvals, stops.",
        "forgemind inbox python_security --json",
    ),
    "review": Verb(
        "forgemind_assets.cli.review", "Decide what only a person may: list, approve, reject."
    ),
    "goal": Verb("forgemind_assets.cli.goal", "Check a goal and explain what it will do."),
    "data": Verb(
        "forgemind_assets.cli.data",
        "Look at rows before and after they are made, show a dataset's card, export a version.",
    ),
    "teachers": Verb(
        "forgemind_assets.cli.teachers",
        "Report what each teacher and strategy was asked, gave, cost and did for the dev slices.",
    ),
    "models": Verb("forgemind_assets.cli.models", "List and fetch the models of the catalogue."),
}


class LazyVerbs(TyperGroup):
    """A group whose commands are stubs until one is resolved; then its module is imported.

    An error that ForgeMind raises on purpose is printed as one message, without a traceback,
    and ends with the exit code of its class.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, verb in VERBS.items():
            self.add_command(TyperCommand(name, help=verb.help), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Name, command and remaining arguments; the verb's module is imported here."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, load_verb(name) if name in VERBS else stub, rest

    def invoke(self, ctx: Any) -> Any:
        """Runs the verb; see the class for its errors."""
        try:
            return super().invoke(ctx)
        except ForgeMindError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except Exception as error:
            home = Home.from_environment()
            # SQLite on a full disk says no more than `disk I/O error`
            if not (disk_is_full(error) or home.has_no_space()):
                raise
            typer.echo(
                f"Error: no space left for {home.root} or {home.models}; free some and run the "
                "same command again, it goes on where it was",
                err=True,
            )
            raise typer.Exit(1) from error


def load_verb(name: str) -> Any:
    """Imports a verb's module and builds its command."""
    verb = VERBS[name]
    module = import_module(verb.module)
    if hasattr(module, "app"):
        command = typer.main.get_group(module.app)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name, epilog=f"Example: {verb.example}" if verb.example else None)(
            getattr(module, name)
        )
        command = typer.main.get_command(single)
    command.name = name
    return command


app = typer.Typer(
    cls=LazyVerbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def forgemind() -> None:
    """ForgeMind builds a small model that passes your test suite."""


def interrupt(number: int, frame: Any) -> None:
    """Ends a verb as Ctrl-C does, so that what it started is stopped with it."""
    raise KeyboardInterrupt


def main() -> None:
    """Entry point of the console script. Ctrl-C, SIGTERM and a closed terminal end with 130."""
    quieten()
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        app(prog_name="forgemind")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
