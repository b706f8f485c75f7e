"""Mutations keep labels, budgets hold, and what is counted is what fooled the model."""

import ast
import json
import random
from collections import Counter

import pytest
from fakes.goal_folder import records, write_goal
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.verifiers.python_security import PythonSecurity
from forgemind_assets.goal_loading import load_goal, load_seeds
from forgemind_assets.records import Case
from forgemind_assets.trial_grounds.attack.kinds import kinds_of
from forgemind_assets.trial_grounds.attack.labels import BY_CONSTRUCTION, LabelCheck
from forgemind_assets.trial_grounds.attack.making import make_mutants
from forgemind_assets.trial_grounds.attack.proposals import Barrier, proposal, select
from forgemind_assets.trial_grounds.attack.python_kinds import PYTHON
from forgemind_assets.trial_grounds.attack.records import (
    CONTROL,
    WRITTEN,
    Attack,
    Mutation,
    Outcome,
    Specimen,
)
from forgemind_assets.trial_grounds.attack.report import (
    AttackReport,
    kind_lines,
    mistakes_on,
    read_attack,
    table_record,
    write_attack,
)
from forgemind_assets.trial_grounds.attack.text_kinds import TEXT

DEV = [Case.model_validate(record) for record in records("dev")]
SHAPE = AnswerShape("cwe", "line", "fix", "none", {}, (PythonSecurity(),))
LABELS = LabelCheck(SHAPE, SHAPE.locators)
LONGER = '''import os
import sqlite3

DATABASE = "tides.db"


def berths(request, folder):
    """Berths of one owner."""
    owner = request.args.get("owner", "")
    # newest first
    link = sqlite3.connect(DATABASE)
    rows = link.execute("SELECT berth FROM moorings WHERE owner = '" + owner + "'").fetchall()
    return [row[0] for row in rows]
'''
HARMLESS = "def total(amounts):\n    paid = sum(amounts)\n    return round(paid, 2)\n"


def make(kinds=None, budget=40, parents=DEV, seed=0, labels=LABELS, limit=4000):
    chosen = PYTHON if kinds is None else kinds
    return make_mutants(parents, DEV, chosen, labels, budget=budget, seed=seed, limit=limit)


@pytest.mark.parametrize("name", PYTHON)
@given(seed=st.integers(0, 10_000))
def test_a_change_of_code_keeps_what_the_verifier_finds(name, seed):
    specimen = Specimen(LONGER, 12, False, [HARMLESS], [HARMLESS])
    changed = PYTHON[name].change(specimen, random.Random(seed))
    if changed is None:
        return
    text, line = changed
    assert PythonSecurity().verify(text, "CWE-89", line).keep, text
    assert text != LONGER


@pytest.mark.parametrize("name", ["misleading_comment", "commented_out"])
@given(seed=st.integers(0, 10_000), line=st.sampled_from([None, 4, 9, 12]))
def test_a_comment_changes_no_program_and_the_line_goes_with_its_text(name, seed, line):
    specimen = Specimen(LONGER, line, line is None, [], [HARMLESS])
    changed = PYTHON[name].change(specimen, random.Random(seed))
    assert changed is not None
    text, moved = changed
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(LONGER))
    if line is not None:
        assert text.split("\n")[moved - 1] == LONGER.split("\n")[line - 1]


@pytest.mark.parametrize("name", PYTHON)
def test_text_that_is_no_python_is_left_alone(name):
    assert PYTHON[name].change(Specimen("no ( python", 1), random.Random(0)) is None


@given(text=st.text(st.characters(codec="ascii"), min_size=1), seed=st.integers(0, 100))
def test_changes_of_plain_text_keep_its_words_and_its_lines(text, seed):
    rng = random.Random(seed)
    for name, mutation in TEXT.items():
        changed = mutation.change(Specimen(text, 1), rng)
        if changed is None:
            continue
        new = changed[0]
        assert new.count("\n") == text.count("\n")
        if name == "letter_case":
            assert new.casefold() == text.casefold()
        if name == "spacing":
            assert new.split() == text.split()
        if name == "opening":
            assert new.endswith(text)
        if name == "typing_slips":
            assert sorted(new) == sorted(text)


def test_every_kind_gets_its_part_of_the_budget_and_the_same_seed_the_same_attacks():
    made = make(budget=50)
    counts = Counter(one.kind for one in made.attacks)
    assert len(made.attacks) == 50
    assert set(counts) <= set(PYTHON)
    assert max(counts.values()) - min(n for k, n in counts.items() if k != "stripped") <= 2
    assert make(budget=50) == made
    assert make(budget=50, seed=1) != made
    assert all(made.tried[kind] >= count for kind, count in counts.items())
    texts = [one.input for one in made.attacks]
    assert len(set(texts)) == len(texts)
    assert set(texts).isdisjoint(case.input for case in DEV)
    assert len({one.id for one in made.attacks}) == 50


def test_mutants_come_from_the_passed_cases_only_and_keep_their_family():
    passed = [case for case in DEV if case.family == "dev-clinic"]
    made = make(parents=passed)
    assert made.attacks
    assert {one.family for one in made.attacks} == {"dev-clinic"}
    assert {one.parent for one in made.attacks} <= {case.id for case in passed}
    assert make(parents=[]).attacks == ()


def test_the_control_is_each_case_once_as_it_was(tmp_path):
    goal = load_goal(write_goal(tmp_path / "goal"))
    kinds = kinds_of(goal.spec, ["renamed"])
    assert list(kinds) == ["renamed", CONTROL]
    own = [a for a in make(kinds, budget=500).attacks if a.kind == CONTROL]
    assert sorted(a.input for a in own) == sorted(case.input for case in DEV)


def test_a_goal_without_a_verifier_of_python_gets_changes_of_plain_text(tmp_path):
    goal = load_goal(write_goal(tmp_path / "goal", {"filters.verifiers": []}))
    assert set(kinds_of(goal.spec)) == {*TEXT, CONTROL}
    made = make(kinds_of(goal.spec), labels=LabelCheck.of(goal), budget=12)
    assert {one.verified for one in made.attacks} == {BY_CONSTRUCTION}


def test_a_change_that_takes_the_weakness_away_is_no_attack():
    repaired = 'def find(db, name):\n    return db.execute("SELECT 1 WHERE a = ?", (name,))\n'
    kind = {"repaired": Mutation("", lambda specimen, rng: (repaired, 2))}
    weak = [case for case in DEV if case.slice == "CWE-89"]
    made = make(kind, parents=weak)
    assert (made.attacks, made.tried) == ((), {"repaired": 1})


def test_a_label_that_the_verifier_could_not_confirm_before_holds_while_its_word_is_the_same():
    unseen = "def pay(order):\n    return order.total * 2\n"
    expected = {"cwe": "CWE-89", "line": 2}
    changed = "def pay(bill):\n    return bill.total * 2\n"
    assert LABELS.mutant(unseen, changed, expected, expected) == BY_CONSTRUCTION
    other = "import os\n\ndef pay(bill):\n    os.system('pay ' + bill)\n"
    assert LABELS.mutant(unseen, other, expected, expected) is None


def test_a_text_over_the_limit_is_no_attack():
    longest = max(len(case.input) for case in DEV)
    assert all(len(one.input) <= longest for one in make(limit=1).attacks)


def attack(number, kind="renamed", slice_name="CWE-89", label="CWE-89"):
    return Attack(
        id=f"a{number}",
        kind=kind,
        slice=slice_name,
        family=f"f{number}",
        parent="p",
        input=f"x = {number}\n",
        expected={"cwe": label, "line": 1},
        verified="confirmed",
        teacher="paid" if kind.startswith(WRITTEN) else None,
    )


def outcome(number, passed, said="none", **of):
    return Outcome(attack=attack(number, **of), answer=json.dumps({"cwe": said}), passed=passed)


OUTCOMES = [
    *(outcome(n, passed=False) for n in range(3)),
    outcome(3, passed=True, said="CWE-89"),
    outcome(4, passed=None),
    outcome(5, passed=False, kind="moved"),
    *(outcome(n, passed=True, kind="moved") for n in (6, 7)),
    outcome(8, passed=False, kind=CONTROL),
    outcome(9, passed=False, kind=f"{WRITTEN}lie", slice_name="safe/CWE-89", label="none"),
]


def test_a_report_counts_kinds_without_the_unscored_and_keeps_the_control_apart(tmp_path):
    tried = {"renamed": 7, "moved": 3, "stripped": 2, CONTROL: 1, f"{WRITTEN}lie": 2}
    lines = kind_lines(OUTCOMES, tried, "paid")
    by_kind = {line.kind: line for line in lines}
    renamed = by_kind["renamed"]
    assert (renamed.tried, renamed.verified, renamed.fooled, renamed.unscored) == (7, 5, 3, 1)
    assert renamed.rate == 0.75
    assert renamed.interval[0] < 0.75 < renamed.interval[1]
    assert by_kind["stripped"].rate is None
    assert table_record(by_kind["stripped"])["rate"] == "-"
    assert by_kind[f"{WRITTEN}lie"].teacher == "paid"
    assert by_kind["moved"].teacher is None
    assert lines[-1].kind == CONTROL
    report = AttackReport(
        goal="g",
        goal_version="v",
        model="0001-a",
        model_hash="h",
        seed=0,
        dev_cases=4,
        parents=2,
        kinds=lines,
        mistakes=(),
    )
    every = report.attacks
    assert (every.tried, every.verified, every.fooled, every.unscored) == (14, 9, 5, 1)
    assert every.rate == 5 / 8
    write_attack(report, OUTCOMES, tmp_path)
    assert read_attack(tmp_path) == report


def test_what_fools_is_told_by_slice_and_kind_as_a_share_of_all_attacks_on_the_slice():
    shape = AnswerShape(
        "cwe", "line", "fix", "none", {"CWE-89": {"cwe": "CWE-89"}, "safe/CWE-89": {"cwe": "none"}}
    )
    found = mistakes_on(OUTCOMES, shape, ["none", "CWE-89"])
    assert [(m.slice, m.kind, m.attack, m.count, m.cases) for m in found] == [
        ("CWE-89", "missed", "renamed", 3, 7),
        ("CWE-89", "missed", "moved", 1, 7),
        ("safe/CWE-89", "other", f"{WRITTEN}lie", 1, 1),
    ]


def texts(*near):
    return lambda given: [text in near for text in given]


def test_only_what_a_teacher_wrote_and_nothing_like_it_is_known_may_be_proposed():
    lie, bluff = f"{WRITTEN}lie", f"{WRITTEN}bluff"
    found = [
        outcome(0, passed=False),
        outcome(1, passed=True, kind=lie),
        outcome(2, passed=False, kind=lie),
        outcome(3, passed=False, kind=lie),
        outcome(4, passed=False, kind=lie),
        outcome(5, passed=False, kind=lie),
        outcome(6, passed=False, kind=lie),
        outcome(7, passed=False, kind=bluff),
    ]
    barriers = [Barrier("in_a_suite", texts("x = 2\n")), Barrier("like_a_seed", texts("x = 3\n"))]
    like = lambda text, chosen: text == "x = 5\n" and bool(chosen)  # noqa: E731
    picked = select(found, barriers, frozenset({"a4"}), like, count=9)
    assert [one.attack.id for one in picked.chosen] == ["a7", "a6"]
    assert picked.dropped == {
        "made_of_a_dev_case": 1,
        "asked_before": 1,
        "in_a_suite": 1,
        "like_a_seed": 1,
        "like_another_proposal": 1,
    }
    assert len(select(found, [], frozenset(), like, count=1).chosen) == 1


def test_a_proposal_shows_all_that_a_reviewer_needs_and_its_reason_quotes_no_text():
    asked = proposal(outcome(1, passed=False, kind=f"{WRITTEN}lie"), "small_goal", "0001-a")
    line = json.loads(asked.evidence["suite_lines"][0])
    assert (line["family"], line["written_by"]) == ("f1", "paid")
    assert Case.model_validate(line).expected == {"cwe": "CWE-89", "line": 1}
    assert asked.evidence["verified_by"] == "confirmed"
    assert "x = 1" not in asked.reason


def test_a_goal_of_seeds_says_which_answer_a_slice_has(tmp_path):
    goal = load_goal(write_goal(tmp_path / "goal"))
    labels = LabelCheck.of(goal, load_seeds(goal))
    weak = {"cwe": "CWE-89", "line": 12}
    assert labels.written(LONGER, weak, "CWE-89") == "confirmed"
    assert labels.written(LONGER, {"cwe": "none", "line": None}, "safe/CWE-89") is None
    bare = load_goal(write_goal(tmp_path / "bare", {"filters.verifiers": []}))
    assert LabelCheck.of(bare, load_seeds(bare)).written(LONGER, weak, "CWE-89") is None
