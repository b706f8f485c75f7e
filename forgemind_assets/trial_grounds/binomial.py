"""Binomial and t probabilities without scipy, whose import takes half a second."""

import math


def at_least(passed: float, total: float, rate: float) -> float:
    """Probability of `passed` or more successes in `total` independent cases at `rate`.

    Counts may be fractions, as the effective counts of a suite with families are.
    """
    if passed <= 0:
        return 1.0
    if passed > total or rate <= 0:
        return 0.0
    if rate >= 1:
        return 1.0
    return incomplete_beta(passed, total - passed + 1, rate)


def student_quantile(probability: float, freedom: int) -> float:
    """The value that Student's t with `freedom` degrees is below with `probability` above 0.5."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        x = freedom / (freedom + middle**2)
        above = incomplete_beta(freedom / 2, 0.5, x) / 2
        low, high = (middle, high) if above > 1 - probability else (low, middle)
    return low


def incomplete_beta(first: float, second: float, x: float) -> float:
    """The regularised incomplete beta function I_x(first, second), for 0 < x <= 1."""
    if x >= 1:
        return 1.0
    log_front = (
        math.lgamma(first + second)
        - math.lgamma(first)
        - math.lgamma(second)
        + first * math.log(x)
        + second * math.log1p(-x)
    )
    front = math.exp(log_front)
    if x < (first + 1) / (first + second + 2):
        return front * _beta_fraction(first, second, x) / first
    return 1 - front * _beta_fraction(second, first, 1 - x) / second


def _beta_fraction(first: float, second: float, x: float) -> float:
    """Continued fraction of the incomplete beta function, by Lentz's method.

    Source: DLMF 8.17.22; about sqrt(max(first, second)) terms are needed.
    """
    tiny = 1e-300
    c, d = 1.0, 1 / _away_from_zero(1 - (first + second) * x / (first + 1), tiny)
    result = d
    for m in range(1, 10_000):
        even = m * (second - m) * x / ((first + 2 * m - 1) * (first + 2 * m))
        odd = -(first + m) * (first + second + m) * x
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
