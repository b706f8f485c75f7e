import pytest
from fakes.goal_spec import spec_of
from hypothesis import given, settings
from hypothesis import strategies as st

from forgemind_assets.brain.champion import Candidate, crown
from forgemind_assets.brain.state import Score
from forgemind_assets.trial_grounds.report import Rate

SPEC = spec_of()  # three iterations, alpha 0.05: a level of 0.0125 a comparison
OLD = "+" * 10 + "-" * 20


def rate(passed, total=100):
    return Score(overall=Rate(passed=passed, total=total))


def candidate(name, cases, dev=50, family_size=1):
    passed = {f"c{i}": mark == "+" for i, mark in enumerate(cases)}
    families = {f"c{i}": f"f{i // family_size}" for i in range(len(cases))}
    full = rate(sum(passed.values()), len(passed))
    return Candidate(trial=name, dev=rate(dev), full=full, passed=passed, families=families)


def gaining(gained, lost=0):
    """Answers that differ from OLD: so many more and so many fewer."""
    return "-" * lost + "+" * (10 - lost + gained) + "-" * (20 - gained)


def compare(*news, old=OLD, spec=SPEC, iteration="0001", **changes):
    before = candidate("0000-a", old)
    first = crown(spec, "0000", [before], None, {}).model_copy(update=changes)
    return crown(spec, iteration, list(news), first, before.passed)


def test_the_first_one_leads():
    winner = crown(SPEC, "0000", [candidate("0000-a", "+--")], None, {})
    assert (winner.trial, winner.changed, winner.leader) == ("0000-a", True, "0000-a")
    assert winner.alpha_spent == 0


@pytest.mark.parametrize(("gained", "changed"), [(6, False), (7, True)])
def test_a_gain_takes_over_where_luck_does_not_explain_it(gained, changed):
    """Six of six differences have p = 0.0156, seven of seven 0.0078; the level is 0.0125."""
    winner = compare(candidate("0001-a", gaining(gained)))
    assert winner.changed == changed
    assert winner.trial == ("0001-a" if changed else "0000-a")
    assert (winner.before, winner.gained, winner.lost) == ("0000-a", gained, 0)
    assert winner.p_value == pytest.approx(0.5**gained)
    assert winner.level == pytest.approx(0.05 / 4)


def test_a_gain_that_is_not_proven_says_what_it_takes():
    winner = compare(candidate("0001-a", gaining(8, lost=3)))
    assert not winner.changed
    assert winner.reason == (
        "0000-a stays: 0001-a had +16.7 points on 30 cases in 30 families (8 gained, 3 lost); "
        "needs 30.0 to be called better at this point of the loop's error budget (p = 0.11, "
        "level 0.013 of 0.05)"
    )
    assert winner.gain_needed == pytest.approx(0.3)
    low, high = winner.gain_interval
    assert low < winner.gain < high


def test_a_proven_gain_says_what_it_took_and_what_is_left_without_luck():
    winner = compare(candidate("0001-a", gaining(12)))
    assert "0001-a replaces 0000-a: +40.0 points on 30 cases" in winner.reason
    assert "were needed to be called better" in winner.reason
    assert 0 <= winner.gain_expected <= winner.gain


def test_the_same_gain_in_few_families_is_not_proven():
    new = candidate("0001-a", gaining(10), family_size=5)
    winner = compare(new)
    assert not winner.changed
    assert "so few differ that no gain is told from luck" in winner.reason


def test_an_equal_one_and_a_worse_one_do_not_take_over():
    for new in (OLD, OLD[::-1], "-" * 30):
        winner = compare(candidate("0001-a", new))
        assert (winner.trial, winner.changed) == ("0000-a", False)
        assert winner.full == rate(10, 30)


def test_among_trials_dev_chooses_and_the_gate_does_not_even_in_a_tie():
    strong_on_gate = candidate("0001-b", gaining(20), dev=60)
    strong_on_dev = candidate("0001-c", gaining(1), dev=61)
    assert compare(strong_on_gate, strong_on_dev).gained == 1
    first_by_name = candidate("0001-a", gaining(1), dev=60)
    assert compare(strong_on_gate, first_by_name).gained == 1


def test_where_training_starts_from_is_decided_on_dev_and_apart_from_the_champion():
    winner = compare(candidate("0001-a", gaining(1), dev=51))
    assert (winner.trial, winner.leader, winner.leader_dev) == ("0000-a", "0001-a", 0.51)
    winner = compare(candidate("0001-a", gaining(12), dev=50))
    assert (winner.trial, winner.leader) == ("0001-a", "0000-a")


def test_the_best_of_several_is_expected_to_be_worse_than_it_looked():
    several = [candidate(f"0001-{n}", OLD, dev=d) for n, d in zip("abc", (55, 58, 62), strict=True)]
    winner = compare(*several)
    assert (winner.leader, winner.leader_dev) == ("0001-c", 0.62)
    assert 0.583 < winner.leader_dev_expected < 0.62
    assert compare(several[0]).leader_dev_expected is None


def test_without_a_finished_trial_the_champion_stays_and_nothing_is_spent():
    winner = compare(alpha_spent=0.01)
    assert (winner.trial, winner.alpha_spent, winner.leader) == ("0000-a", 0.01, "0000-a")
    assert crown(SPEC, "0000", [], None, {}) is None


def test_a_look_that_changes_nothing_is_paid_for_and_one_that_does_is_not():
    assert compare(candidate("0001-a", OLD)).alpha_spent == pytest.approx(0.05 / 4)
    assert compare(candidate("0001-a", gaining(12))).alpha_spent == 0


def test_a_record_from_before_the_error_budget_is_read():
    winner = compare(candidate("0001-a", gaining(1), dev=49), leader="", leader_dev=0.0)
    assert (winner.leader, winner.leader_dev) == ("0000-a", 0.50)


def test_a_spent_budget_is_said():
    winner = compare(candidate("0001-a", gaining(15)), alpha_spent=0.05)
    assert not winner.changed
    assert "the loop's error budget of 0.05 is spent" in winner.reason


def test_a_candidate_that_meets_the_goal_takes_over_and_is_not_called_better():
    old, new = "+" * 26 + "-" * 4, "+" * 27 + "-" * 3
    winner = compare(candidate("0001-a", new), old=old)
    assert (winner.trial, winner.changed) == ("0001-a", True)
    assert "as it meets the goal, not as better" in winner.reason
    assert winner.alpha_spent > 0
    worse = compare(candidate("0001-a", old), old=new)
    assert not worse.changed


marks = st.text("+-", min_size=20, max_size=20)


@settings(max_examples=25, deadline=None)
@given(marks, st.lists(marks, min_size=1, max_size=6), st.integers(1, 5))
def test_no_loop_overspends_and_no_champion_is_worse_on_the_gate(start, news, family_size):
    spec = spec_of(success={"pass_rate": 1.0})
    passed = {"0000-a": candidate("0000-a", start)}
    leader = crown(spec, "0000", [passed["0000-a"]], None, {})
    for number, new in enumerate(news, 1):
        found = candidate(f"{number:04d}-a", new, family_size=family_size)
        passed[found.trial] = found
        after = crown(spec, f"{number:04d}", [found], leader, passed[leader.trial].passed)
        assert after.full.rate >= leader.full.rate
        if after.changed:
            assert after.full.rate > leader.full.rate
        assert leader.alpha_spent <= after.alpha_spent <= spec.success.alpha + 1e-12
        leader = after


def test_trials_that_were_not_put_to_the_gate_count_for_the_pick_and_for_nothing_else():
    tested = candidate("0001-b", gaining(12), dev=60)
    others = [Candidate(trial=f"0001-{n}", dev=rate(d)) for n, d in (("a", 59), ("c", 40))]
    winner = compare(others[0], tested, others[1])
    assert (winner.trial, winner.leader, winner.changed) == ("0001-b", "0001-b", True)
    assert winner.leader_dev_expected < 0.60
    assert compare(tested).leader_dev_expected is None
    assert not compare(*others).changed, "nobody looked at the gate"
