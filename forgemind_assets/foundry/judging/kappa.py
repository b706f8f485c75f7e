"""Cohen's kappa: how far two raters agree beyond chance, with an interval.

Kappa is that of Cohen (1960), "A coefficient of agreement for nominal scales". Its standard error
is the large-sample one of Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72, 323-327,
written as a sum over items of how much each moves kappa (the delta method). Items of one family
are alike: their parts are added up before they are squared, as Yang and Zhou (2014), Statistics in
Medicine 33, 2612-2633, do for clusters. With one item a family it is the error of 1969, but for
the factor families / (families - 1). The interval takes Student's t, because families are few.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from pydantic import Field

from forgemind_assets.records import Record
from forgemind_assets.trial_grounds.binomial import student_quantile

CONFIDENCE = 0.95


class Kappa(Record):
    """Agreement of two raters.

    `value` is 1 where they always agree, 0 where they agree as often as chance has it, below 0
    where less. None: chance alone would make them agree always, or there is nothing to compare.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    items: int = 0
    families: int = 0
    confidence: float = Field(default=CONFIDENCE, description="of the two-sided interval")

    @property
    def told(self) -> str:
        """`0.43 (0.21 to 0.65), 40 items`; a dash where it is not known."""
        if self.value is None:
            return "-" if not self.items else f"undefined, {self.items} items"
        if self.low is None or self.high is None:
            return f"{self.value:.2f}, {self.items} items"
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f}), {self.items} items"


def kappa_of(
    pairs: Sequence[tuple[str, str]], families: Sequence[str], confidence: float = CONFIDENCE
) -> Kappa:
    """Kappa of the raters whose words on each item are a pair.

    Args:
        pairs: what the first and what the second rater says of an item.
        families: the family of each item.
        confidence: of the two-sided interval; there is none for fewer than two families.
    """
    count, groups = len(pairs), len(set(families))
    empty = Kappa(items=count, families=groups, confidence=confidence)
    first, second = (_shares([pair[side] for pair in pairs]) for side in (0, 1))
    chance = sum(share * second.get(name, 0.0) for name, share in first.items())
    # shares are sums of fractions: what is 1 but for the last digit is 1
    if not count or chance > 1 - 1e-12:
        return empty
    observed = sum(a == b for a, b in pairs) / count
    value = (observed - chance) / (1 - chance)
    found = empty.model_copy(update={"value": value})
    if groups < 2:
        return found
    moved = defaultdict[str, float](float)
    for (a, b), family in zip(pairs, families, strict=True):
        by_chance = second.get(a, 0.0) + first.get(b, 0.0) - 2 * chance
        moved[family] += (a == b) - observed - (1 - value) * by_chance
    squares = sum(part**2 for part in moved.values()) * groups / (groups - 1)
    reach = _quantile(confidence, groups - 1) * squares**0.5 / (count * (1 - chance))
    return found.model_copy(
        update={"low": max(-1.0, value - reach), "high": min(1.0, value + reach)}
    )


def _shares(names: Sequence[str]) -> dict[str, float]:
    return {name: count / len(names) for name, count in Counter(names).items()}


@lru_cache(maxsize=1024)
def _quantile(confidence: float, freedom: int) -> float:
    return student_quantile((1 + confidence) / 2, freedom)
