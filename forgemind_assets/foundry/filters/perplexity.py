"""Drops rows that surprise the base model far more, or far less, than the others do."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.filters.base import Perplexity
from forgemind_assets.records import Row

# 0.6745: a normal distribution's median absolute deviation in standard deviations.
NORMAL = 0.6745


@dataclass
class PerplexityOutliers:
    """Keeps rows whose mean log-probability lies within so many deviations of the median.

    The modified z-score, by median and median absolute deviation, which outliers do not move;
    3.5 is the limit of Iglewicz and Hoaglin (1993, "How to Detect and Handle Outliers").

    Attributes:
        model: the base model; None where there is none, and nothing is judged then.
        max_deviations: largest modified z-score that is kept.
        min_rows: with fewer rows a median says too little, and all are kept.
        note: why nothing was judged.
    """

    model: Perplexity | None
    max_deviations: float = 3.5
    min_rows: int = 20
    note: str = ""
    name: str = "perplexity"

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`too_surprising`, `too_predictable`."""
        kept: list[str | None] = [None] * len(rows)
        self.note = ""
        if self.model is None:
            self.note = "not run: no base model was given"
        elif len(rows) < self.min_rows:
            self.note = f"not run: {len(rows)} rows are fewer than {self.min_rows}"
        if self.note or self.model is None:
            return kept
        try:
            values = list(self.model.log_probabilities([row.input for row in rows]))
        except NotAvailable as error:
            self.note = f"not run: {error}"
            return kept
        middle = median(values)
        spread = median(abs(value - middle) for value in values) / NORMAL
        return [self._one((value - middle) / spread) if spread else None for value in values]

    def _one(self, score: float) -> str | None:
        if abs(score) <= self.max_deviations:
            return None
        return "too_surprising" if score < 0 else "too_predictable"
