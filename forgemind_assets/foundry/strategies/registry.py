"""The strategies by name."""

from collections.abc import Mapping

from forgemind_assets.foundry.strategies.base import Strategy
from forgemind_assets.foundry.strategies.seed_expansion import SeedExpansion
from forgemind_assets.foundry.strategies.teacher_pairs import TeacherPairs

STRATEGIES: Mapping[str, type[Strategy]] = {
    "seed_expansion": SeedExpansion,
    "teacher_pairs": TeacherPairs,
}
