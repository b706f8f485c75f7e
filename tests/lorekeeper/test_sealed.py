"""What the sealed suite decides: thresholds from both sides, and that no case stays in a report."""

import pytest

from forgemind_assets.brain.state import Score
from forgemind_assets.lorekeeper.promotion import Promotion, with_sealed
from forgemind_assets.lorekeeper.sealed import ALPHA, judge_sealed, without_cases
from forgemind_assets.records import TestResult
from forgemind_assets.trial_grounds.report import Rate, summarise
from forgemind_assets.trial_grounds.statistics import Paired

ALLOWED = Promotion(goal="g", version="2", adapter_hash="ab", promote=True, reason="met")


def score(passed, total, effect=1.0):
    return Score(overall=Rate(passed=passed, total=total), design_effect=effect)


def lost(families):
    """A version that loses one case in each of so many families, of forty."""
    return Paired(net=(-1,) * families + (0,) * (40 - families), cases=(4,) * 40, lost=families)


def test_a_version_as_good_on_sealed_as_on_the_gate_holds():
    said = judge_sealed(score(270, 300), score(134, 150))
    assert said.holds
    assert (said.level, said.against) == (ALPHA, None)
    assert "134 of 150 cases (89.3%) of the sealed suite" in said.reason


def test_the_gate_is_held_against_sealed_at_the_level_and_not_beyond():
    verdicts = {n: judge_sealed(score(270, 300), score(n, 150)) for n in range(110, 140)}
    refused = [n for n, said in verdicts.items() if not said.holds]
    assert refused == list(range(110, max(refused) + 1)), "one threshold"
    assert verdicts[max(refused)].gate_p_value <= ALPHA < verdicts[max(refused) + 1].gate_p_value
    assert 124 <= max(refused) <= 128, "about 84 % against 90 %"
    assert verdicts[110].reason.startswith("it passes significantly less of the sealed suite")


def test_families_that_are_alike_make_the_same_difference_less_certain():
    assert not judge_sealed(score(270, 300), score(124, 150)).holds
    assert judge_sealed(score(270, 300, effect=3.0), score(124, 150, effect=3.0)).holds


@pytest.mark.parametrize(("families", "holds"), [(5, True), (6, False)])
def test_a_regression_against_stable_is_refused_at_half_the_level(families, holds):
    said = judge_sealed(
        score(270, 300),
        score(140, 160),
        stable="1",
        stable_score=score(140 + families, 160),
        paired=lost(families),
    )
    assert (said.holds, said.level, said.against) == (holds, ALPHA / 2, "1")
    assert said.stable_p_value == pytest.approx(0.5**families)
    assert ("significantly worse on the sealed suite than version 1" in said.reason) == (not holds)


def test_the_sealed_suite_takes_a_permission_away_and_never_gives_one():
    good = judge_sealed(score(9, 10), score(9, 10))
    bad = judge_sealed(score(100, 100), score(1, 100))
    assert with_sealed(ALLOWED, good).promote
    assert with_sealed(ALLOWED, good).held_back == ""
    refused = with_sealed(ALLOWED, bad)
    assert (refused.promote, refused.held_back, refused.sealed) == (False, "sealed", bad)
    assert refused.reason.startswith("met; on cases that nothing was chosen by")


def test_a_sealed_report_has_nothing_of_a_case_and_can_still_be_paired():
    results = [
        TestResult(case_id=f"case-{i}", family="kin", slice="s", prompt="the text", passed=i > 0,
                   answer="the words", reason="right_label")
        for i in range(3)
    ]  # fmt: skip
    report = summarise(results, goal="g", suite="sealed", suite_hash="h", model="m",
                       model_hash="h", prompt_variant="short")  # fmt: skip
    shown, hidden = without_cases(report, results)
    text = shown.model_dump_json() + "".join(one.model_dump_json() for one in hidden)
    assert not any(word in text for word in ("case-", "kin", "the text", "the words"))
    assert shown.overall == report.overall
    assert len({one.case_id for one in hidden}) == 3
    assert hidden == without_cases(report, results)[1]
