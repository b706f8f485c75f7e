"""Trials that show each other how far they have come, through files."""

from pathlib import Path

from resources.race import Race

FIELD = ("a", "b", "c")
ORDER = [f"c{i}" for i in range(40)]


def races(folder: Path) -> list[Race]:
    return [Race(folder / "race", trial, FIELD, "seed") for trial in FIELD]


def test_the_last_of_three_is_put_out_by_the_others(tmp_path):
    first, second, third = races(tmp_path)
    assert first.at_rung(0.25, 1.0) == ("", "")
    assert second.at_rung(0.25, 1.1) == ("", ""), "not far enough behind"
    by, reason = third.at_rung(0.25, 3.0)
    assert by == "a"
    assert reason.startswith("cannot win: loss 3.000 after 25%")


def test_a_trial_that_left_the_race_puts_nobody_out(tmp_path):
    first, second, third = races(tmp_path)
    first.at_rung(0.25, 1.0)
    second.at_rung(0.25, 3.0)
    first.withdraw()
    assert third.at_rung(0.25, 3.1) == ("", "")


def test_a_rung_shown_again_after_a_kill_is_the_same_rung(tmp_path):
    first, _, third = races(tmp_path)
    for loss in (3.0, 1.0):
        third.at_rung(0.25, loss)
    third.at_rung(0.5, 0.5)
    third.at_rung(0.25, 1.0)
    (standing,) = first.rivals()
    assert standing.rungs == ((0.25, 1.0),)


def test_cases_are_compared_with_what_the_rivals_have_answered(tmp_path):
    first, second, _ = races(tmp_path)
    first.at_rung(0.5, 1.0)
    assert first.after(dict.fromkeys(ORDER, True), ORDER, 0) is None
    beaten = second.after(dict.fromkeys(ORDER[:16], False), ORDER, 0)
    assert beaten.by == "a"
    assert second.rivals()[0].rungs == ((0.5, 1.0),), "both are kept"


def test_a_file_that_cannot_be_read_is_a_rival_that_shows_nothing(tmp_path):
    first, second, _ = races(tmp_path)
    first.at_rung(0.25, 1.0)
    (tmp_path / "race" / "a.json").write_text("{")
    assert second.rivals() == []
