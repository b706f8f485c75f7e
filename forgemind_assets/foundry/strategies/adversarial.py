"""Adversarial: examples that look like what they are not, where the last champion was fooled."""

import random
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.mistakes import mistakes_by_slice
from forgemind_assets.foundry.strategies.prompts import Text
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.records import Record, Seed


class Tricks(Record):
    """What makes an example misleading: one that has something to find, and one that has not."""

    hide: tuple[Text, ...] = Field(min_length=1)
    lure: tuple[Text, ...] = Field(min_length=1)


class AdversarialPrompt(RewritePrompt):
    """`prompts/teacher/adversarial.yaml`; `{{trick}}` is drawn by the example's label."""

    tricks: Tricks

    def own_slots(self) -> frozenset[str]:
        """The trick."""
        return frozenset({"trick"})


class Adversarial(Rewrites[AdversarialPrompt]):
    """Asks for misleading examples with the same answer.

    Slices in which the champion misses or raises false alarms on dev are asked for as often as
    it does; all alike while nothing is known. Wrong answers that cannot be read fool nobody and
    do not count.
    """

    name: ClassVar[str] = "adversarial"
    prompt_type: ClassVar[type[Record] | None] = AdversarialPrompt

    def weights(self, order: Order, prompt: AdversarialPrompt) -> Mapping[str, float]:
        """The plan's weight, times the share of dev cases that fooled the champion."""
        even = super().weights(order, prompt)
        fooled = {
            name: sum(m.count / m.cases for m in found if m.kind != "other")
            for name, found in mistakes_by_slice(order.mistakes).items()
        }
        if not any(fooled.values()):
            return even
        return {name: weight * fooled.get(name, 0.0) for name, weight in even.items()}

    def errand(
        self, order: Order, prompt: AdversarialPrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """A trick that hides something, or one that lures where there is nothing."""
        shape = AnswerShape.of(order.goal)
        harmless = shape.label_of(source.expected) == shape.harmless
        tricks = prompt.tricks.lure if harmless else prompt.tricks.hide
        return Errand(source, source, {"trick": rng.choice(tricks)})
