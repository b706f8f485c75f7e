"""`forgemind sql`: it sees datasets, reports and ledger, and changes and reaches nothing."""

import json

import pytest
from fakes.datasets import publish_raw
from fakes.installation import Installation, forgemind
from fakes.reviews import promotion
from fakes.trials import publish_plan, publish_trial

from forgemind_assets.lorekeeper.hashing import hash_files
from resources.data_room import make_filtered
from resources.reviews import open_reviews


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FORGEMIND_LEDGER_URL", raising=False)
    goal, workshop = publish_raw(tmp_path)
    make_filtered(goal, workshop, "0001")
    place = Installation(goal, workshop, None, None)
    publish_plan(place, "0001")
    publish_trial(place, "0001-a", 18)
    ledger = workshop.ledger()
    ledger.settle(ledger.reserve("small_goal", "0001", "api", 0.5, limit=1), 0.25)
    open_reviews(workshop.home).ask(promotion(reason="the goal\x1b[2J is met"))
    return place


def ask(place, query):
    done = forgemind(place, "sql", query, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_datasets_reports_and_ledger_are_joined_in_one_question(place):
    kept = place.workshop.store.manifest("small_goal", "filtered_dataset", "0001").meta
    (rows,) = ask(
        place, "SELECT count(*) AS n, min(iteration) AS i FROM rows WHERE goal='small_goal'"
    )
    assert rows == {"n": kept["rows_kept"], "i": "0001"}
    (lost,) = ask(place, "SELECT count(*) AS n FROM rejected_rows WHERE reason IS NOT NULL")
    assert lost == {"n": kept["rows_rejected"]}
    found = ask(
        place,
        "SELECT r.trial, r.passed, count(*) FILTER (WHERE c.passed) AS counted "
        "FROM reports r JOIN cases c USING (goal, suite, trial) WHERE suite = 'full' GROUP BY ALL",
    )
    assert found == [{"trial": "0001-a", "passed": 18, "counted": 18}]
    assert ask(place, "SELECT settled / 1e9 AS dollars FROM spending") == [{"dollars": 0.25}]
    assert ask(place, "SELECT event FROM review_records") == [{"event": "asked"}]


@pytest.mark.parametrize(
    "query",
    [
        "COPY rows TO 'FOLDER/out.csv'",
        "COPY rows TO 'FOLDER/home/store/out.parquet'",
        "SELECT * FROM read_text('FOLDER/goal/goal.yaml')",
        "SELECT * FROM 'FOLDER/goal/seeds.jsonl'",
        "ATTACH 'FOLDER/other.db' AS other",
        "ATTACH 'FOLDER/home/ledger.db' AS ledger (TYPE sqlite)",
        "INSTALL httpfs",
        "LOAD httpfs",
        "EXPORT DATABASE 'FOLDER/all'",
        "SET enable_external_access = true",
        "SELECT * FROM nowhere",
        "SELEC 1",
        "",
    ],
)
def test_a_question_reaches_no_file_and_leaves_none(place, tmp_path, query):
    before = hash_files(tmp_path / "home" / "store")
    done = forgemind(place, "sql", query.replace("FOLDER", str(tmp_path)))
    if query:
        assert done.exit_code == 2, done.output
        assert "review_records" in done.output, "the tables are named"
        assert "Traceback" not in done.output
    assert hash_files(tmp_path / "home" / "store") == before
    assert {p.name for p in tmp_path.iterdir()} == {"goal", "home"}


def test_what_is_changed_is_a_copy(place):
    forgemind(place, "sql", "DELETE FROM review_records; DROP TABLE rows")
    assert len(open_reviews(place.workshop.home).state()) == 1
    assert ask(place, "SELECT count(*) > 0 AS some FROM rows") == [{"some": True}]


def test_the_table_for_people_shows_no_control_characters(place):
    done = forgemind(place, "sql", "SELECT body FROM review_records")
    assert done.exit_code == 0
    assert "\x1b" not in done.output


def test_before_the_first_run_there_is_nothing_and_it_says_so(tmp_path, monkeypatch, place):
    monkeypatch.setenv("FORGEMIND_HOME", str(tmp_path / "empty"))
    assert ask(place, "SELECT 1 AS one") == [{"one": 1}]
    assert not (tmp_path / "empty").exists()
