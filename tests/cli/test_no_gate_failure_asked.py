"""The firewall where the loop learns from failures: every strategy, and an attack on the champion.

An iteration and the preparation of the next run in the real graph, on a tiny model. What the
models answer is planted: the trained one fails one slice of dev and another slice of the gates,
and each answer carries a mark of its own. What is asked next must be about the former, and the
marks of the gates must be nowhere but in the reports on them.
"""

import json
import shutil
from collections import Counter, defaultdict
from dataclasses import replace

import dagster as dg
import polars as pl
import pytest
import yaml
from fakes.installation import Installation
from fakes.leaks import leaks
from fakes.marks import GATES, MARKS, fits, misplaced, places, write_marked
from fakes.openai_server import FakeOpenAI, Says
from fakes.opened_suites import opened_suites
from fakes.taught_goal import pair, taught_goal
from fakes.teacher_prompts import SHIPPED, write_prompt
from fakes.tiny_model import write_catalogue, write_tiny_model

from forgemind_assets.brain.decide import Prepare, Train, decide
from forgemind_assets.cli.headless import execute
from forgemind_assets.factory import build_definitions
from forgemind_assets.foundry.strategies.registry import STRATEGIES
from forgemind_assets.foundry.strategies.rewrites import Rewrites
from forgemind_assets.goal_loading import load_cases, load_goal
from forgemind_assets.trial_grounds.evaluation import append_journal
from resources.attacks import published
from resources.data_room import make_raw
from resources.examiner import journal_of, subject_of
from resources.history import read_state
from resources.runs import runs_for
from resources.workshop import Workshop

# Warnings of mlflow are not ours to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default"), pytest.mark.timeout(900)]
GOAL, STORE = "small_goal", "home/store/small_goal"
TAUGHT = [name for name, kind in STRATEGIES.items() if kind.needs_teacher]
FIELDS = {
    name: yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())["field"]
    for name, kind in STRATEGIES.items()
    if issubclass(kind, Rewrites)
} | {"teacher_pairs": "vulnerable_code"}
# The slice that the trained model fails on dev, and the one that it fails on the gates.
FAILED_ON_DEV, FAILED_ON_GATES = "CWE-89", "safe/CWE-78"
ANSWERS = {f"{name} answer": f"zq{name}answer" for name in (*GATES, "dev")}
# Where a mark of a gate may stand: its suite, the report's table, the journal of the trial's work.
# A few drawn answers, with the ids of their cases, are in the report and its page in Dagster.
REPORTS = {"full": "benchmark_report", "adversarial": "adversarial_report"}
SUITES = {name: {f"goal/suites/{name}.jsonl"} for name in GATES}
TABLES = {name: {f"{STORE}/{asset}/*/*/cases.parquet"} for name, asset in REPORTS.items()}
DRAWN = {
    name: {f"{STORE}/{asset}/*/*/report.json", "dagster/*.db"} for name, asset in REPORTS.items()
}
JOURNALS = {name: {"home/work/small_goal/*/answers-*.jsonl"} for name in (*REPORTS, "impossible")}
ALLOWED = {
    f"{name} {field}": set().union(*(kind.get(name, ()) for kind in kinds))
    for name in GATES
    for field, kinds in {
        "input": (SUITES, TABLES),
        "expected": (SUITES,),
        "id": (SUITES, TABLES, DRAWN, JOURNALS),
        "answer": (TABLES, DRAWN, JOURNALS),
    }.items()
}


def teacher():
    """Writes what each strategy asks for, known by the field of its answer; all texts differ."""

    def script(number, body):
        fields = list(body["response_format"]["json_schema"]["schema"]["properties"])
        if FIELDS["teacher_pairs"] in fields:
            return Says(pair(number))
        code = ["def pick(connection, badge):", "    line = f\"SELECT '{badge}'\"",
                "    return connection.execute(line).fetchone()"]  # fmt: skip
        lines = [line.replace("badge", f"badge{number}") for line in code]
        return Says(json.dumps({fields[0]: lines}))

    return FakeOpenAI(script)


def asked_of(requests):
    """Strategy -> the questions that it asked. Attacks have the field of `adversarial`."""
    by_field = {field: name for name, field in FIELDS.items()}
    found = defaultdict(list)
    for body in requests:
        fields = body["response_format"]["json_schema"]["schema"]["properties"]
        (name,) = {by_field[field] for field in fields if field in by_field}
        text = body["messages"][-1]["content"]
        found["attack" if name == "adversarial" and "```" not in text else name].append(text)
    return found


@pytest.fixture
def built(tmp_path, monkeypatch):
    model = write_tiny_model(tmp_path / "tiny")
    catalogue = write_catalogue(tmp_path / "catalogue.yaml", "tiny", model)
    for name, value in (("CATALOGUE", catalogue), ("HOME", tmp_path / "home")):
        monkeypatch.setenv(f"FORGEMIND_{name}", str(value))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    changes = {
        "suites.impossible": "suites/impossible.jsonl",
        "limits.max_iterations": 3,
        "success.pass_rate": 0.95,
        "tripwires": {"general_ability": False},
        "attack": {"cases": 6, "requests": 4, "teacher": "paid"},
        "strategies": [
            {"name": name} | ({"teacher": "paid"} if name in TAUGHT else {}) for name in STRATEGIES
        ],
    }
    (tmp_path / "dagster").mkdir()
    with teacher() as server, dg.instance_for_test(temp_dir=str(tmp_path / "dagster")) as instance:
        monkeypatch.setenv("PAID_TEACHER_KEY", server.key)
        folder = taught_goal(tmp_path / "goal", server, changes, epochs=1, teacher_requests=28)
        for name in (*FIELDS, "attack"):
            if name != "teacher_pairs":
                write_prompt(folder, name)
        write_marked(folder)
        home = str(tmp_path / "home")
        workshop = Workshop(home_root=home, models_root=str(tmp_path / "models"))
        goal = load_goal(folder)
        found = Installation(goal, workshop, build_definitions([goal], workshop), instance)
        yield found, server


def answer(place, trial, fails):
    """Notes a marked answer to every case, right or wrong, as an exam that was cut off left it.

    The baselines know nothing; a wrong answer of the trained one is a label of the goal.
    """
    goal, workshop = place.goal, place.workshop
    journal = journal_of(goal, workshop, subject_of(goal, workshop, trial))
    for name in ("dev", *REPORTS, "impossible"):
        for number, case in enumerate(load_cases(goal, name)):
            right = case.expected["cwe"]
            wrong = "CWE-89" if right == "none" else "none"
            label = wrong if fails(name, case.slice) else right
            said = {"cwe": label, "note": f"{ANSWERS[f'{name} answer']}{number:02d}"}
            append_journal(journal, case.id, json.dumps(said))


def all_wrong(suite, slice_name):
    """What a baseline gets wrong."""
    return True


def fails(suite, slice_name):
    """What the trained model gets wrong."""
    failed = FAILED_ON_DEV if suite == "dev" else FAILED_ON_GATES
    return suite == "impossible" or slice_name == failed


def turn(place, decision):
    """Carries out a decision. The answers of a model are planted before it is asked."""
    for spec in runs_for(GOAL, decision):
        training = isinstance(decision, Train)
        for assets in [spec.assets[:1], spec.assets[1:]] if training else [spec.assets]:
            if training and assets == spec.assets[1:]:
                knows_nothing = spec.partition.startswith("0000")
                answer(place, spec.partition, all_wrong if knows_nothing else fails)
            assert execute(place.definitions, place.instance, replace(spec, assets=assets)).success


def until_prepared(place, iteration):
    """Turns until an iteration is about to be prepared; its preparation is given back."""
    for _ in range(12):
        state = read_state(place.goal, place.instance, place.workshop)
        decision = decide(place.goal.spec, state)
        if isinstance(decision, Prepare) and decision.plan.iteration == iteration:
            assert "zq" not in state.model_dump_json()
            return decision
        turn(place, decision)
    raise AssertionError(f"iteration {iteration} was never prepared")


def slices_asked(place, iteration, strategy):
    """How many rows of each slice a strategy was asked for, by what came of it."""
    folder = place.workshop.store.folder(GOAL, "raw_dataset", iteration)
    rows = pl.read_parquet(folder / "rows.parquet").filter(pl.col("strategy") == strategy)
    return Counter(rows["slice"])


def test_gate_failures_steer_no_question_and_leave_no_mark(built, tmp_path):
    place, server = built
    turn(place, until_prepared(place, "0001"))
    early = len(server.requests)
    preparation = until_prepared(place, "0002")
    with opened_suites() as opened:
        turn(place, preparation)
    (tmp_path / "asked.json").write_text(json.dumps(server.requests))

    champion = place.workshop.store.read_json(GOAL, "champion", "0001", "champion.json")
    assert champion["trial"] == "0001-a"
    assert {by for suite, by in opened if suite in GATES} == {"suite_texts.py"}
    assert "dev" in {suite for suite, _ in opened}
    every_strategy_asked(server.requests[early:])
    dev_steers_and_the_gate_does_not(place)
    no_mark_is_out_of_place(tmp_path)
    nothing_changes_without_the_reports_on_the_gates(place, server)


def every_strategy_asked(requests):
    """All that have a teacher, and the attack, with an example from the seeds but for two."""
    asked = asked_of(requests)
    assert set(asked) == {*TAUGHT, "attack"}
    for name in set(TAUGHT) - {"teacher_pairs"}:
        assert all(MARKS["seeds input"] in question for question in asked[name]), name


def dev_steers_and_the_gate_does_not(place):
    """The baseline fails all of dev, the trained champion one slice, and the gate another."""
    early, late = (slices_asked(place, key, "failure_driven") for key in ("0001", "0002"))
    assert set(early) - {FAILED_ON_DEV, FAILED_ON_GATES}
    assert set(late) == {FAILED_ON_DEV}
    assert set(slices_asked(place, "0002", "adversarial")) == {FAILED_ON_DEV}
    attack = published(place.goal, place.workshop, "0001-a")
    assert attack is not None
    assert (attack.parents, attack.dev_cases) == (12, 16)


def no_mark_is_out_of_place(root):
    """And the same search finds each mark where it may be."""
    found = places(leaks(root, MARKS | ANSWERS))
    assert misplaced(found, ALLOWED) == {}
    for mark, patterns in ALLOWED.items():
        assert all(any(fits(p, [one]) for p in found[mark]) for one in patterns), mark
    for name in ("dev input", "dev expected", "dev id"):
        assert any(fits(p, [f"{STORE}/attack_report/*/*/attacks.parquet"]) for p in found[name])
    assert "asked.json" in found["seeds input"]
    for where in ("raw_dataset/0002", "filtered_dataset/0002"):
        assert any(fits(p, [f"{STORE}/{where}/*"]) for p in found["seeds input"]), where


def nothing_changes_without_the_reports_on_the_gates(place, server):
    """The same rows are made of the same questions, each of which was paid for once."""
    store, before = place.workshop.store, len(server.requests)
    version = store.manifest(GOAL, "raw_dataset", "0002").version
    for asset in REPORTS.values():
        shutil.rmtree(store.root / GOAL / asset)
    made = make_raw(place.goal, place.workshop, "0002")
    assert len(server.requests) == before
    assert made["rows"] > 0
    assert store.manifest(GOAL, "raw_dataset", "0002").version == version
