import math
import statistics

import pytest
import replay
import search as search_bench
import simulated_table
import table_make

from forgemind_assets.brain.search.memory import PastTrial

CENTRE = replay.centre_of(64)


@pytest.fixture(scope="module")
def table():
    return simulated_table.simulated(0, centre=0.004, off=0.0)


@pytest.fixture(scope="module")
def space(table):
    return replay.table_space(CENTRE, table)


def entry(rate, score, *losses):
    values = CENTRE | {"learning_rate": rate}
    return replay.Entry(values, dict(zip((0.25, 0.5, 1.0), losses, strict=False)), score)


def test_the_best_tenth_of_twenty_is_two_and_ties_count():
    rows = tuple(entry(0.001 * (n + 1), n / 20) for n in range(20))
    assert replay.Table(rows).arrivals == 2
    assert replay.Table((*rows[:18], rows[17], rows[17])).arrivals == 3


def test_a_failed_training_is_below_one_that_passed_nothing():
    assert entry(0.1, None).merit < entry(0.1, 0.0).merit


def test_a_race_stops_the_hopeless_at_their_rung_and_charges_their_share():
    runners = [entry(0.004, 0.5, 1.0, 0.8, 0.5), entry(0.1, 0.0, 3.0, 3.0, 3.0)]
    assert replay.race(runners) == [1.0, 0.25]


def test_alike_runners_all_run_to_the_end():
    assert replay.race([entry(0.004, 0.5, 1.0, 0.8, 0.5)] * 3) == [1.0, 1.0, 1.0]


def test_a_training_that_failed_before_a_rung_is_not_raced():
    assert replay.race([entry(0.004, 0.5, 1.0, 0.8, 0.5), entry(0.1, None)]) == [1.0, 1.0]


def test_all_of_a_plan_is_paid_even_where_its_first_trial_arrives(space):
    good, bad = entry(0.004, 0.5, 1.0, 0.8, 0.5), entry(0.0001, 0.0, 3.0, 3.0, 3.0)
    small = replay.Table((good, *[bad] * 9))
    assert replay.ours(small, space, 0, plan=2) == 1.25
    assert replay.ours(small, space, 0, plan=1) == 1.0


def test_random_search_needs_no_more_trials_than_there_are_bad_rows(table, space):
    costs = [replay.random_search(table, space, seed) for seed in range(50)]
    assert min(costs) >= 1
    assert max(costs) <= len(table.entries) - table.arrivals + 1
    assert len(set(costs)) > 5


def test_both_searches_arrive_and_are_the_same_for_the_same_seed(table, space):
    for run in search_bench.strategies(CENTRE, replay.nothing_earlier).values():
        cost = run(table, space, 3)
        assert math.isfinite(cost)
        assert run(table, space, 3) == cost


def test_a_search_that_believes_the_truth_needs_fewer_trials_than_a_random_one():
    tables = [simulated_table.simulated(s, centre=0.004, off=0.0, spread=0.1) for s in range(8)]
    spaces = [replay.table_space(CENTRE, table) for table in tables]
    both = [
        [run(table, space, seed) for table, space in zip(tables, spaces, strict=True)]
        for run in (replay.random_search, replay.ours)
        for seed in range(2)
    ]
    assert sum(map(sum, both[2:])) < sum(map(sum, both[:2])) / 2


@pytest.mark.parametrize("kind", simulated_table.KINDS)
def test_every_kind_of_world_has_good_and_bad_trainings_and_kin_that_are_alike(kind):
    world = simulated_table.world(1, kind=kind, centre=0.004, off=0.0)
    drawn = table_make.design(64)
    rates = [world.rate(dials) or 0.0 for dials in drawn]
    kin = [world.kin(1).rate(dials) or 0.0 for dials in drawn]
    assert 0 <= min(rates) < max(rates) / 5
    assert max(rates) <= 0.98
    assert 0.5 < statistics.correlation(rates, kin) < 1


def test_each_seed_is_given_another_part_of_the_earlier_goals_trials_in_order():
    trials = [PastTrial(name=f"{n}", values=CENTRE, score=0.1, goal="g") for n in range(24)]
    parts = [search_bench.earlier_goal(trials)(seed) for seed in range(5)]
    names = [[int(trial.name) for trial in part] for part in parts]
    assert {len(of) for of in names} == {16}
    assert all(of == sorted(set(of)) for of in names)
    assert len({tuple(of) for of in names}) == 5


def test_what_an_earlier_goal_found_is_tried_first(table, space):
    best = max(table.entries, key=lambda row: row.merit)
    lone = [
        PastTrial(name="0001-a", values=row.values, score=row.merit, goal="g")
        for row in table.entries
        if row.merit in (best.merit, 0.0)
    ]
    assert replay.ours(table, space, 0, earlier=lambda seed: lone) == 1


def test_a_half_has_half_of_the_rows_each_once(table):
    for half in replay.halves(table, 3):
        assert len(half.entries) == len(table.entries) // 2
        assert len({id(row) for row in half.entries}) == len(half.entries)


def test_a_race_that_stops_every_good_row_is_counted_as_never_arrived():
    figures = search_bench.told([1.0, 2.0, 3.0, math.inf])
    assert figures["never_arrived"] == 1
    assert figures["mean"] is None
    assert figures["median"] == 2.5
