"""How often a loop calls a model better that is not, and how often it finds one that is.

Simulated loops of 30 iterations, each with one candidate against the champion on the same gate
cases, under ForgeMind's rule and under three rules that others use. The world: a case has a
difficulty of its own and one of its family; a model has strengths by family and by case; a case
passes where the sum is positive. The variances give the disagreement and the likeness within
families that `statistics.py` plans with; both are measured and printed.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY)]

from forgemind_assets.trial_grounds.statistics import (  # noqa: E402
    Paired,
    detectable_gain,
    gain_after_selection,
    needed_net,
    next_level,
    paired_cases_for_power,
    typical_family,
    wilson_interval,
)

ALPHA, ITERATIONS, GAIN = 0.05, 30, 0.05
BASE_RATE = 0.70
FAMILY_SIZES = (3, 4, 5)  # as in the default goal's dev suite
DEFAULT_SUITE = 348
# Variances of the latent strength: case difficulty by family and by case, model by family and by
# case. They add up to 1.
FAMILY, CASE, MODEL_FAMILY, MODEL_CASE = 0.15, 0.36, 0.10, 0.39
DRAWS = 1000
# The exact p value is computed only from so many standard errors below the normal quantile of the
# level on: further down no candidate can be better. Some of those are computed all the same.
MARGIN, CHECKED = 0.3, 5
Pairs = tuple[np.ndarray, np.ndarray]


@dataclass
class Suite:
    """The gate: which family each case belongs to."""

    sizes: np.ndarray

    @classmethod
    def of(cls, cases: int) -> "Suite":
        """A suite of about so many cases, with families as in the default goal."""
        count = round(cases / np.mean(FAMILY_SIZES))
        return cls(np.resize(FAMILY_SIZES, count))

    @property
    def cases(self) -> int:
        """Number of cases."""
        return int(self.sizes.sum())

    def spread(self, by_family: np.ndarray) -> np.ndarray:
        """(loops, families) -> (loops, cases)."""
        return np.repeat(by_family, self.sizes, axis=1)

    def net(self, change: np.ndarray) -> np.ndarray:
        """(loops, cases) -> net gain of each family (loops, families)."""
        return np.add.reduceat(change, np.cumsum(self.sizes) - self.sizes, axis=1)


class World:
    """The cases of many loops, and the models that are put to them."""

    def __init__(self, suite: Suite, loops: int, rng: np.random.Generator):
        self.suite, self.loops, self.rng = suite, loops, rng
        self.difficulty = self._noise(FAMILY, CASE)

    def _noise(self, by_family: float, by_case: float) -> np.ndarray:
        families, shape = len(self.suite.sizes), (self.loops, self.suite.cases)
        shared = self.rng.standard_normal((self.loops, families), np.float32) * by_family**0.5
        own = self.rng.standard_normal(shape, np.float32) * by_case**0.5
        return self.suite.spread(shared) + own

    def answers(self, rates: np.ndarray) -> np.ndarray:
        """Passes of a fresh model a loop, (loops, cases), at true rates of shape (loops,)."""
        cut = np.array([NormalDist().inv_cdf(rate) for rate in rates])[:, None]
        return (self.difficulty + self._noise(MODEL_FAMILY, MODEL_CASE) + cut > 0).astype(np.int8)


@dataclass
class Ours:
    """The champion rule of `brain/champion.py`: exact by family, under the error budget."""

    suite: Suite
    loops: int
    found: list[tuple[float, float]] = field(default_factory=list)
    checked: int = 0

    def __post_init__(self) -> None:
        self.spent = np.zeros(self.loops)

    def __call__(self, change: np.ndarray, iteration: int) -> np.ndarray:
        """Whether each loop promotes its candidate; `change` is (loops, cases) of -1, 0, 1."""
        net = self.suite.net(change)
        score = standard_score(net)
        promoted = np.zeros(self.loops, bool)
        for loop in range(self.loops):
            level = next_level(ALPHA, self.spent[loop], ITERATIONS + 1 - iteration)
            if score[loop] >= screen(level):
                promoted[loop] = self.better(net[loop], level)
            elif self.checked < CHECKED and score[loop] > 1:
                self.checked += 1
                if self.better(net[loop], level, note=False):
                    raise SystemExit("a candidate below the screen was better: raise MARGIN")
            self.spent[loop] += 0 if promoted[loop] else level
        return promoted

    def better(self, net: np.ndarray, level: float, *, note: bool = True) -> bool:
        """The verdict on one candidate; of one that is better the gain is noted, as corrected."""
        needed = needed_net(net.tolist(), level)
        if needed is None or net.sum() < needed:
            return False
        if note:
            paired = Paired(tuple(net.tolist()), tuple(self.suite.sizes.tolist()))
            corrected = gain_after_selection(
                paired.gain, paired.standard_error, needed / paired.total
            )
            self.found.append((paired.gain, corrected))
        return True


def standard_score(net: np.ndarray) -> np.ndarray:
    """(loops, families) -> net gain in standard errors, (loops,)."""
    return net.sum(axis=1) / np.sqrt(np.maximum(1, (net.astype(int) ** 2).sum(axis=1)))


@lru_cache
def screen(level: float) -> float:
    """Standard errors from which on the exact p value is worth computing."""
    return NormalDist().inv_cdf(1 - level) - MARGIN


def keep_if_better(change: np.ndarray, _: int) -> np.ndarray:
    """More cases passed than the champion."""
    return change.sum(axis=1, dtype=int) > 0


def better_on_100(change: np.ndarray, _: int) -> np.ndarray:
    """More of 100 cases passed than the champion."""
    return change[:, :100].sum(axis=1, dtype=int) > 0


def bootstrap(rng: np.random.Generator) -> Callable[[np.ndarray, int], np.ndarray]:
    """The 95 % paired bootstrap interval of this comparison lies above 0.

    Cases are drawn again one by one; the counts of gained and lost ones are then multinomial.
    """

    def better(change: np.ndarray, _: int) -> np.ndarray:
        total = change.shape[1]
        gained, lost = (change > 0).sum(axis=1), (change < 0).sum(axis=1)
        promoted = np.zeros(len(change), bool)
        likely = np.flatnonzero(gained - lost > np.sqrt(gained + lost))
        g, lo = gained[likely], lost[likely]
        more = rng.binomial(total, g / total, (DRAWS, len(likely)))
        less = rng.binomial(total - more, lo / (total - g))
        promoted[likely] = (more <= less).mean(axis=0) < 0.025
        return promoted

    return better


def rules(suite: Suite, loops: int, rng: np.random.Generator) -> dict:
    """Each rule by its name."""
    return {
        "forgemind": Ours(suite, loops),
        "keep if better": keep_if_better,
        "better on 100 cases": better_on_100,
        "bootstrap per comparison": bootstrap(rng),
    }


def simulate(
    suite: Suite, rates: np.ndarray, rng: np.random.Generator, batch: int = 50
) -> tuple[dict[str, np.ndarray], list[tuple[float, float]]]:
    """Who was promoted: rule -> true rates, (loops, iterations, [candidate, champion, promoted]).

    `rates` are the true rates (loops, iterations + 1); the first is that of the first champion.
    """
    seen: dict[str, list[np.ndarray]] = {}
    found: list[tuple[float, float]] = []
    for start in range(0, len(rates), batch):
        part = rates[start : start + batch]
        world, own = World(suite, len(part), rng), rules(suite, len(part), rng)
        first = world.answers(part[:, 0])
        champion = dict.fromkeys(own, first)
        holds = dict.fromkeys(own, part[:, 0])
        rows: dict[str, list] = {name: [] for name in own}
        for iteration in range(1, part.shape[1]):
            candidate = world.answers(part[:, iteration])
            for name, rule in own.items():
                promoted = rule(candidate - champion[name], iteration)
                rows[name].append(np.stack([part[:, iteration], holds[name], promoted], axis=-1))
                champion[name] = np.where(promoted[:, None], candidate, champion[name])
                holds[name] = np.where(promoted, part[:, iteration], holds[name])
        for name in own:
            seen.setdefault(name, []).append(np.stack(rows[name], axis=1))
        found += own["forgemind"].found
    return {name: np.concatenate(parts) for name, parts in seen.items()}, found


def false_promotions(seen: np.ndarray) -> np.ndarray:
    """Loops in which a candidate was promoted that is truly no better than the champion."""
    candidate, champion, promoted = np.moveaxis(seen, -1, 0)
    return ((promoted > 0) & (candidate <= champion + 1e-9)).any(axis=1)


def equal_rates(loops: int) -> np.ndarray:
    """A/A: all candidates are as good as the first champion."""
    return np.full((loops, ITERATIONS + 1), BASE_RATE)


def one_better(loops: int, rng: np.random.Generator) -> np.ndarray:
    """One candidate of each loop, at an iteration drawn by lot, is better by 5 points."""
    rates = equal_rates(loops)
    rates[np.arange(loops), rng.integers(1, ITERATIONS + 1, loops)] += GAIN
    return rates


def climbing(loops: int, rng: np.random.Generator) -> np.ndarray:
    """Candidates that are at times better than the best before by 5 points, else equal or worse."""
    rates, best = equal_rates(loops), np.full(loops, BASE_RATE)
    for iteration in range(1, ITERATIONS + 1):
        up = (rng.random(loops) < 0.15) & (best < BASE_RATE + 4.5 * GAIN)
        rates[:, iteration] = best + np.where(up, GAIN, -GAIN * rng.integers(0, 2, loops))
        best = np.maximum(best, rates[:, iteration])
    return rates


def likeness(suite: Suite, rng: np.random.Generator) -> dict[str, float]:
    """What the world is like: disagreement of two equal models, likeness within families."""
    world = World(suite, 200, rng)
    rates = np.full(200, BASE_RATE)
    change = world.answers(rates) - world.answers(rates)
    net = suite.net(change).astype(float)
    effect = (net**2).sum() / (change.astype(float) ** 2).sum()
    alike = (suite.sizes.astype(float) ** 2).sum() / suite.cases - 1
    return {
        "discordant": round(float(np.abs(change).mean()), 3),
        "design_effect": round(float(effect), 3),
        "icc_of_differences": round(float((effect - 1) / alike), 3),
    }


def skewed_level(suite: Suite, comparisons: int, rng: np.random.Generator) -> float:
    """How often the level of one look is missed in the world that suits the test least.

    The candidate is neither better nor worse: it gains one case in 12 % of the families and loses
    four in 3 %. The signs of such families are not exchangeable, which the test takes them to be.
    """
    families, rule = len(suite.sizes), Ours(suite, 0)
    draw = rng.random((comparisons, families))
    net = np.where(draw < 0.03, -4, np.where(draw < 0.15, 1, 0))
    level = next_level(ALPHA, 0.0, ITERATIONS)
    likely = standard_score(net) >= screen(level)
    return sum(rule.better(one, level, note=False) for one in net[likely]) / comparisons


def power_of(seen: np.ndarray) -> float:
    """Share of the truly better candidates that were promoted when they came."""
    candidate, champion, promoted = np.moveaxis(seen, -1, 0)
    better = candidate > champion + GAIN / 2
    return float(promoted[better].mean())


def asked_cases() -> int:
    """Cases that the tool asks for, to find 5 points in a loop of 30 iterations."""
    level, size = next_level(ALPHA, 0.0, ITERATIONS), typical_family(FAMILY_SIZES)
    return paired_cases_for_power(GAIN, alpha=level, family_size=size)


def measure(suite: Suite, loops: int, rng: np.random.Generator) -> dict:
    """All three worlds on one suite."""
    equal, _ = simulate(suite, equal_rates(loops), rng)
    one, found = simulate(suite, one_better(loops, rng), rng)
    climb, _ = simulate(suite, climbing(loops, rng), rng)
    shown = {name: false_promotions(seen) for name, seen in equal.items()}
    size = typical_family(suite.sizes.tolist())
    level = next_level(ALPHA, 0.0, ITERATIONS)
    return {
        "cases": suite.cases,
        "families": len(suite.sizes),
        "detectable_gain": round(detectable_gain(suite.cases, alpha=level, family_size=size), 3),
        "false_promotion": {name: float(hits.mean()) for name, hits in shown.items()},
        "false_promotion_interval_95": {
            name: [round(b, 4) for b in (interval.low, interval.high)]
            for name, hits in shown.items()
            for interval in [wilson_interval(int(hits.sum()), loops)]
        },
        "found": {name: round(power_of(seen), 3) for name, seen in one.items()},
        "false_promotion_climbing": {
            name: float(false_promotions(seen).mean()) for name, seen in climb.items()
        },
        "level": round(level, 5),
        "level_in_the_skewed_world": round(skewed_level(suite, 4 * loops, rng), 5),
        "gain_shown_to_user": round(float(np.mean([g for g, _ in found])), 4) if found else None,
        "gain_after_selection": round(float(np.mean([c for _, c in found])), 4) if found else None,
    }


def show(result: dict) -> None:
    """Prints the table of one suite."""
    print(
        f"\n{result['cases']:,} cases in {result['families']} families; a gain of "
        f"{100 * result['detectable_gain']:.1f} points is found with 80 % probability"
    )
    print(f"{'rule':<26}{'false, A/A':>12}{'95 % interval':>18}{'5 points found':>17}", end="")
    print(f"{'false, climbing':>18}")
    for name, share in result["false_promotion"].items():
        low, high = result["false_promotion_interval_95"][name]
        print(
            f"{name:<26}{share:>12.1%}{f'{low:.1%} to {high:.1%}':>18}"
            f"{result['found'][name]:>17.1%}{result['false_promotion_climbing'][name]:>18.1%}"
        )
    if result["gain_shown_to_user"] is not None:
        print(
            f"A gain of 5 points that was found looks like {result['gain_shown_to_user']:.1%}, and "
            f"like {result['gain_after_selection']:.1%} after the correction for selection."
        )
    print(
        f"One look errs in {result['level_in_the_skewed_world']:.2%} of comparisons in the world "
        f"that suits it least; {result['level']:.2%} is its level."
    )


def main() -> None:
    """Prints the tables and the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started, rng = time.perf_counter(), np.random.default_rng(given.seed)
    world = likeness(Suite.of(DEFAULT_SUITE), rng)
    print(f"{given.loops:,} loops of {ITERATIONS} iterations, alpha {ALPHA}; the world: {world}")
    suites = {"asked_for": Suite.of(asked_cases()), "default_goal": Suite.of(DEFAULT_SUITE)}
    results = {name: measure(suite, given.loops, rng) for name, suite in suites.items()}
    for result in results.values():
        show(result)
    asked = results["asked_for"]
    peers = {k: v for k, v in asked["false_promotion"].items() if k != "forgemind"}
    record = {
        "name": "honesty",
        "value": asked["false_promotion"]["forgemind"],
        "unit": "share of A/A loops with a false promotion",
        "higher_is_better": False,
        "peers": peers,
        "details": {
            "loops": given.loops,
            "iterations": ITERATIONS,
            "alpha": ALPHA,
            "seed": given.seed,
            "world": world,
            **results,
            "seconds": round(time.perf_counter() - started, 1),
        },
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
