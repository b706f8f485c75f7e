"""Trainings to race, for `racing.py`: of a simulated world, and of a table of real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from forgemind_assets.trial_grounds.racing import RUNGS

CASES, CANARY = 144, 28
"""As many as the default goal's dev suite has."""


@dataclass(frozen=True)
class Trial:
    """One training with what it would show at each rung, and on each case in the end."""

    rungs: dict[float, float]
    right: np.ndarray
    steps: int = 100
    failed_at: float | None = None


class World:
    """Simulated trainings: strength, a loss that goes with it, and answers to shared cases.

    A strength of one standard deviation is `spread` points of pass rate. The final loss follows
    strength with the given correlation, and part of what a loss has still to fall at a rung is the
    trial's own (a high learning rate falls late), so curves cross.
    """

    def __init__(self, rng: np.random.Generator, spread: float, correlation: float = 0.9):
        self.rng, self.spread, self.correlation = rng, spread, correlation

    def field(self, size: int) -> list[Trial]:
        """As many trials as asked for, one in twenty of which diverges."""
        difficulty = self.rng.standard_normal(CASES)
        return [self._trial(difficulty) for _ in range(size)]

    def _trial(self, difficulty: np.ndarray) -> Trial:
        strength = self.rng.standard_normal()
        rate = float(np.clip(0.55 + self.spread * strength, 0.02, 0.98))
        seen = self.correlation * strength
        seen += (1 - self.correlation**2) ** 0.5 * self.rng.standard_normal()
        final = np.log(0.5) - 2 * self.spread * seen
        late = float(np.exp(self.rng.normal(0.0, 0.25)))
        rungs = {share: float(np.exp(final + 0.8 * late * (1 - share))) for share in RUNGS}
        failed = float(self.rng.uniform(0.05, 0.6)) if self.rng.random() < 0.05 else None
        return Trial(rungs, answers(self.rng, difficulty, rate), failed_at=failed)


def answers(rng: np.random.Generator, difficulty: np.ndarray, rate: float) -> np.ndarray:
    """Verdicts of a model on cases whose difficulty all models share in part."""
    own = rng.standard_normal(len(difficulty))
    return 0.7 * difficulty + 0.7 * own + NormalDist().inv_cdf(rate) * 0.99 > 0


class Table:
    """Real trainings, drawn from the table without replacement."""

    def __init__(self, rows: Sequence[dict], rng: np.random.Generator):
        self.rng, self.rows = rng, rows
        known = [len(row["right"]) for row in self.rows if row.get("right")]
        self.cases = known[0] if known else CASES

    def field(self, size: int) -> list[Trial]:
        """As many different trainings as asked for, one of which at least came to its end."""
        while True:
            chosen = self.rng.choice(len(self.rows), size, replace=False)
            rows = [self.rows[place] for place in chosen]
            if any(not row["failure"] for row in rows):
                difficulty = self.rng.standard_normal(self.cases)
                return [self._trial(row, difficulty) for row in rows]

    def _trial(self, row: dict, difficulty: np.ndarray) -> Trial:
        rungs = dict(zip(row["shares"], row["losses"], strict=True))
        shown = {share: rungs.get(share, float("inf")) for share in RUNGS}
        if row["failure"]:
            last = max(rungs, default=0.0)
            steps = round(max(row["steps"], default=100) / max(last, 0.125))
            broke = max(last, min(RUNGS) / 2)  # it got no further than the last share noted
            return Trial(shown, np.zeros(self.cases, bool), steps, failed_at=broke)
        if row.get("right"):
            return Trial(shown, np.array(row["right"], bool), row["steps"][-1])
        rate = float(np.clip(row["pass_rates"][-1], 0.01, 0.99))
        return Trial(shown, answers(self.rng, difficulty, rate), row["steps"][-1])
