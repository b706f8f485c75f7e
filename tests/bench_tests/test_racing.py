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
    table = racing.Table(tmp_path / "table.parquet", rng)
    behind = racing.margins_from(table, [3, 4], fields=40)
    assert behind["1"]["100%"] == 0, "whoever passed most had the lowest loss in the end"
    found = racing.replay(racing.Table(tmp_path / "table.parquet", rng).field, 3, 30, rng)
    for way in found.values():
        assert way["same_winner"] == 1
        assert way["training_steps"] <= 1
        assert way["points_lost"] == 0
