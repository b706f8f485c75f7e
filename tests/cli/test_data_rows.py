"""`forgemind data show` and `preview`: rows that were made, and rows before money is spent."""

import json

import pytest
import yaml
from fakes.datasets import publish_raw
from fakes.openai_server import FakeOpenAI, Says
from fakes.taught_goal import pair, taught_goal
from typer.testing import CliRunner

from forgemind_assets.cli.main import app
from forgemind_assets.foundry.generate import generate
from forgemind_assets.foundry.tables import read_rows, write_rows
from forgemind_assets.goal_loading import load_goal, load_seeds
from forgemind_assets.records import DataSettings
from resources.data_room import make_filtered
from resources.inquiries import teachers_of
from resources.preview import PREVIEW
from resources.workshop import Workshop


def forgemind(*arguments):
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


@pytest.fixture
def made(tmp_path, monkeypatch):
    goal, workshop = publish_raw(tmp_path)
    make_filtered(goal, workshop, "0001")
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    return goal, workshop


def test_kept_rows_are_shown_with_answer_and_origin(made):
    shown = forgemind("show", made[0].folder, "1", "-n", "2", "--slice", "CWE-89")
    assert shown.exit_code == 0, shown.output
    assert "SELECT * FROM" in shown.output
    assert '"cwe": "CWE-89"' in shown.output
    assert "seed_expansion" in shown.output
    assert "2 of " in shown.output
    assert "kept rows of small_goal 0001" in shown.output


def test_a_reason_shows_rejected_rows_and_json_holds_all_of_them(made):
    shown = forgemind("show", made[0].folder, "1", "--reason", "too_short")
    assert "rejected too_short (stage length)" in " ".join(shown.output.split())
    found = json.loads(
        forgemind("show", made[0].folder, "1", "--rejected", "-n", 999, "--json").output
    )
    assert found["total"] == len(found["rows"]) > 0
    assert "too_short" in {row["reason"] for row in found["rows"]}


@pytest.mark.parametrize(
    "arguments",
    [("--slice", "CWE-8"), ("--reason", "x"), ("--strategy", "pairs"), ("-n", "0"), ("-n", "x")],
)
def test_bad_input_is_a_mistake(made, arguments):
    assert forgemind("show", made[0].folder, "1", *arguments).exit_code == 2


def test_what_a_teacher_wrote_cannot_move_the_cursor(made):
    goal, workshop = made
    folder = workshop.store.folder(goal.name, "filtered_dataset", "0001")
    rows = read_rows(folder / "kept.parquet")[:1]
    evil = rows[0].model_copy(update={"input": "x = 1 # \x1b[2J[red]\u202e\n", "parent": "\x1b[1m"})
    write_rows([evil], folder / "kept.parquet")
    shown = forgemind("show", goal.folder, "1").output
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert "⟨U+001B⟩[2J[red]⟨U+202E⟩" in shown


@pytest.fixture
def taught(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FORGEMIND_MODELS", str(tmp_path / "models"))
    with FakeOpenAI(lambda number, body: Says(pair(number))) as server:
        monkeypatch.setenv("PAID_TEACHER_KEY", server.key)
        folder = taught_goal(tmp_path / "goal", server)
        spec = yaml.safe_load((folder / "goal.yaml").read_text())
        spec["limits"]["base_model"] = "smollm2-135m-instruct"
        (folder / "goal.yaml").write_text(yaml.safe_dump(spec))
        yield folder, server


def test_a_preview_that_costs_money_says_how_much_and_asks_nobody_without_consent(taught):
    folder, server = taught
    told = forgemind("preview", folder, "-n", "2")
    assert told.exit_code == 2
    assert "teacher_pairs: 2 requests to paid, at most $0.00" in told.output
    assert "add --yes" in told.output
    assert server.requests == []


def test_what_is_free_is_shown_without_consent(taught):
    folder, server = taught
    shown = forgemind("preview", folder, "-n", "3", "--strategy", "seed_expansion")
    assert shown.exit_code == 0, shown.output
    assert "seed_expansion: 3 rows shown" in shown.output
    assert server.requests == []


def test_a_preview_is_booked_and_the_run_does_not_pay_for_it_again(taught):
    folder, server = taught
    shown = forgemind("preview", folder, "-n", "2", "--yes", "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    pairs = next(one for one in found["strategies"] if one["strategy"] == "teacher_pairs")
    assert (pairs["account"]["asked"], len(pairs["rows"])) == (2, 2)
    assert len(server.requests) == 2
    goal, workshop = load_goal(folder), Workshop()
    ledger = workshop.ledger()
    paid = ledger.usage(goal.name, PREVIEW)
    assert paid.responses == 2
    assert ledger.spent(goal.name, "api", PREVIEW) == pytest.approx(paid.dollars)
    assert paid.dollars == pytest.approx(2 * (10 * 1.0 + 5 * 2.0) / 1e6)
    assert 0 < paid.dollars <= found["most_dollars"]

    again = forgemind("preview", folder, "-n", "2")  # nothing to pay, so no consent is needed
    assert again.exit_code == 0, again.output
    data = DataSettings(rows=20, teacher_requests=12, slice_weights={"CWE-78": 1.5})
    made = generate(goal, data, load_seeds(goal), teachers_of(goal, workshop, "0001"))
    assert len(server.requests) == 12
    account = next(one for one in made.accounts if one.strategy == "teacher_pairs")
    assert account.dollars == pytest.approx(12 * (10 * 1.0 + 5 * 2.0) / 1e6)
    assert ledger.usage(goal.name, "0001").responses == 10


def test_an_unknown_strategy_names_those_that_there_are(taught):
    told = forgemind("preview", taught[0], "--strategy", "pairs")
    assert told.exit_code == 2
    assert "(seed_expansion, teacher_pairs), found 'pairs'" in told.output


@pytest.mark.parametrize("verb", ["show", "preview"])
def test_help_has_an_example(verb):
    assert f"Example: forgemind data {verb}" in forgemind(verb, "--help").output
