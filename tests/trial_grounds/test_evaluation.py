import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.records import Case, TestResult
from forgemind_assets.trial_grounds.evaluation import (
    append_journal,
    best_constant,
    evaluate,
    journal_name,
    read_journal,
)
from forgemind_assets.trial_grounds.graders.json_label import JsonLabel, first_object
from forgemind_assets.trial_grounds.report import (
    read_cases,
    read_families,
    read_report,
    summarise,
    write_report,
)

GRADER = JsonLabel(label_key="cwe", line_key="line", fix_key="fix", line_tolerance=1)


def case(number, label="CWE-89", **expected):
    return Case(
        id=f"c{number}",
        family="f",
        slice=label,
        input="code",
        expected={"cwe": label, "line": 3, "fix_any": ["parameter"]} | expected,
    )


def answer(label, line=3, fix="use a parameter"):
    return json.dumps({"cwe": label, "line": line, "fix": fix})


def test_the_best_constant_answer_is_that_of_the_commonest_label():
    cases = [case(1), case(2, "none"), case(3, "none"), case(4, "CWE-22")]
    answers = [answer("CWE-89"), answer("none"), "no json"]
    assert best_constant(cases, answers, GRADER) == (answer("none"), 0.5)
    assert best_constant(cases, [], GRADER) == ("", 0.0)
    assert best_constant([], answers, GRADER) == ("", 0.0)


class Parrot:
    """Answers from a list and counts what it was asked."""

    def __init__(self, answers):
        self.left, self.asked = list(answers), 0

    def answers(self, prompts, max_new_tokens):
        for index in range(len(prompts)):
            if not self.left:
                raise RuntimeError("killed")
            self.asked += 1
            yield index, self.left.pop(0)


def ask(cases, parrot, journal=None):
    prompts = [[{"role": "user", "content": c.input}] for c in cases]
    return evaluate(cases, prompts, lambda: parrot, GRADER, max_new_tokens=8, journal=journal)


def test_right_and_wrong_labels_are_told_apart():
    results = ask([case(1), case(2), case(3, "none")], Parrot([answer("CWE-89")] * 3))
    assert [r.passed for r in results] == [True, True, False]


def test_label_decides_and_line_and_fix_are_scored_beside_it():
    grade = GRADER.grade(case(1), answer("CWE-89", line=4, fix="nothing"))
    assert grade.passed
    assert grade.scores == {"line": 1.0, "fix": 0.0}
    assert GRADER.grade(case(1), answer("CWE-89", line=5)).scores["line"] == 0.0


@pytest.mark.parametrize("text", ["", "CWE-89", "{", '{"cwe": 89}', "[1]", '{"cwe": '])
def test_an_answer_without_a_label_fails_and_says_why(text):
    grade = GRADER.grade(case(1), text)
    assert grade.passed is False
    assert grade.reason in ("no_json", "no_label")


def test_a_case_without_a_label_is_unscored_not_wrong():
    broken = case(1).model_copy(update={"expected": {}})
    assert GRADER.grade(broken, answer("CWE-89")).passed is None


def test_json_is_found_in_prose_and_fences():
    assert first_object('Sure {x} ```json\n{"cwe": "none"}\n```') == {"cwe": "none"}


@given(st.text())
def test_no_answer_breaks_the_grader(text):
    assert GRADER.grade(case(1), text).passed in (True, False)


def test_a_killed_evaluation_asks_only_for_what_is_missing(tmp_path):
    cases, journal = [case(i) for i in range(5)], tmp_path / "work" / "answers.jsonl"
    with pytest.raises(RuntimeError, match="killed"):
        ask(cases, Parrot([answer("CWE-89")] * 3), journal)
    second = Parrot([answer("none")] * 5)
    results = ask(cases, second, journal)
    assert second.asked == 2
    assert [r.passed for r in results] == [True, True, True, False, False]
    third = Parrot([])
    assert ask(cases, third, journal) == results


def test_a_line_cut_short_by_a_crash_is_asked_again(tmp_path):
    journal = tmp_path / "answers.jsonl"
    append_journal(journal, "c1", "whole")
    with journal.open("a") as stream:
        stream.write('{"case_id": "c2", "ans')
    append_journal(journal, "c3", "after")
    assert read_journal(journal) == {"c1": "whole", "c3": "after"}


def test_journals_of_other_models_prompts_and_goals_do_not_mix():
    names = {
        journal_name("m", "short", "v", 40),
        journal_name("n", "short", "v", 40),
        journal_name("m", "long", "v", 40),
        journal_name("m", "short", "w", 40),
        journal_name("m", "short", "v", 41),
    }
    assert len(names) == 5


def test_report_counts_slices_and_reads_back(tmp_path):
    cases = [case(1), case(2), case(3, "none"), case(4, expected=1)]
    answers = [answer("CWE-89"), answer("none"), answer("none"), "garbage"]
    results = ask(cases, Parrot(answers))
    report = summarise(
        results,
        goal="g",
        suite="dev",
        suite_hash="h",
        model="0001-a",
        model_hash="m",
        prompt_variant="short",
        canary_ids=frozenset({"c1"}),
    )
    assert report.overall.passed == 2
    assert report.overall.total == 4
    assert report.slices["CWE-89"].total == 3
    assert report.canary.rate == 1.0
    assert report.interval[0] < report.pass_rate < report.interval[1]
    assert len(report.samples) == 4
    write_report(report, results, tmp_path)
    assert read_report(tmp_path) == report
    assert read_cases(tmp_path) == {"c1": True, "c2": False, "c3": True, "c4": False}
    assert read_families(tmp_path) == {c.id: c.family for c in cases}


def test_a_report_says_how_alike_the_cases_of_a_family_are():
    def effect(families):
        results = [
            TestResult(
                case_id=f"c{i}", family=family, slice="s", prompt="p", answer="a",
                passed=i % 10 < 5, reason="r",
            )
            for i, family in enumerate(families)
        ]  # fmt: skip
        return summarise(
            results, goal="g", suite="full", suite_hash="h", model="m", model_hash="m",
            prompt_variant="short",
        ).design_effect  # fmt: skip

    assert effect(f"f{i}" for i in range(40)) == pytest.approx(1)
    assert effect(f"f{i // 5}" for i in range(40)) == pytest.approx(5 * 8 / 7 * 39 / 40)
