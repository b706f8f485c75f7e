"""Contrast pairs: the smallest change to an example that gives it another label.

After contrast sets (Gardner et al. 2020): the twin stands beside its source in the training
rows, so that what the model learns is the difference and not the surroundings.
"""

import random
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.prompts import Finding, GoalWords
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.records import Record, Seed


class ContrastPrompt(RewritePrompt):
    """`prompts/teacher/contrast_pairs.yaml`; `{{answer}}` is the answer that the twin must have."""

    flips: dict[str, str] = Field(min_length=1, description="slice -> the slice of the twin")

    def problems(self, goal: GoalWords) -> Iterator[Finding]:
        """Also: slices that the goal does not have, and a flip onto itself."""
        yield from super().problems(goal)
        for name, twin in self.flips.items():
            for one in (name, twin):
                if one not in goal.slices:
                    yield ("flips", name), unknown_name("slice", one, sorted(goal.slices))
            if name == twin:
                yield ("flips", name), f"expected another slice, found {twin!r} itself"


class ContrastPairs(Rewrites[ContrastPrompt]):
    """Asks for the twin of an example in the slice that the prompt names."""

    name: ClassVar[str] = "contrast_pairs"
    prompt_type: ClassVar[type[Record] | None] = ContrastPrompt

    def weights(self, order: Order, prompt: ContrastPrompt) -> Mapping[str, float]:
        """A source weighs what the slice of its twin weighs: that is where the row goes."""
        known = {seed.slice for seed in order.seeds}
        flips = {a: b for a, b in prompt.flips.items() if b in known}
        return {name: order.weights.get(twin, 1.0) for name, twin in flips.items()}

    def errand(
        self, order: Order, prompt: ContrastPrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """The twin's answer is that of an example of its slice, of the same family if there is."""
        twins = [seed for seed in order.seeds if seed.slice == prompt.flips[source.slice]]
        near = [seed for seed in twins if seed.family == source.family]
        return Errand(source, rng.choice(near or twins), {})
