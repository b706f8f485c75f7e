"""The replays of races: what they count, and that a table of real trainings is read."""

import numpy as np
import polars as pl
import pytest
import racing

CASES = 60


def trial(passed, loss, **changes):
    right = np.arange(CASES) < passed
    return racing.Trial({0.25: loss, 0.5: loss, 1.0: loss}, right, **changes)


@pytest.mark.parametrize("way", [racing.side_by_side, racing.one_by_one])
def test_equals_cost_what_a_full_evaluation_costs(way):
    field = [trial(30, 1.0), trial(30, 1.0)]
    assert way(field, range(CASES)) == racing.in_full(field) == racing.Cost("a", 200.0, 120)


def test_a_far_worse_one_is_stopped_in_training_and_is_asked_nothing():
    raced = racing.side_by_side([trial(10, 9.0), trial(50, 1.0)], range(CASES))
    assert raced == racing.Cost("b", 125.0, CASES)
    in_turn = racing.one_by_one([trial(10, 9.0), trial(50, 1.0)], range(CASES))
    assert in_turn.won == "b"
    assert in_turn.steps == 200, "the first has nobody to be behind"


def test_one_that_a_broken_trial_put_out_goes_on():
    field = [trial(50, 9.0), trial(0, 1.0, failed_at=0.6)]
    for way in (racing.side_by_side, racing.one_by_one):
        assert way(field, range(CASES)) == racing.Cost("a", 160.0, CASES)
    assert racing.in_full(field) == racing.Cost("a", 160.0, CASES)


def test_a_table_of_real_trainings_is_replayed(tmp_path):
    common = {"shares": [0.125, 0.25, 0.5, 1.0], "steps": [1, 2, 4, 8]}
    rows = [
        common | {"losses": [3.0, 2.0, 1.5, loss], "pass_rates": [0.0, 0.1, 0.2, 0.5],
                  "right": [i < passed for i in range(CASES)], "failure": ""}
        for passed, loss in ((30, 1.0), (40, 0.9), (20, 1.2))
    ]  # fmt: skip
    rows.append({"shares": [0.125], "steps": [1], "losses": [9.0], "pass_rates": [0.0],
                 "right": None, "failure": "loss nan"})  # fmt: skip
    pl.DataFrame(rows).write_parquet(tmp_path / "table.parquet")
    rng = np.random.default_rng(0)
    table = racing.Table(pl.read_parquet(tmp_path / "table.parquet").to_dicts(), rng)
    found = racing.replay(table.field, 3, 30, rng)
    for way in found.values():
        assert way["same_winner"] == 1
        assert way["training_steps"] <= 1
        assert way["points_lost"] == 0


def test_margins_are_as_wide_as_the_steps_allow_and_tried_on_rows_that_did_not_settle_them(capsys):
    rows = [
        {"shares": [0.25, 0.5, 1.0], "steps": [2, 4, 8], "losses": [loss, loss, loss],
         "right": [i < 40 - place for i in range(CASES)], "failure": ""}
        for place, loss in enumerate(1.15**n for n in range(20))
    ]  # fmt: skip
    table = racing.Table(rows, np.random.default_rng(0))
    fields = [table.field(3) for _ in range(50)]
    narrow, wide = (racing.steps(fields, width) for width in (racing.WIDTHS[0], racing.WIDTHS[-1]))
    assert narrow < wide <= 1
    width = racing.widest(table, [3], fields=50)
    assert racing.WIDTHS[0] < width < racing.WIDTHS[-1], "here neither end fits"
    assert racing.steps(fields, width) == pytest.approx(racing.STEPS, abs=0.1)
    found = racing.in_halves(rows, [3], replays=20, halves=2, seed=0)
    assert len(found["widths"]) == 2
    assert found[3]["as_good_a_winner"]["mean"] == 1, "here the loss says who wins"
    assert found[3]["training_steps"]["mean"] < 1
