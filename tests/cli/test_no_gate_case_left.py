"""The firewall by the flow of data: a mark in every case of a gate turns up nowhere else.

Two whole iterations (the baselines, and a trained one) and a promotion run through the real
command, with a teacher behind an API and a tiny model. Then everything that was asked,
written, logged and shown is searched.
"""

import json

import dagster as dg
import pytest
from fakes.command import PATIENCE_SECONDS, start
from fakes.installation import Installation
from fakes.leaks import leaks
from fakes.marks import MARKS, fits, misplaced, places, write_marked
from fakes.openai_server import FakeOpenAI, Says
from fakes.saved_pages import save_pages
from fakes.taught_goal import pair, taught_goal
from fakes.tiny_model import write_catalogue, write_tiny_model
from fakes.trials import publish_plan, publish_trial, register_by_hand

from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from resources.instance import open_instance
from resources.openings import openings_of
from resources.registrations import open_registrations
from resources.workshop import Workshop

STORE = "home/store/small_goal"
DRAWN = {"home/dagster/history/*.db", "home/work/small_goal/*/answers-*.jsonl"}
# Where a case of a gate may stand: in its own suite, and in the table of the report on it, which
# people read to see what failed. Sealed and impossible cases have no such table. Of a few drawn
# answers the report has the case's id, and with it its page in Dagster; the journal of a trial's
# answers has all ids.
ALLOWED = {
    "full input": {"goal/suites/full.jsonl", f"{STORE}/benchmark_report/*/*/cases.parquet"},
    "full expected": {"goal/suites/full.jsonl"},
    "full id": {
        "goal/suites/full.jsonl",
        f"{STORE}/benchmark_report/*/*/cases.parquet",
        f"{STORE}/benchmark_report/*/*/report.json",
        *DRAWN,
    },
    "adversarial input": {
        "goal/suites/adversarial.jsonl",
        f"{STORE}/adversarial_report/*/*/cases.parquet",
    },
    "adversarial expected": {"goal/suites/adversarial.jsonl"},
    "adversarial id": {
        "goal/suites/adversarial.jsonl",
        f"{STORE}/adversarial_report/*/*/cases.parquet",
        f"{STORE}/adversarial_report/*/*/report.json",
        *DRAWN,
    },
    "sealed input": {"goal/suites/sealed.jsonl"},
    "sealed expected": {"goal/suites/sealed.jsonl"},
    "sealed id": {"goal/suites/sealed.jsonl"},
    "impossible input": {"goal/suites/impossible.jsonl"},
    "impossible expected": {"goal/suites/impossible.jsonl"},
    "impossible id": {"goal/suites/impossible.jsonl", "home/work/small_goal/*/answers-*.jsonl"},
}
# What a run leaves, by what it is: the search below must have gone through each.
SEARCHED = {
    "Dagster's event log": "home/dagster/history/**/*.db",
    "logs": "home/logs/*",
    "the ledger": "home/ledger.db",
    "rows": "home/store/**/kept.parquet",
    "plans": "home/store/*/plan/0001/*/plan.json",
    "reports": "home/store/**/report.json",
    "general ability": "home/store/*/benchmark_report/*/*/general/report.json",
    "impossible cases": "home/store/*/benchmark_report/*/*/impossible.json",
    "the sealed report": "home/store/*/sealed_report/*/*/cases.parquet",
    "unfinished work": "home/work/**/answers-*.jsonl",
    "the MLflow database": "home/mlflow/mlflow.db",
    "pages of the dashboard": "pages/*.html",
    "what the teacher was asked": "asked.json",
    "the terminal": "out.txt",
}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_no_gate_case_is_in_a_prompt_a_row_a_plan_a_page_or_a_log(tmp_path, monkeypatch):
    model = write_tiny_model(tmp_path / "tiny")
    write_catalogue(tmp_path / "catalogue.yaml", "tiny", model)
    changes = {
        "suites.impossible": "suites/impossible.jsonl",
        "limits.max_iterations": 1,
    }
    monkeypatch.setenv("FORGEMIND_CATALOGUE", str(tmp_path / "catalogue.yaml"))
    home = Home(tmp_path / "home", tmp_path / "models")
    with FakeOpenAI(lambda number, body: Says(pair(number))) as teacher:
        folder = taught_goal(tmp_path / "goal", teacher, changes, epochs=4)
        write_marked(folder)
        given = {"PAID_TEACHER_KEY": teacher.key}
        run = start(tmp_path, "run", str(folder), "--headless", **given)
        assert run.wait(900) in (0, 3), (tmp_path / "out.txt").read_text()
        open_sealed(tmp_path, folder, home, given)
        save_pages(tmp_path, given)
        (tmp_path / "asked.json").write_text(json.dumps(teacher.requests))
    (opening,) = openings_of(open_registrations(home).events("small_goal"))
    assert opening.verdict.score.overall.passed == 12
    assert len(teacher.requests) == 12
    assert [what for what, where in SEARCHED.items() if not any(tmp_path.glob(where))] == []

    found = places(leaks(tmp_path, MARKS))
    assert misplaced(found, ALLOWED) == {}
    the_search_would_have_found_it(found)
    the_tripwires_were_checked(home)


def open_sealed(place, folder, home, given):
    """Promotes a version that meets the goal, whose answers to the sealed suite are there already.

    The trained model is too small to meet it with marks before its eyes. What reads the cases,
    grades, publishes, records and shows is the product.
    """
    workshop = Workshop(home_root=str(home.root), models_root=str(home.models))
    found = Installation(load_goal(folder), workshop, None, None)
    publish_plan(found, "0002")
    publish_trial(found, "0002-a", 24)
    version = register_by_hand(found, "0002-a")
    asked = start(place, "registry", "promote", str(folder), version, "--reason", "to see", **given)
    assert asked.wait(PATIENCE_SECONDS) == 0, (place / "out.txt").read_text()


def the_search_would_have_found_it(found):
    """The same search finds each mark where it may be, and those that are no secret elsewhere."""
    for mark, allowed in ALLOWED.items():
        assert all(any(fits(p, [one]) for p in found[mark]) for one in allowed), mark
    assert any(fits(p, [f"{STORE}/canary_report/*/cases.parquet"]) for p in found["dev input"])
    for where in ("raw_dataset/0001/*", "filtered_dataset/0001/*"):
        assert any(fits(p, [f"{STORE}/{where}"]) for p in found["seeds input"]), where


def the_tripwires_were_checked(home):
    """Every check ran on the gate's reports of both iterations, and no seal was broken.

    The two baselines, and one trained trial.
    """
    seen = {}
    with open_instance(home) as instance:
        for run in instance.get_runs():
            kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
            for record in instance.get_records_for_run(run.run_id, of_type=kind).records:
                evaluation = record.event_log_entry.dagster_event.asset_check_evaluation_data
                seen.setdefault(evaluation.check_name, []).append(evaluation.passed)
    assert all(seen["seals_hold"])
    assert len(seen["seals_hold"]) == 3 * 4
    for name in ("impossible_cases_fail", "general_ability_kept", "slices_kept"):
        assert len(seen[name]) == 3, name
    assert all(seen["impossible_cases_fail"])


def test_the_search_tells_a_leak_from_what_may_stand_there(tmp_path):
    """A mark in a plan, in a page or in the wrong suite's table is none that is allowed."""
    for where in ("home/store/small_goal/plan/0001/ab/plan.json", "pages/0.html", "asked.json"):
        path = tmp_path / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"text": "# zqfullinput07"}))
    found = places(leaks(tmp_path, MARKS))
    assert len(found["full input"]) == 3
    assert not any(fits(p, ALLOWED["full input"]) for p in found["full input"])
