"""Statistics of pass rates: intervals, the paired test, and how many cases a claim needs.

Pure functions on counts, without scipy: importing it takes half a second. A rate is 0 to 1.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

MAX_CASES = 20_000


@dataclass(frozen=True)
class Interval:
    """Bounds of a rate, each 0 to 1."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the bounds."""
        return (self.high - self.low) / 2


def wilson_interval(passed: int, total: int, confidence: float = 0.95) -> Interval:
    """Two-sided Wilson score interval of `passed` out of `total`; (0, 1) without cases.

    Source: Wilson 1927; recommended for small n by Brown, Cai & DasGupta 2001 ("Interval
    Estimation for a Binomial Proportion"). Raises ValueError for counts that cannot be.
    """
    _check_counts(passed, total)
    return _wilson(passed / total, total, confidence) if total else Interval(0.0, 1.0)


def wilson_half_width(rate: float, total: int, confidence: float = 0.95) -> float:
    """Half width of the Wilson interval around an observed rate over `total` cases."""
    return _wilson(rate, total, confidence).half_width if total else 0.5


def clopper_pearson_lower(passed: int, total: int, confidence: float = 0.95) -> float:
    """One-sided exact lower bound of a pass rate; 0 where nothing passed.

    It is the rate at which `passed` or more successes have probability 1 - `confidence`.
    Source: Clopper & Pearson 1934. Raises ValueError for counts that cannot be.
    """
    _check_counts(passed, total)
    if passed == 0:
        return 0.0
    alpha, low, high = 1 - confidence, 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_least(passed, total, middle) <= alpha else (low, middle)
    return low


def clopper_pearson_interval(passed: int, total: int, confidence: float = 0.95) -> Interval:
    """Two-sided exact interval: each tail holds half of 1 - `confidence`."""
    one_sided = (1 + confidence) / 2
    low = clopper_pearson_lower(passed, total, one_sided)
    return Interval(low, 1 - clopper_pearson_lower(total - passed, total, one_sided))


def passes_needed(total: int, rate: float, confidence: float) -> int | None:
    """Fewest passes of `total` whose Clopper-Pearson lower bound is at least `rate`.

    None where even a full score does not reach it.
    """
    alpha = 1 - confidence
    if total < 1 or at_least(total, total, rate) > alpha:
        return None
    low, high = 0, total
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at_least(middle, total, rate) <= alpha else (middle, high)
    return high


def cases_for_power(
    rate: float, true_rate: float, confidence: float, power: float = 0.8
) -> int | None:
    """Smallest suite on which a model that truly passes `true_rate` proves `rate`.

    "Proves" is a Clopper-Pearson lower bound of at least `rate` at `confidence`, which the
    model reaches with probability `power`. The power is a saw-tooth in the number of cases;
    this is its first tooth that is high enough. None above 20 000 cases, or where
    `true_rate` is not above `rate`. Source: exact binomial power, Chernick & Liu 2002 ("The
    Saw-Toothed Behavior of Power Versus Sample Size").
    """
    if true_rate <= rate:
        return None
    alpha = 1 - confidence
    total = max(1, _normal_cases(rate, min(true_rate, 1.0), confidence, power) // 2)
    needed = passes_needed(total, rate, confidence) or total
    while total <= MAX_CASES:
        while needed <= total and at_least(needed, total, rate) > alpha:
            needed += 1
        if needed <= total and at_least(needed, total, true_rate) >= power:
            return total
        total += 1
    return None


def paired_cases_for_power(
    difference: float, discordant: float = 0.2, confidence: float = 0.95, power: float = 0.8
) -> int:
    """Paired cases on which a `difference` of two pass rates is seen by McNemar's test.

    `discordant` is the share of cases on which the two models disagree. Source: Connor 1987
    ("Sample size for testing differences in proportions for the paired-sample design").
    Raises ValueError unless 0 < difference <= discordant <= 1.
    """
    if not 0 < difference <= discordant <= 1:
        raise ValueError(
            f"expected 0 < difference <= discordant <= 1, found {difference} and {discordant}"
        )
    normal = NormalDist()
    alpha_term = normal.inv_cdf((1 + confidence) / 2) * math.sqrt(discordant)
    power_term = normal.inv_cdf(power) * math.sqrt(discordant - difference**2)
    return math.ceil(((alpha_term + power_term) / difference) ** 2)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p value for two models on the same cases.

    Arguments are the discordant counts: cases that only the first, and only the second model
    passes. Source: McNemar 1947 in its exact binomial form. 1.0 where they never disagree.
    """
    total = only_first + only_second
    _check_counts(only_first, total)
    return min(1.0, 2 * at_least(max(only_first, only_second), total, 0.5)) if total else 1.0


def at_least(passed: int, total: int, rate: float) -> float:
    """Probability of `passed` or more successes in `total` independent cases at `rate`.

    It is the regularised incomplete beta function I_rate(passed, total - passed + 1).
    """
    if passed <= 0:
        return 1.0
    if passed > total or rate <= 0:
        return 0.0
    if rate >= 1:
        return 1.0
    first, second = passed, total - passed + 1
    log_front = (
        math.lgamma(first + second)
        - math.lgamma(first)
        - math.lgamma(second)
        + first * math.log(rate)
        + second * math.log1p(-rate)
    )
    front = math.exp(log_front)
    if rate < (first + 1) / (first + second + 2):
        return front * _beta_fraction(first, second, rate) / first
    return 1 - front * _beta_fraction(second, first, 1 - rate) / second


def _beta_fraction(first: int, second: int, rate: float) -> float:
    """Continued fraction of the incomplete beta function, by Lentz's method.

    Source: DLMF 8.17.22; about sqrt(max(first, second)) terms are needed.
    """
    tiny = 1e-300
    c, d = 1.0, 1 / _away_from_zero(1 - (first + second) * rate / (first + 1), tiny)
    result = d
    for m in range(1, 10_000):
        even = m * (second - m) * rate / ((first + 2 * m - 1) * (first + 2 * m))
        odd = -(first + m) * (first + second + m) * rate
        odd /= (first + 2 * m) * (first + 2 * m + 1)
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d, tiny)
            c = _away_from_zero(1 + term / c, tiny)
            result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return result


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def _wilson(rate: float, total: int, confidence: float) -> Interval:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z**2 / total
    centre = (rate + z**2 / (2 * total)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / total + z**2 / (4 * total**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def _normal_cases(rate: float, true_rate: float, confidence: float, power: float) -> int:
    """Cases by the normal approximation: where the exact search may begin."""
    normal = NormalDist()
    spread = normal.inv_cdf(confidence) * math.sqrt(rate * (1 - rate))
    spread += normal.inv_cdf(power) * math.sqrt(true_rate * (1 - true_rate))
    return min(MAX_CASES, math.ceil((spread / (true_rate - rate)) ** 2))


def _check_counts(passed: int, total: int) -> None:
    if not 0 <= passed <= total:
        raise ValueError(f"expected 0 <= passed <= total, found {passed} of {total}")
