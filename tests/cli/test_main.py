"""The entry point: fast help, lazy verbs, errors without a traceback."""

import errno
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from forgemind_assets.cli import main
from forgemind_assets.cli.main import VERBS, LazyVerbs, app, load_verb
from forgemind_assets.errors import BudgetExceeded, ForgeMindError, MissingKey
from forgemind_assets.home import REPOSITORY

HEAVY = ("pydantic", "dagster", "torch", "transformers", "mlflow", "yaml", "polars", "httpx")


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )


def test_help_lists_every_verb():
    command = [sys.executable, "-m", "forgemind_assets.cli.main", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert all(verb in done.stdout for verb in VERBS)


def test_help_imports_no_verb_and_nothing_heavy():
    code = (
        "import sys\nfrom typer.testing import CliRunner\n"
        "from forgemind_assets.cli.main import app, VERBS\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"heavy = set({HEAVY!r}) | {{v.module for v in VERBS.values()}}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert python(code).stdout.strip() == "[]"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_loads_and_has_help(name: str):
    assert find_spec(VERBS[name].module), f"{VERBS[name].module} does not exist"
    assert load_verb(name).name == name
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_a_mistyped_verb_names_the_nearest_and_exits_2():
    result = CliRunner().invoke(app, ["gaol"])
    assert result.exit_code == 2
    assert "Did you mean 'goal'" in result.output


class OneFailingVerb(LazyVerbs):
    """The same group, with a verb that raises."""

    error: BaseException = ForgeMindError("spent")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        raise self.error


def run_failing(error: BaseException) -> Any:
    group = type("Failing", (OneFailingVerb,), {"error": error})
    failing = typer.Typer(cls=group, pretty_exceptions_enable=False)
    failing.callback()(lambda: None)
    return CliRunner().invoke(failing, ["run"])


@pytest.mark.parametrize(
    ("error", "code"),
    [(BudgetExceeded("$3 left, $5 needed"), 1), (MissingKey("set OPENAI_API_KEY"), 2)],
)
def test_an_error_on_purpose_is_one_message_and_its_exit_code(error: ForgeMindError, code: int):
    result = run_failing(error)
    assert result.exit_code == code
    assert result.output == f"Error: {error}\n"


def test_ctrl_c_exits_130():
    assert run_failing(KeyboardInterrupt()).exit_code == 130


def test_a_full_disk_is_one_message_wherever_it_was_noticed():
    for error in (
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    ):
        result = run_failing(error)
        assert result.exit_code == 1
        assert result.output.startswith("Error: no space left for ")


def test_a_bug_keeps_its_traceback():
    result = run_failing(ZeroDivisionError("bug"))
    assert isinstance(result.exception, ZeroDivisionError)


def test_the_console_script_has_an_entry_point():
    assert callable(main.main)


def commands(name: str, command: Any) -> list[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    return [one for sub in below for one in commands(f"{name} {sub}", below[sub])] or [
        (name, command)
    ]


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_every_command_has_one_example_of_it(name: str):
    for words, _ in commands(name, load_verb(name)):
        shown = CliRunner().invoke(app, [*words.split(), "--help"]).output
        assert shown.count("Example:") == 1, words
        assert f"forgemind {words}" in shown.partition("Example:")[2], words
