import random
from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.trial_grounds.racing import (
    Standing,
    beaten_at_rung,
    beaten_on_cases,
    case_order,
    catch_up_chance,
    common,
    winner,
)

RUNGS = {"rungs": (0.25, 0.5), "margins": (0.5, 0.25), "field": 2}


def at(trial, *losses):
    return Standing(trial=trial, rungs=tuple(zip((0.25, 0.5), losses, strict=False)))


def answers(trial, marks):
    return Standing(trial=trial, cases={f"c{i}": m == "+" for i, m in enumerate(marks)})


ORDER = [f"c{i}" for i in range(20)]


def test_alone_nobody_is_beaten():
    assert beaten_at_rung(at("a", 9.0), [], **RUNGS) is None
    assert beaten_on_cases(answers("a", "-" * 20), [], ORDER, 0, field=3) is None


def test_one_that_is_far_behind_the_best_at_its_rung_is_out_and_told_why():
    beaten = beaten_at_rung(at("c", 9.0), [at("b", 2.0), at("a", 1.0)], **RUNGS)
    assert beaten.by == "a"
    assert beaten.reason == ("cannot win: loss 9.000 after 25% of its training, where a had 1.000")


def test_the_best_at_a_rung_stays_whoever_was_ahead_before():
    assert beaten_at_rung(at("b", 9.0, 1.0), [at("a", 1.0, 1.3)], **RUNGS) is None
    assert beaten_at_rung(at("a", 1.0, 1.3), [at("b", 9.0, 1.0)], **RUNGS) is not None


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=6), st.sampled_from([0.25, 0.5]))
def test_at_every_rung_one_stays_and_who_is_no_worse_than_one_that_stays_does(losses, share):
    field = [Standing(trial=f"{i}", rungs=((share, loss),)) for i, loss in enumerate(losses)]
    out = {
        own.trial
        for own in field
        if beaten_at_rung(own, [other for other in field if other is not own], **RUNGS)
    }
    stay = [loss for own, loss in zip(field, losses, strict=True) if own.trial not in out]
    assert min(losses) in stay
    gone = [loss for own, loss in zip(field, losses, strict=True) if own.trial in out]
    assert max(stay) < min(gone, default=99)


@pytest.mark.parametrize(("loss", "out"), [(1.25, False), (1.26, True)])
def test_a_loss_within_the_margin_stays(loss, out):
    assert bool(beaten_at_rung(at("b", 1.0, loss), [at("a", 1.0, 1.0)], **RUNGS)) == out


def test_in_a_larger_field_a_trial_may_be_further_behind():
    own, rival = at("b", 1.8), at("a", 1.0)
    assert beaten_at_rung(own, [rival], **RUNGS)
    assert beaten_at_rung(own, [rival], **RUNGS | {"field": 3}) is None


def test_a_rival_that_has_not_come_to_the_rung_does_not_count():
    assert beaten_at_rung(at("b", 1.0, 9.0), [at("a", 1.0)], **RUNGS) is None


def test_who_cannot_catch_up_even_by_passing_all_is_out_and_before_that_is_not():
    leads, behind = answers("a", "+" * 11), answers("b", "-" * 11)
    beaten = beaten_on_cases(behind, [leads], ORDER, 0, field=2, alpha=0.0)
    assert (
        beaten.reason == "cannot win: 11 cases behind a after 11 of 20 (even if all others passed)"
    )
    leads, behind = answers("a", "+" * 10), answers("b", "-" * 10)
    assert beaten_on_cases(behind, [leads], ORDER, 0, field=2, alpha=0.0), "a tie goes to a"
    assert (
        beaten_on_cases(
            answers("a", "-" * 10), [answers("b", "+" * 10)], ORDER, 0, field=2, alpha=0.0
        )
        is None
    )


def test_the_canary_is_not_a_random_part_and_is_counted_as_it_is():
    """Eight behind on the canary, even since: the canary's cases say nothing of those to come."""
    own, rival = answers("b", "-" * 8 + "+"), answers("a", "+" * 8 + "+")
    assert beaten_on_cases(own, [rival], ORDER, 8, field=2, alpha=0.02) is None
    assert beaten_on_cases(own, [rival], ORDER, 0, field=2, alpha=0.02) is not None


def test_only_the_cases_that_both_answered_count():
    own = answers("b", "+" * 4)
    assert common(own, answers("a", "-" * 9), ORDER) == 4
    assert common(own, Standing(trial="a"), ORDER) == 0


def test_the_order_is_the_seeds_and_the_canary_leads():
    cases = [f"c{i}" for i in range(30)]
    order = case_order(cases, ["c7", "c3"], "0001")
    assert order[:2] == ["c7", "c3"]
    assert sorted(order) == sorted(cases)
    assert order == case_order(cases[::-1], ["c7", "c3"], "0001")
    assert order[2:] != case_order(cases, ["c7", "c3"], "0002")[2:]


def test_equals_are_won_by_the_first_name():
    assert winner({"b": 3, "a": 3, "c": 2}) == "a"


def brute(gained, drawn, total, needed):
    gains = max(0, -(-(total + needed) // 2))
    if gains > total:
        return 0.0
    ways = sum(
        comb(gains, x) * comb(total - gains, drawn - x)
        for x in range(gained + 1)
        if 0 <= drawn - x <= total - gains
    )
    return ways / comb(total, drawn)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 25), st.integers(-6, 12))
def test_no_number_of_differing_cases_makes_catching_up_likelier(gained, lost, left, needed):
    drawn = gained + lost
    worst = max(brute(gained, drawn, t, needed) for t in range(drawn, drawn + left + 1))
    found = catch_up_chance(gained, lost, left, needed)
    # where much is lost the largest is among the last two; nearly even ones are never stopped
    assert found <= worst + 1e-12
    if worst <= 0.05:
        assert found == pytest.approx(worst, abs=1e-12)
    else:
        assert found > 0.02


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(-4, 8))
def test_the_chance_is_nought_exactly_where_all_that_is_left_is_not_enough(
    gained, lost, left, needed
):
    possible = gained - lost + left >= needed
    assert (catch_up_chance(gained, lost, left, needed) > 0) == possible


def test_the_one_that_would_have_won_is_stopped_less_often_than_alpha():
    """Two trials that end level but for one case, in 2,000 orders: the hardest race there is."""
    marks = list(product("+-", repeat=2)) * 9
    own = {f"c{i}": a == "+" for i, (a, _) in enumerate(marks)} | {"last": True}
    other = {f"c{i}": b == "+" for i, (_, b) in enumerate(marks)} | {"last": False}
    stopped, rng = 0, random.Random(1)
    for _ in range(2000):
        order = rng.sample(sorted(own), len(own))
        for seen in range(4, len(order), 4):
            part = order[:seen]
            if beaten_on_cases(
                Standing(trial="b", cases={c: own[c] for c in part}),
                [Standing(trial="a", cases={c: other[c] for c in part})],
                order, 0, field=2, alpha=0.2, block=4,
            ):  # fmt: skip
                stopped += 1
                break
    assert 0 < stopped <= 0.2 * 2000
