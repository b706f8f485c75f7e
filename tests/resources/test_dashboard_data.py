"""What the dashboard reads from a store and a ledger, and how a page shows it."""

from dataclasses import asdict

import pytest
from fakes.goal_folder import write_goal
from fakes.reviews import promotion

from forgemind_assets.brain import planner
from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.state import Score, State
from forgemind_assets.dashboard.goal_page import goal_page
from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.foundry.strategies.base import StrategyAccount
from forgemind_assets.goal_loading import load_goal
from forgemind_assets.home import Home
from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.report import Rate, summarise, write_report
from forgemind_assets.warden.alert_facts import Facts, SpendingFact
from forgemind_assets.warden.scan_report import LayerSummary
from forgemind_assets.warden.screening import write_stages
from resources.alert_delivery import deliver_due
from resources.alert_watch import Post
from resources.dashboard_data import Source
from resources.reviews import open_reviews

HOSTILE = "<script>alert(1)</script>"
NAME = "small_goal"


@pytest.fixture
def source(tmp_path, monkeypatch):
    for name in ("FORGEMIND_LEDGER_URL", "FORGEMIND_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    return Source(home, [load_goal(write_goal(tmp_path / "goal"))])


def publish_report(source, trial, passed, total=24):
    results = [
        TestResult(
            case_id=f"c{i}",
            family="f",
            slice="CWE-89" if i % 2 else "CWE-78",
            prompt="p",
            answer=HOSTILE,
            passed=i < passed,
            reason="right_label",
        )
        for i in range(total)
    ]
    report = summarise(
        results,
        goal=NAME,
        suite="full",
        suite_hash="h",
        model=trial,
        model_hash="h",
        prompt_variant="short",
    )
    with source.store.publish(NAME, "benchmark_report", trial, {}) as folder:
        write_report(report, results, folder)
    return Score(overall=report.overall, slices=report.slices)


def publish_iteration(source, passed=15):
    plan = planner.baseline_plan(source.goals[NAME].spec)
    with source.store.publish(NAME, "plan", plan.iteration, {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())
    score = publish_report(source, "0000-a", passed)
    champion = Champion(
        trial="0000-a", full=score, dev=score, changed=True, reason="first", hours_used=0.5
    )
    with source.store.publish(NAME, "champion", "0000", {}) as folder:
        (folder / "champion.json").write_text(champion.model_dump_json())


def publish_data(source, layers):
    account = StrategyAccount("teacher_pairs", "embedded", 9, 8, 7, 6)
    raw = {"accounts": [asdict(account)]}
    with source.store.publish(NAME, "raw_dataset", "0001", raw) as folder:
        (folder / "rows.parquet").write_bytes(b"not read")
    yields = {"strategy": "teacher_pairs", "teacher": "embedded", "rows_in": 6, "rows_kept": 4}
    meta = {
        "rows_kept": 4,
        "rows_rejected": 2,
        "funnel": [{"stage": "length", "rows_in": 6, "rows_out": 4, "reasons": HOSTILE}],
        "yield_table": [yields],
    }
    with source.store.publish(NAME, "filtered_dataset", "0001", meta) as folder:
        (folder / "kept.parquet").write_bytes(b"not read")
        if layers is not None:
            write_stages(folder, {"training_rows": layers})


def test_a_goal_before_its_first_run_is_shown(source):
    (line,) = source.lines()
    assert (line.best, line.iterations, line.standing) == (None, 0, "not started")
    page = goal_page(source.goal(NAME))
    assert "Nothing yet." in page


def test_rates_intervals_slices_and_hours_are_those_of_the_store(source):
    publish_iteration(source)
    found = source.goal(NAME)
    leader = next(line for line in found.trials if line.champion)
    assert (leader.trial, leader.reports["full"].overall) == ("0000-a", Rate(passed=15, total=24))
    assert set(found.champion.slices) == {"CWE-78", "CWE-89"}
    page = goal_page(found)
    assert "62.5 % (42.7-78.8)" in page
    assert "0.50 h" in page


def test_the_funnel_and_the_teachers_yield_are_shown_without_their_markup(source):
    publish_data(source, [])
    found = source.goal(NAME)
    (iteration,) = found.accounts
    (one,) = iteration.sources
    assert (one.asked, one.rows, one.kept) == (9, 6, 4)
    assert found.effects[0].told.startswith("not estimable: 0 iterations")
    page = goal_page(found)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "4 of 6 rows kept (66.7 %)" in page


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (LayerSummary("secrets", "1", "required", 8, 8), '<span class="good">clean</span>'),
        (
            LayerSummary("secrets", "1", "required", 8, 8, findings={"key": 2}),
            '<span class="warn">findings</span>',
        ),
        (
            LayerSummary("detoxify", "1", "optional", 8, 0, not_run={"no_weights": 8}),
            '<span class="warn">not run</span>',
        ),
        (
            LayerSummary("detoxify", "1", "required", 8, 5, not_run={"no_weights": 3}),
            '<span class="bad">partly run</span>',
        ),
        (LayerSummary("openai", "1", "off"), '<span class="quiet">off</span>'),
    ],
)
def test_each_layer_is_shown_with_its_own_state(source, layer, shown):
    publish_data(source, [layer])
    assert shown in goal_page(source.goal(NAME))


def test_layers_that_were_not_recorded_are_not_shown_as_clean(source):
    publish_data(source, None)
    assert "nothing is known of the layers" in goal_page(source.goal(NAME))


def test_an_altered_record_of_the_layers_is_an_error(source):
    publish_data(source, [LayerSummary("secrets", "1", "required", 8, 5, not_run={"slow": 3})])
    file = source.store.folder(NAME, "filtered_dataset", "0001") / "safety.json"
    file.write_text(file.read_text().replace('"ran": 5', '"ran": 8'))
    with pytest.raises(AlteredArtefact, match=r"safety\.json"):
        source.goal(NAME)


def test_spending_counts_what_is_reserved_and_is_held_against_its_limit(source):
    publish_iteration(source)
    source.ledger.reserve(NAME, "0000-a", "gpu", 0.25, 1.0, per="scope")
    found = {(s.what, s.scope): (s.used, s.limit) for s in source.goal(NAME).spending}
    assert found == {
        ("APIs", None): (0.0, 0.0),
        ("hours of work", None): (0.5, 1.0),
        ("GPU time", "0000-a"): (0.25, 1.0),
    }


def test_alerts_and_reviews_of_the_goal_are_shown(source):
    post = Post.open(source.home)
    spent = SpendingFact(goal=NAME, what="APIs", scope=None, used=0.9, limit=1.0, unit="$", at=1.0)
    post.add(Facts(spending=(spent,)))
    deliver_due(post.outbox, post.notifiers)
    review = open_reviews(source.home).ask(promotion())
    page = goal_page(source.goal(NAME))
    assert "80 % of the limit for APIs is used" in page
    assert f"/reviews/{review.id}" in page
    assert source.lines()[0].open_reviews == 1


def test_each_trial_says_why_it_is_tried_and_why_it_was_stopped(source):
    spec = source.goals[NAME].spec
    first = planner.propose(spec, State(), "0001")
    beside = first.trials[0].model_copy(update={"name": "b", "why": "A step from 0000-a."})
    plan = first.model_copy(update={"trials": (first.trials[0], beside)})
    with source.store.publish(NAME, "plan", "0001", {}) as folder:
        (folder / "plan.json").write_text(plan.model_dump_json())
    ended = {"stopped": "finished"}  # as every training notes
    lost = {"cannot_win": "loss 3.2 where a had 1.5"}
    for name, meta in (("0001-a", ended), ("0001-b", ended | lost)):
        with source.store.publish(NAME, "adapter", name, meta) as folder:
            (folder / "weights").write_bytes(b"not read")
    found = source.goal(NAME)
    assert {line.trial: line.tries for line in found.trials} == {
        "0001-a": plan.hypothesis,
        "0001-b": "A step from 0000-a. Stopped: loss 3.2 where a had 1.5.",
    }
    page = goal_page(found)
    assert "beside it 0001-b" in page
    assert "stopped 0001-b" in page
    assert "stopped 0001-a" not in page
