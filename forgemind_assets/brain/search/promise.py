"""What the trials near a configuration say of it."""

import math
from collections.abc import Sequence

from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.sampler import ranks_in_goal
from forgemind_assets.brain.search.space import Space, Values

KERNEL = 0.7
"""Spreads of the belief over which a trial speaks for its neighbours."""

UNTRIED, UNTRIED_WEIGHT = 0.7, 0.5
"""What is expected where nothing was tried, in trials that rank so high: better than most."""

BONUS = 0.3
"""How much not knowing adds."""


class Promise:
    """A mean of the trials' ranks, the near ones counting most, and a bonus for what is unknown.

    Source: the kernel mean of Nadaraya and Watson (1964), with an upper confidence term as in
    Valko et al. 2013, "Finite-Time Analysis of Kernelised Contextual Bandits". The constants were
    chosen on simulated tables (`tests/bench/simulated_table.py`).
    """

    def __init__(self, space: Space, own: Sequence[PastTrial]) -> None:
        self._space, count = space, len(own)
        # One trial alone ranks in the middle, not first.
        ranks = [(rank or 0.0) * count / (count + 1) for rank in ranks_in_goal(own)]
        self._known = [(t.values, rank) for t, rank in zip(own, ranks, strict=True)]

    def of(self, values: Values) -> float:
        """Higher is better; about 0 to 1."""
        total, weight = UNTRIED * UNTRIED_WEIGHT, UNTRIED_WEIGHT
        for tried, rank in self._known:
            near = math.exp(-0.5 * (self._space.distance(values, tried) / KERNEL) ** 2)
            total, weight = total + near * rank, weight + near
        return total / weight + BONUS * math.sqrt(UNTRIED_WEIGHT / weight)
