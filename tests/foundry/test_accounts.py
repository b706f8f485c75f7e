"""Accounts of the sources of rows, and the effect of their rows on dev."""

import random

import pytest
from foundry_cases import row

from forgemind_assets.foundry.accounts import (
    IterationAccounts,
    SliceSource,
    SourceAccount,
    filtered_accounts,
    made_accounts,
    read_accounts,
    slice_sources,
    table_record,
    totals,
)
from forgemind_assets.foundry.effects import Point, effect_of, effects, points_of
from forgemind_assets.foundry.pipeline import FilterResult, Rejected, StageCount
from forgemind_assets.foundry.strategies.base import StrategyAccount

OWN = ("teacher_pairs", "own")
STAGES = ("parse", "verified_label", "exact_duplicates")


def result(kept, rejected, stages=STAGES):
    lost = tuple(Rejected(one, stage, "why") for one, stage in rejected)
    return FilterResult(tuple(kept), lost, tuple(StageCount(s, 0, 0, {}) for s in stages))


def taught(number):
    return row(f"x = {number}\n", teacher="own")


@pytest.fixture
def filtered():
    return result(
        [taught(1), row("y = 1\n")],
        [(taught(2), "parse"), (taught(3), "verified_label"), (taught(4), "exact_duplicates")],
    )


def test_verified_is_past_the_check_and_kept_is_past_all(filtered):
    made = made_accounts([StrategyAccount(*OWN, 9, 8, 7, 4, dollars=0.02, seconds=6.0)])
    pairs, expansion = filtered_accounts(made, filtered)
    assert (pairs.rows, pairs.verified, pairs.kept) == (4, 2, 1)
    assert (pairs.dollars_per_kept_row, pairs.seconds_per_kept_row) == (0.02, 6.0)
    assert (expansion.strategy, expansion.rows, expansion.kept) == ("seed_expansion", 1, 1)
    assert expansion.verified is None  # what people labelled is not checked


def test_without_a_check_nothing_counts_as_verified():
    (pairs,) = filtered_accounts(
        made_accounts([StrategyAccount(*OWN, 1, 1, 1, 1)]), result([taught(1)], [], ("parse",))
    )
    assert (pairs.verified, pairs.kept) == (None, 1)
    assert table_record(pairs)["verified"] == "-"


def test_no_kept_row_has_no_price():
    nothing = SourceAccount(strategy="s", dollars=1.0, kept=0)
    assert nothing.dollars_per_kept_row is None
    assert table_record(nothing)["dollars_per_kept_row"] == "-"


def test_accounts_and_slices_survive_the_manifest_and_old_ones_are_read(filtered):
    made = made_accounts([StrategyAccount(*OWN, 9, 8, 7, 4)])
    raw = {"accounts": [one.model_dump() for one in made]}
    done = {
        "accounts": [one.model_dump() for one in filtered_accounts(made, filtered)],
        "slice_sources": [one.model_dump() for one in slice_sources(filtered)],
    }
    assert read_accounts("0001", raw, {}).sources == made
    read = read_accounts("0001", raw, done)
    assert read.sources == filtered_accounts(made, filtered)
    assert {(s.slice, s.strategy, s.kept) for s in read.slices} == {
        ("safe/CWE-89", "teacher_pairs", 1),
        ("safe/CWE-89", "seed_expansion", 1),
    }
    line = {"strategy": "teacher_pairs", "teacher": "own", "rows_kept": 3}
    assert read_accounts("0001", raw, {"yield_table": [line]}).sources[0].kept == 3


def test_totals_add_what_is_known():
    def one(key, kept):
        return IterationAccounts(key, (SourceAccount(strategy="s", asked=2, kept=kept),))

    (total,) = totals([one("0001", 3), one("0002", None), one("0003", 4)])
    assert (total.asked, total.kept) == (6, 7)


def iteration(key, **shares):
    """100 rows a slice, of which the given number is the teacher's."""
    lines = []
    for name, own in shares.items():
        lines.append(SliceSource(slice=name, strategy=OWN[0], teacher=OWN[1], kept=own))
        lines.append(SliceSource(slice=name, strategy="seed_expansion", kept=100 - own))
    sources = (SourceAccount(strategy=OWN[0], teacher=OWN[1]),)
    return IterationAccounts(key, sources, tuple(lines))


def test_points_are_shares_of_the_rows_that_were_trained_on():
    history = [iteration("0001", a=20), iteration("0002", a=60)]
    dev = {"0000": {"a": 0.2}, "0001": {"a": 0.5}, "0002": {"a": 0.4}}
    assert points_of(OWN, history, dev, {}) == (
        Point("0001", "a", 0.2, pytest.approx(0.3)),
        Point("0002", "a", 0.6, pytest.approx(-0.1)),
    )
    both = points_of(OWN, history, dev, {"0002": ("0001",)})
    assert both[1].share == pytest.approx(0.4)
    assert points_of(OWN, history, {"0001": {"a": 0.5}}, {}) == ()


def planted(slope, noise, iterations=6, slices=12, seed=1):
    rng = random.Random(seed)
    points = []
    for number in range(iterations):
        common = rng.uniform(-0.3, 0.3)
        for name in range(slices):
            share = rng.random()
            change = common + slope * share + rng.gauss(0, noise)
            points.append(Point(f"{number:04}", f"s{name}", share, change))
    return points


def test_a_planted_effect_is_found_whatever_an_iteration_did_to_all_slices():
    found = effect_of(OWN, planted(0.4, noise=0.0))
    assert found.slope == pytest.approx(0.4)
    assert found.told == "+4.0 points (+4.0 to +4.0) per 10 % more of the rows"
    noisy = effect_of(OWN, planted(0.4, noise=0.1))
    assert noisy.low < 0.4 < noisy.high
    assert noisy.low > 0


def test_the_interval_holds_the_truth_as_often_as_it_says():
    truth = 0.2
    found = [effect_of(OWN, planted(truth, 0.1, iterations=3, seed=n)) for n in range(400)]
    holding = sum(one.low <= truth <= one.high for one in found) / 400
    assert 0.92 <= holding <= 0.98


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "0 iterations with a change, 3 are needed"),
        (planted(0.4, 0.1, iterations=2), "2 iterations with a change, 3 are needed"),
        ([Point(str(n), s, 0.5, 0.1) for n in range(4) for s in "ab"], "the same in all slices"),
        ([Point(str(n), "a", n / 4, 0.1) for n in range(4)], "the same in all slices"),
    ],
)
def test_what_cannot_be_estimated_says_why(points, reason):
    found = effect_of(OWN, points)
    assert found.slope is None
    assert found.told.startswith("not estimable: ")
    assert reason in found.told


def test_every_source_gets_an_effect_or_a_reason():
    history = [iteration(f"{n:04}", a=20 + n, b=60 - 5 * n, c=10) for n in range(1, 5)]
    dev = {f"{n:04}": {"a": 0.1 * n, "b": 0.2, "c": 0.3} for n in range(5)}
    (one,) = effects(history, dev, {})
    assert (one.iterations, one.points) == (4, 12)
    assert one.slope is not None
