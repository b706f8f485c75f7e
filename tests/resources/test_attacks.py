"""A real, tiny model is attacked; what fools it feeds training, and proposals wait for people."""

import json

import pytest
from fakes.attacks import GATE, NEW_SAFE, NEW_WEAK, SEED, attacked_goal, knows_dev, writer
from fakes.opened_suites import opened_suites
from fakes.reviews import ADA
from typer.testing import CliRunner

from forgemind_assets.brain.champion import Champion
from forgemind_assets.brain.state import Score
from forgemind_assets.cli.main import app
from forgemind_assets.errors import UserError
from forgemind_assets.forge.assets import make_adapter
from forgemind_assets.foundry.strategies.mistakes import mistakes_by_slice
from forgemind_assets.goal_loading import load_goal, load_seeds, read_suite
from forgemind_assets.records import DataSettings, Plan, TrialSettings
from forgemind_assets.trial_grounds.attack.records import CONTROL
from forgemind_assets.trial_grounds.report import Rate
from resources.attack_proposals import approved_lines, propose
from resources.attacks import Assault, attack, published, read_outcomes
from resources.data_room import make_raw
from resources.dev_errors import mistakes_before
from resources.examiner import Subject
from resources.inquiries import screened_teachers
from resources.reviews import open_reviews
from resources.workshop import Workshop

KNOWN = ("dev-orders", "dev-clinic")


@pytest.fixture
def place(tmp_path, monkeypatch):
    with writer() as server:
        goal = attacked_goal(tmp_path, server, monkeypatch)
        workshop = Workshop()
        knows_dev(goal, workshop, KNOWN)
        yield goal, workshop, server


def assail(goal, workshop, **changes):
    base = workshop.models.clean("tiny")
    subject = Subject("base", base, None, "zero_shot", "base:tiny")
    ask = screened_teachers(goal, workshop, "attack")
    return attack(goal, workshop, subject, Assault(**({"cases": 24} | changes)), ask)


def test_mutants_of_passed_dev_cases_fool_the_model_and_are_counted_by_kind(place):
    goal, workshop, server = place
    report = assail(goal, workshop)
    assert (report.dev_cases, report.parents) == (16, 8)
    assert sum(line.verified for line in report.kinds) == 24
    every = report.attacks
    # the tiny model says nothing that can be read, so that each attack fools it
    assert (
        every.fooled
        == every.verified
        == 24 - next(line.verified for line in report.kinds if line.kind == CONTROL)
    )
    frame = read_outcomes(workshop, report)
    assert set(frame["family"]) <= set(KNOWN)
    assert frame.filter(frame["kind"] == CONTROL)["fooled"].to_list() == [False] * (
        24 - every.verified
    )
    assert published(goal, workshop, "base") == report
    assert "input" not in json.dumps(report.model_dump(mode="json"))
    assert server.requests == []


def test_an_attack_again_asks_the_model_nothing_and_right_answers_do_not_count(place):
    goal, workshop, _ = place
    first = assail(goal, workshop)
    frame = read_outcomes(workshop, first).filter(
        ~(read_outcomes(workshop, first)["kind"] == CONTROL)
    )
    journal = knows_dev(goal, workshop, KNOWN)
    held = frame.head(5)
    with journal.open("a", encoding="utf-8") as stream:
        for name, expected in zip(held["id"], held["expected"], strict=True):
            stream.write(json.dumps({"case_id": name, "answer": expected}) + "\n")
    size = journal.stat().st_size
    again = assail(goal, workshop)
    assert journal.stat().st_size == size
    assert again.attacks.fooled == first.attacks.fooled - 5


def test_written_attacks_are_verified_booked_and_come_first(place):
    goal, workshop, server = place
    report = assail(goal, workshop, cases=6, requests=8, teacher="paid")
    assert len(server.requests) == 8
    known = [GATE, SEED, *(seed.input for seed in load_seeds(goal))]
    dev = [case.input for case in read_suite(goal.folder / goal.spec.suites.dev)]
    sent = json.dumps([request["messages"] for request in server.requests])
    assert not any(json.dumps(text)[1:-1] in sent for text in [*known, *dev])
    frame = read_outcomes(workshop, report)
    own = frame.filter(frame["teacher"] == "paid")
    # of eight texts two are no attack of their slice, one is no code, and one came twice
    assert sorted(own["slice"]) == ["CWE-78", "CWE-89", "CWE-89", "safe/CWE-78"]
    assert own["parent"].str.starts_with("request:").all()
    assert own["family"].n_unique() == 4
    assert (len(frame), report.writing.asked, report.writing.valid) == (6, 8, 8)
    assert report.writing.dollars == pytest.approx(8 * (10 * 1.0 + 5 * 2.0) / 1e6)
    assert workshop.ledger().spent(goal.name, "api", "attack") == pytest.approx(
        report.writing.dollars
    )
    assail(goal, workshop, cases=6, requests=8, teacher="paid")
    assert len(server.requests) == 8


def test_mistakes_of_the_person_are_all_told_before_anything_is_asked(place):
    goal, workshop, server = place
    (goal.folder / "prompts" / "teacher" / "attack.yaml").unlink()
    with pytest.raises(UserError) as error:
        assail(goal, workshop, kinds=("renamd",), requests=1)
    assert "did you mean renamed?" in str(error.value)
    assert "expected attack.teacher in the goal" in str(error.value)
    assert "attack.yaml, found none" in str(error.value)
    assert server.requests == []


def test_an_attack_opens_dev_alone_and_proposals_open_the_gates_through_the_filter_alone(place):
    goal, workshop, _ = place
    with opened_suites() as attacked:
        assail(goal, workshop, cases=12, requests=8, teacher="paid")
    with opened_suites() as proposed:
        propose(goal, workshop, "base", 5)
    assert {suite for suite, _ in attacked} == {"dev"}
    gates = {one for one in proposed if one[0] != "dev"}
    assert gates == {(name, "suite_texts.py") for name in ("full", "adversarial", "sealed")}


def test_what_is_near_a_gate_case_or_a_seed_is_dropped_and_a_person_adds_the_rest(place):
    goal, workshop, _ = place
    suites = {path: path.read_bytes() for path in (goal.folder / "suites").iterdir()}
    assail(goal, workshop, cases=12, requests=8, teacher="paid")
    found = propose(goal, workshop, "base", 5)
    assert found.dropped == {"in_a_suite": 1, "like_a_seed_or_row": 1, "made_of_a_dev_case": 8}
    shown = {"\n".join([*one.question.evidence["input"], ""]) for one in found.reviews}
    assert shown == {NEW_WEAK, NEW_SAFE}
    assert {review.question.kind for review in found.reviews} == {"suite_proposal"}
    assert propose(goal, workshop, "base", 5).reviews == ()
    first, second = found.reviews
    open_reviews(workshop.home).decide(first.id, "approve", ADA, "fair")
    open_reviews(workshop.home).decide(second.id, "reject", ADA, "trivial")
    (line,) = approved_lines(goal, workshop)
    assert [line] == first.question.evidence["suite_lines"]
    assert suites == {path: path.read_bytes() for path in (goal.folder / "suites").iterdir()}
    with (goal.folder / goal.spec.suites.adversarial).open("a") as suite:
        suite.write(line + "\n")
    grown = load_goal(goal.folder)  # ids and families are still disjoint
    assert grown.version != goal.version


def test_nothing_is_proposed_of_a_model_that_was_not_attacked(place):
    goal, workshop, _ = place
    with pytest.raises(UserError, match="was not attacked yet"):
        propose(goal, workshop, "0001-a", 1)


def champion(goal, workshop, trial):
    """A trained iteration's champion, with the base model's weights, and the plan after it."""
    score = Score(overall=Rate(passed=1, total=2), slices={})
    settings = (TrialSettings(name="a", training=None, prompt_variant="short"),)
    for key, cases in (("0001", 0), ("0002", 12)):
        plan = Plan(
            iteration=key,
            hypothesis="h",
            expected_effect="e",
            data=DataSettings(rows=10, teacher_requests=0, attack_cases=cases, seed=3),
            trials=settings,
        )
        with workshop.store.publish(goal.name, "plan", key, {}) as folder:
            (folder / "plan.json").write_text(plan.model_dump_json())
    with workshop.store.publish(goal.name, "adapter", trial, {}) as folder:
        make_adapter(goal, workshop, trial, folder)
    told = Champion(trial=trial, changed=True, reason="r", full=score, dev=score)
    with workshop.store.publish(goal.name, "champion", "0001", {}) as folder:
        (folder / "champion.json").write_text(told.model_dump_json())
    return workshop.store.manifest(goal.name, "adapter", trial).version


def test_the_loop_attacks_the_leader_before_where_the_plan_asks_for_it(place):
    goal, workshop, _ = place
    version = champion(goal, workshop, "0001-a")
    knows_dev(goal, workshop, KNOWN, "0001-a", version, "short")
    assert published(goal, workshop, "0001-a") is None
    meta = make_raw(goal, workshop, "0002")
    report = published(goal, workshop, "0001-a")
    assert (report.parents, report.seed) == (8, 3)
    assert meta["attack_on_leader"]["model"] == "0001-a"
    assert meta["attack_on_leader"]["verified"] == report.attacks.verified
    told = mistakes_before(goal, workshop.store, "0002", load_seeds(goal))
    assert told == report.mistakes
    assert set(mistakes_by_slice(told, attacks=True)) == {m.slice for m in report.mistakes}
    assert mistakes_by_slice(told) == {}


def forgemind(*words):
    return CliRunner().invoke(app, ["attack", *map(str, words)])


def test_the_command_shows_a_table_or_json_and_proposes(place):
    goal, _, _ = place
    shown = forgemind(f"{goal.folder}@base", "--max-cases", 8, "--kind", "renamed")
    assert shown.exit_code == 0, shown.output
    assert "8 of 16 dev cases passed" in " ".join(shown.output.split())
    words = ("--max-cases", 12, "--requests", 8, "--propose", 1, "--json")
    done = forgemind(f"{goal.folder}@base", *words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["attacks"]["verified"] + told["kinds"][-1]["verified"] == 12
    (review,) = told["proposed"]
    assert forgemind(goal.folder, "--approved").output == ""
    page = CliRunner().invoke(app, ["review", "show", review]).output.splitlines()
    code = NEW_WEAK if any("class Orchard:" in line for line in page) else NEW_SAFE
    assert [line[13:] for line in page if line[13:] in code.splitlines() and line[13:]] == [
        line for line in code.splitlines() if line
    ]
    words = ["review", "approve", review, "--reason", "fair", "--reviewer", "ada"]
    approved = CliRunner().invoke(app, words)
    assert "nothing is added by itself; forgemind attack small_goal --approved" in approved.output
    line = json.loads(forgemind(goal.folder, "--approved").output)
    assert line["id"].startswith("attack-")


def test_bad_input_is_a_mistake_and_help_has_an_example(place):
    goal, _, _ = place
    assert "did you mean moved?" in forgemind(goal.folder, "--kind", "movd").output
    assert forgemind(goal.folder, "--max-cases", 0).exit_code == 2
    assert forgemind(f"{goal.folder}@0007").exit_code == 2
    assert "Example: forgemind attack" in forgemind("--help").output
