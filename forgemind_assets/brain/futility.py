"""Whether the goal is still within reach under the limits that are left. Pure.

A gain is the share of the remaining errors that an iteration took away, on a logarithmic scale:
ln(errors before / errors after) of the best dev result so far. To halve the errors is 0.69,
whether there are many or few, so that gains in points become smaller as a loop goes on.

The test is one of stochastic curtailment: stop when the probability of reaching the goal, if the
loop used all that its limits still allow, is small. Sources: Lan, Simon & Halperin 1982
("Stochastically curtailed tests in long-term clinical trials"); the probability averages over what
is not known of the gains, as Spiegelhalter, Freedman & Blackburn 1986 do ("Monitoring clinical
trials: conditional or predictive power?").

Gains are taken for exponential with one unknown mean, whose rate has a Gamma prior worth one
iteration in which a plan came true. The sum of the next m gains then has a closed predictive
distribution with a heavy tail. Three things err on the side of going on: the first training is no
gain, yet its successors count as if they could go on as the best of the window did; the errors
that are luck count as gains of the running best; and the loop is thought to stand at the upper
bound of its best result on the gate. What can go wrong is a loop whose gains come late, after many
iterations without any: `tests/bench/futility.py` measures it.

The gate may be read here, though no plan may: to end a loop early only takes comparisons away, so
it makes no false promotion more probable, and no candidate follows from it.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.brain.limits import limits_of
from forgemind_assets.brain.planner import PLATEAU, dev_of, dev_rate
from forgemind_assets.brain.search.history import known_trials
from forgemind_assets.brain.search.memory import PATIENCE, since_best
from forgemind_assets.brain.state import IterationState, Score, State
from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import BASELINE, iteration_number
from forgemind_assets.trial_grounds.binomial import incomplete_beta
from forgemind_assets.trial_grounds.statistics import (
    loop_confidence,
    passes_needed,
    wilson_interval,
)

WINDOW = 12
"""Gains that are looked at, the newest ones. Older ones were made with more left to gain."""

HOPED_GAIN = math.log(4 / 3)
"""What is thought of a gain before any was seen, as sure as after one iteration: a quarter of the
errors, which is what a plan hopes for (`planner.expected_gain`)."""


@dataclass(frozen=True)
class Prospect:
    """How probable it is that the goal is met under what is left.

    `needed` and `gains` are on the logarithmic scale of errors; `left` counts iterations.
    """

    chance: float
    needed: float
    gains: tuple[float, ...]
    left: float
    limit: str

    @property
    def mean_gain(self) -> float:
        """The gain to expect of an iteration, the hope included."""
        return (HOPED_GAIN + sum(self.gains)) / (1 + len(self.gains))


def chance_of(needed: float, gains: Sequence[float], left: float) -> float:
    """Probability that the next `left` gains add up to more than `needed`.

    With n gains of sum s, the rate of the exponential is Gamma(1 + n, HOPED_GAIN + s); the sum of
    m further ones over that is a beta prime, so its tail is an incomplete beta function.
    """
    if left <= 0:
        return 0.0
    if needed <= 0 or math.isinf(left):
        return 1.0
    shape, scale = 1 + len(gains), HOPED_GAIN + sum(gains)
    return incomplete_beta(shape, left, scale / (scale + needed))


def iterations_for(needed: float, gains: Sequence[float], chance: float, most: int = 1000) -> int:
    """Fewest iterations after which `needed` is reached with this probability; `most` at most."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance_of(needed, gains, middle) >= chance else (middle, high)
    return high


def errors(rate: float, cases: float) -> float:
    """Share of cases that fail, as if half a case more did: none at all has a logarithm too."""
    return ((1 - rate) * cases + 0.5) / (cases + 1)


def gains_of(path: Sequence[float], cases: float) -> tuple[float, ...]:
    """The gains of the newest iterations, from the leader's dev rates after each trained one."""
    recent = path[-WINDOW - 1 :]
    return tuple(
        max(0.0, math.log(errors(before, cases) / errors(after, cases)))
        for before, after in itertools.pairwise(recent)
    )


def wanted_rate(spec: GoalSpec, score: Score) -> float:
    """The pass rate on the gate that meets the goal, on cases as alike as these; at most 1."""
    need, confidence = spec.success.pass_rate, spec.success.confidence
    if confidence is None:
        return need
    total = score.overall.total
    level = loop_confidence(confidence, max(spec.looks, score.looks))
    passes = passes_needed(total, need, level, score.design_effect)
    return 1.0 if passes is None else max(need, passes / total)


def distance(spec: GoalSpec, score: Score) -> float:
    """What the errors on the gate must still fall, from the upper bound of a result."""
    total = score.overall.total / score.design_effect
    alike = round(score.rate * total), max(1, round(total))
    highest = wilson_interval(min(alike), alike[1]).high
    return math.log(errors(highest, total) / errors(wanted_rate(spec, score), total))


def prospect(spec: GoalSpec, state: State, it: IterationState) -> Prospect | None:
    """The outlook after a concluded iteration; None before two were trained or tested."""
    results = [t.full for one in state.iterations for t in one.trials.values() if t.full]
    results += [it.champion_full] if it.champion_full else []
    best = max(results, key=lambda score: score.rate, default=None)
    dev = dev_of(it) or next((d for one in state.iterations if (d := dev_of(one))), None)
    if best is None or dev is None or best.overall.total == 0 or len(state.path) < 2:
        return None
    gains = gains_of(state.path, dev.overall.total)
    limit = min(limits_of(spec, state, it), key=lambda one: one.most_left)
    needed = distance(spec, best)
    return Prospect(
        chance_of(needed, gains, limit.most_left), needed, gains, limit.most_left, limit.key
    )


def out_of_reach(spec: GoalSpec, state: State, it: IterationState) -> str | None:
    """Why the loop should end before its limits do, in one sentence; None where it should not."""
    rule, trained = spec.limits.futility, trained_iterations(state, it)
    if rule.below <= 0 or trained < rule.after or tack_is_open(spec, state):
        return None
    found = prospect(spec, state, it)
    if found is None or found.chance >= rule.below:
        return None
    return sentence(spec, found, it, trained)


def sentence(spec: GoalSpec, found: Prospect, it: IterationState, trained: int) -> str:
    """The finding with its figures."""
    full, count = it.champion_full, len(found.gains)
    best = f"the best has {full.rate:.1%} ({it.champion}), " if full else ""
    share = 1 - math.exp(-sum(found.gains) / count)
    return (
        f"out of reach under its limits: after {trained} trained iterations {best}"
        f"{spec.success.pass_rate:.1%} are asked for, and the last {count} took away "
        f"{share:.1%} of the remaining dev errors each; the {found.left:.0f} iterations that "
        f"{found.limit} still allows would get there with a probability of {shown(found.chance)} "
        f"(limits.futility.below is {spec.limits.futility.below:.1%})"
    )


def shown(chance: float) -> str:
    """A probability; never `0 %`, since nothing here is impossible."""
    return "less than 0.1%" if chance < 0.001 else f"{chance:.1%}"


def trained_iterations(state: State, it: IterationState) -> int:
    """Trained iterations so far; of a forked line only its own, since it goes another way."""
    begun = iteration_number(state.fork.iteration) if state.fork else 0
    return iteration_number(it.key) - begun


def tack_is_open(spec: GoalSpec, state: State) -> bool:
    """Whether the Brain has yet to see what its change of tack brings.

    The planner trains longer on more rows after an iteration without gain; the search, where
    several trials are run, looks elsewhere after a drought.
    """
    trained = [one for one in state.iterations if one.key != BASELINE and dev_of(one)]
    rates = [dev_rate(one) for one in trained]
    flat = [after - before < PLATEAU for before, after in itertools.pairwise(rates)]
    if flat and flat[-1] and not any(flat[:-1][-1:]):
        return True
    if spec.search.trials == 1:
        return False
    drought = since_best([trial for trial in known_trials(state) if not trial.goal])
    return spec.search.trials <= drought < PATIENCE + spec.search.trials
