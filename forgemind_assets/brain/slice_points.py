"""One dev result of a slice, and how much of it counts. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALIKE = 0.05
"""Intra-class correlation of a slice's cases in one training: another training on rows as good
moves them together. Measured over four runs of the default goal, whose first trainings differ in
the teacher's rows alone: 0.05 for its slices, 0.07 for its safe ones. Of 7 cases 5.4 count."""


@dataclass(frozen=True)
class Point:
    """What a slice had come to: rows that the model had learned of it, cases passed and asked.

    Attributes:
        base: whether it is the base model's, which was not trained at all.
    """

    rows: float
    passed: float
    total: float
    base: bool = False


def counted(point: Point, design_effect: float) -> tuple[float, float]:
    """Passed and failed cases, by what they count where cases are alike."""
    each = 1 / (1 + (point.total - 1) * ALIKE) / design_effect
    return each * point.passed, each * (point.total - point.passed)
