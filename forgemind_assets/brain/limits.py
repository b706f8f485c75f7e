"""What the limits of a goal still allow, in whole iterations. Pure."""

import math
from dataclasses import dataclass

from forgemind_assets.brain.state import IterationState, State
from forgemind_assets.goal import GoalSpec
from forgemind_assets.partitions import BASELINE, iteration_number


@dataclass(frozen=True)
class Limit:
    """One limit of the loop.

    `each` is what the newest iteration took of it, and so the next one probably; `cheapest` is the
    least that one of the newest iterations took.
    """

    key: str
    unit: str
    used: float
    limit: float
    each: float
    cheapest: float

    @property
    def binds(self) -> bool:
        """Whether another iteration like the newest would not fit."""
        return self.used + self.each > self.limit

    @property
    def most_left(self) -> float:
        """How many iterations may fit at most: as many as cheap ones would."""
        return self._fitting(self.cheapest)

    @property
    def left(self) -> float:
        """How many iterations like the newest fit; without end where they take nothing of it."""
        return 0.0 if self.binds else max(1.0, self._fitting(self.each))

    def _fitting(self, each: float) -> float:
        room = self.limit - self.used
        if each <= 0:
            return math.inf if room >= 0 else 0.0
        return max(0.0, math.floor(room / each + 1e-9))


def limits_of(spec: GoalSpec, state: State, it: IterationState) -> tuple[Limit, ...]:
    """The limits that can end the loop, after iteration `it`."""
    limits, done = spec.limits, float(iteration_number(it.key))
    recent = [one for one in state.iterations if one.key != BASELINE and one.hours > 0] or [it]
    found = [
        Limit("limits.max_iterations", "iterations", done, float(limits.max_iterations), 1, 1),
        Limit(
            "limits.hours", "h", state.hours_used, limits.hours,
            it.hours, min(one.hours for one in recent),
        ),
    ]  # fmt: skip
    if any(teacher.kind == "openai" for teacher in spec.teachers):
        found.append(
            Limit(
                "limits.api_dollars_per_goal", "$", state.api_dollars, limits.api_dollars_per_goal,
                it.api_dollars, min(one.api_dollars for one in recent),
            )
        )  # fmt: skip
    return tuple(found)


def tightest(found: tuple[Limit, ...]) -> Limit:
    """The limit that leaves the fewest iterations; the first of equals."""
    return min(found, key=lambda one: one.left)
