"""The worlds and rules of the data half's measurement."""

import data_half
import gain_bounds
import numpy as np
import pytest
import slice_rules
import slice_worlds
from slice_worlds import CASES, NAMES, SHARES, WORLDS, Dev


@pytest.mark.parametrize("name", WORLDS)
def test_a_response_is_a_rate_that_never_falls_and_uniform_needs_all_its_rows(name):
    world, dev, target, number = next(data_half.drawn(name, 1, 5))
    rates = [world.rates(np.full(24, float(n))) for n in (0, 10, 100, 1000)]
    assert np.all(np.diff(rates, axis=0) >= -1e-12)
    assert 0 <= np.min(rates) <= np.max(rates) <= 1
    needed = data_half.rows_to(target, world, slice_rules.uniform, dev, number, blind=True)
    assert needed == pytest.approx(data_half.BATCH * data_half.UNIFORM_BATCHES)


def test_dev_passes_what_the_true_rates_say_on_average_and_its_cases_stay_as_hard():
    rng = np.random.default_rng(0)
    rates = np.linspace(0.1, 0.9, 24)
    suites = [[dev.passed(rates, rng) for _ in range(20)] for dev in (Dev(rng) for _ in range(60))]
    found = np.array(suites) / CASES
    assert found.mean(axis=(0, 1)) == pytest.approx(rates, abs=0.06)
    between, within = found.mean(axis=1).var(axis=0).mean(), found.var(axis=1).mean()
    assert between > 3 * within / 20


def test_every_rule_gives_out_the_whole_batch_and_leaves_the_groups_as_they_are():
    rng = np.random.default_rng(1)
    world, dev = slice_worlds.gaps(rng), Dev(rng)
    rows, seen = np.zeros(24), []
    for _ in range(3):
        rows = rows + SHARES * 480
        passed = dev.passed(world.rates(rows), rng)
        seen.append(slice_rules.Seen(SHARES, 480.0, SHARES * 480, rows, passed))
    for rule in (*slice_rules.RULES.values(), slice_rules.oracle(world)):
        found = rule(seen, 480.0)
        parts = found[0] if isinstance(found, tuple) else found
        assert parts.min() >= 0
        assert parts[:12].sum() == pytest.approx(SHARES[:12].sum(), abs=1e-3)
        assert parts[12:].sum() == pytest.approx(SHARES[12:].sum(), abs=1e-3)
    assert len(NAMES) == 24


@pytest.mark.parametrize("blind", [True, False])
def test_the_oracle_needs_fewest_rows_where_some_slices_are_far_behind(blind):
    world, dev, target, number = next(data_half.drawn("gaps", 1, 3))
    rules = {
        "uniform": slice_rules.uniform,
        "proportion": slice_rules.in_proportion,
        "oracle": slice_rules.oracle(world),
    }
    needed = {
        name: data_half.rows_to(target, world, rule, dev, number, blind=blind)
        for name, rule in rules.items()
    }
    assert needed["oracle"] < needed["proportion"] < needed["uniform"]


def test_what_was_told_and_what_came_are_of_the_same_batch_and_the_bounds_are_counted():
    world, dev, _, number = next(data_half.drawn("measured", 1, 5))
    pairs = gain_bounds.told_and_came(world, dev, number)
    assert len(pairs) == gain_bounds.BATCHES - 1, "nothing is told of the first batch"
    last = world.overall(SHARES * 1e6)
    assert all(0 < came < last for _, came in pairs)
    found = gain_bounds.measure("measured", 2, 5)
    assert found["holds"] + found["more_came"] + found["less_came"] == pytest.approx(1)
    assert found["holds"] == 1
