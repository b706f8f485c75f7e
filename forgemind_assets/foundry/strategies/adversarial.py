"""Adversarial: examples that look like what they are not, where the leader on dev was fooled."""

import random
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.mistakes import mistakes_by_slice
from forgemind_assets.foundry.strategies.prompts import Finding, GoalWords, Text
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.records import Record, Seed
from forgemind_assets.trial_grounds.attack.python_kinds import PYTHON
from forgemind_assets.trial_grounds.attack.text_kinds import TEXT

SHARE_OF_KNOWN = 0.5
"""The rest uses the tricks of the prompt: what fooled one champion is not all that can."""


class Tricks(Record):
    """What makes an example misleading: one that has something to find, and one that has not."""

    hide: tuple[Text, ...] = Field(min_length=1)
    lure: tuple[Text, ...] = Field(min_length=1)


class AdversarialPrompt(RewritePrompt):
    """`prompts/teacher/adversarial.yaml`; `{{trick}}` is drawn by the example's label.

    `attacks` words, as a trick, the kinds of mutation of an attack on the one that leads on dev.
    """

    tricks: Tricks
    attacks: dict[str, Text] = Field(default_factory=dict)

    def own_slots(self) -> frozenset[str]:
        """The trick."""
        return frozenset({"trick"})

    def problems(self, goal: GoalWords) -> Iterator[Finding]:
        """Also: words for a kind of mutation that there is not."""
        yield from super().problems(goal)
        for name in self.attacks:
            if name not in {*PYTHON, *TEXT}:
                yield ("attacks", name), unknown_name("kind", name, sorted({*PYTHON, *TEXT}))


class Adversarial(Rewrites[AdversarialPrompt]):
    """Asks for misleading examples with the same answer.

    Slices in which an attack fooled the leader, or without an attack those in which it misses or
    raises false alarms on dev, are asked for as often as it does; all alike while nothing is known.
    Half of the requests for a slice use the kinds of mutation that fooled it there, where the
    prompt has words for them. Wrong answers that cannot be read fool nobody and do not count.
    """

    name: ClassVar[str] = "adversarial"
    prompt_type: ClassVar[type[Record] | None] = AdversarialPrompt

    def weights(self, order: Order, prompt: AdversarialPrompt) -> Mapping[str, float]:
        """The plan's weight, times the share of attacks, or of dev cases, that fooled it."""
        even = super().weights(order, prompt)
        for attacks in (True, False):
            fooled = {
                name: sum(m.count / m.cases for m in found if m.kind != "other")
                for name, found in mistakes_by_slice(order.mistakes, attacks=attacks).items()
            }
            if any(fooled.values()):
                return {name: weight * fooled.get(name, 0.0) for name, weight in even.items()}
        return even

    def errand(
        self, order: Order, prompt: AdversarialPrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """A trick that hides something, or one that lures where there is nothing."""
        shape = AnswerShape.of(order.goal)
        harmless = shape.label_of(source.expected) == shape.harmless
        tricks = prompt.tricks.lure if harmless else prompt.tricks.hide
        trick = rng.choice(tricks)
        known = [
            mistake
            for mistake in mistakes_by_slice(order.mistakes, attacks=True).get(source.slice, ())
            if mistake.attack in prompt.attacks and mistake.kind != "other"
        ]
        if known and rng.random() < SHARE_OF_KNOWN:
            worked = rng.choices(known, [one.count for one in known])[0]
            trick = prompt.attacks[worked.attack]
        return Errand(source, source, {"trick": trick})
