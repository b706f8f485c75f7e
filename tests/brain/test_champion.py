from forgemind_assets.brain.champion import Candidate, crown
from forgemind_assets.brain.state import Score
from forgemind_assets.trial_grounds.report import Rate


def rate(passed, total=10):
    return Score(overall=Rate(passed=passed, total=total))


def candidate(name, cases, dev=5):
    passed = {f"c{i}": mark == "+" for i, mark in enumerate(cases)}
    full = rate(sum(passed.values()), len(passed))
    return Candidate(trial=name, dev=rate(dev), full=full, passed=passed)


def test_the_first_one_leads():
    winner = crown([candidate("0000-a", "+--")], None, {})
    assert winner.trial == "0000-a"
    assert winner.changed


def test_the_better_one_on_the_same_cases_takes_over():
    old = candidate("0001-a", "++--")
    first = crown([old], None, {})
    winner = crown([candidate("0002-a", "+++-")], first, old.passed)
    assert (winner.trial, winner.before, winner.gained, winner.lost) == ("0002-a", "0001-a", 1, 0)


def test_an_equal_one_and_a_worse_one_do_not():
    old = candidate("0001-a", "++--")
    first = crown([old], None, {})
    for cases in ("--++", "+---"):
        winner = crown([candidate("0002-a", cases)], first, old.passed)
        assert winner.trial == "0001-a"
        assert not winner.changed
        assert winner.full == first.full


def test_among_trials_dev_chooses_and_the_gate_does_not():
    strong_on_gate = candidate("0001-a", "++++", dev=4)
    strong_on_dev = candidate("0001-b", "++--", dev=6)
    assert crown([strong_on_gate, strong_on_dev], None, {}).trial == "0001-b"


def test_without_a_finished_trial_the_champion_stays():
    first = crown([candidate("0001-a", "++--")], None, {})
    assert crown([], first, {}).trial == "0001-a"
    assert crown([], None, {}) is None
