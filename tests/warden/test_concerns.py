"""What people are asked about, and what they are not."""

import json

import pytest

from forgemind_assets.warden.concerns import (
    joined,
    quarantined_rows,
    rules_of,
    silent_layers,
    solved_the_impossible,
    too_good_to_be_true,
)
from forgemind_assets.warden.policy import Approval
from forgemind_assets.warden.scan_report import LayerSummary

ASKED = Approval()
SILENT = Approval(quarantine=False, layer_not_run=False, too_good_to_be_true=None)
HELD = "quarantined_secrets_password"


def test_rows_in_quarantine_are_counted_by_reason_and_five_are_named():
    rejected = [(f"r{n}", HELD) for n in range(7)]
    rejected += [
        ("x", "too_short"),
        ("y", "forbidden_secrets_github_token"),
        ("z", "quarantined_a"),
    ]
    concern = quarantined_rows(rejected, "store/rejected.parquet", ASKED)
    assert concern.reason.startswith("8 rows are in quarantine")
    assert concern.evidence == {
        "reasons": {HELD: 7, "quarantined_a": 1},
        "rows": ["r0", "r1", "r2", "r3", "r4"],
        "path": "store/rejected.parquet",
    }


def test_nobody_is_asked_where_no_row_is_in_quarantine_or_the_policy_does_not_ask():
    assert quarantined_rows([("x", "forbidden_secrets_key")], "p", ASKED) is None
    assert quarantined_rows([("x", HELD)], "p", SILENT) is None
    assert quarantined_rows([("x", HELD)], "p", ASKED) is not None


def test_other_rows_in_quarantine_are_another_question():
    one, same, two = (quarantined_rows(rows, "p", ASKED) for rows in (
        [("a", HELD), ("b", HELD)], [("b", HELD), ("a", HELD)], [("a", HELD)],
    ))  # fmt: skip
    assert one.marks == same.marks != two.marks


def layer(need, ran, missed, name="detoxify"):
    not_run = {"model_missing": missed} if missed else {}
    return LayerSummary(name, "1", need, ran + missed, ran, not_run, details={"model_missing": "s"})


@pytest.mark.parametrize(
    ("summary", "asked"),
    [
        (layer("required", 0, 4), True),
        (layer("required", 3, 1), True),
        (layer("optional", 0, 4), True),
        (layer("optional", 3, 1), False),
        (layer("required", 4, 0), False),
        (layer("required", 0, 0), False),
        (layer("off", 0, 0), False),
    ],
)
def test_layers_that_are_on_and_did_not_run_are_asked_about(summary, asked):
    concern = silent_layers({"training_rows": [summary]}, ASKED)
    assert (concern is not None) == asked
    assert silent_layers({"training_rows": [summary]}, SILENT) is None


def test_the_question_names_stage_layer_need_and_counts():
    stages = {
        "teacher_prompts": [layer("optional", 0, 4), layer("required", 4, 0, "secrets")],
        "teacher_answers": [layer("required", 0, 2)],
    }
    concern = silent_layers(stages, ASKED)
    assert "detoxify (optional) at teacher_prompts: model_missing 4" in concern.reason
    assert set(concern.evidence) == {"teacher_prompts detoxify", "teacher_answers detoxify"}
    assert "secrets" not in json.dumps(concern.model_dump())


def test_the_same_layers_silent_on_other_counts_are_the_same_question():
    first, again, other = (
        silent_layers({"training_rows": [one]}, ASKED)
        for one in (layer("required", 3, 1), layer("required", 2, 2), layer("optional", 0, 4))
    )
    assert first.marks == again.marks != other.marks


@pytest.mark.parametrize(
    ("now", "before", "asked"), [(0.75, 0.25, True), (0.5, 0.25, False), (0.65, 0.25, False),
                                 (0.25, 0.75, False)]
)  # fmt: skip
def test_a_gain_above_the_policys_is_asked_about(now, before, asked):
    found = too_good_to_be_true(now, before, before_did_the_task=True, approval=ASKED)
    assert (found is not None) == asked
    assert too_good_to_be_true(now, before, before_did_the_task=True, approval=SILENT) is None


def test_the_first_step_from_a_base_that_could_not_do_the_task_is_not_asked_about():
    assert too_good_to_be_true(0.9, 0.1, before_did_the_task=False, approval=ASKED) is None
    concern = too_good_to_be_true(0.9, 0.1, before_did_the_task=True, approval=ASKED)
    assert "80.0 points" in concern.reason
    assert concern.evidence["asked_above"] == 0.4


def test_the_policy_says_who_may_decide():
    rules = rules_of(Approval(approvers=2, own_goal="forbidden"))
    assert (rules.persons, rules.own_goal) == (2, False)
    assert rules_of(ASKED).own_goal


def test_two_reasons_to_doubt_a_result_are_one_question():
    gain = too_good_to_be_true(0.9, 0.3, before_did_the_task=True, approval=ASKED)
    solved = solved_the_impossible("9 of 26 impossible cases passed", ASKED)
    both = joined([gain, solved])
    assert both.kind == "too_good_to_be_true"
    assert both.reason == f"{gain.reason}; and {solved.reason}"
    assert set(both.evidence) == {
        "pass_rate",
        "pass_rate_before",
        "asked_above",
        "impossible_cases",
    }
    assert joined([]) is None
    assert solved_the_impossible("9 of 26", SILENT) is None
