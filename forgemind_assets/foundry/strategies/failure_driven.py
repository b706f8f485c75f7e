"""Failure-driven: more of what the trial that leads on dev gets wrong there.

A teacher is told the slice and the kind of mistake. It never sees a case of any suite: what it
rewrites is a hand-written example of the slice.
"""

import random
from collections.abc import Iterator, Mapping
from typing import ClassVar

from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.mistakes import mistakes_by_slice
from forgemind_assets.foundry.strategies.prompts import SLOT, Finding, GoalWords, Text, filled
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.records import Record, Seed


class MistakeWords(Record):
    """How each kind of mistake is told; `{{said}}` is the wrong label."""

    missed: Text
    false_alarm: Text
    confused: Text
    other: Text


class FailurePrompt(RewritePrompt):
    """`prompts/teacher/failure_driven.yaml`; `{{mistake}}` tells what went wrong."""

    mistakes: MistakeWords

    def own_slots(self) -> frozenset[str]:
        """What went wrong."""
        return frozenset({"mistake"})

    def needed(self) -> frozenset[str]:
        """It must be said."""
        return super().needed() | self.own_slots()

    def problems(self, goal: GoalWords) -> Iterator[Finding]:
        """Also: placeholders in the words of a mistake, which know the wrong label only."""
        yield from super().problems(goal)
        for kind, words in self.mistakes.model_dump().items():
            for slot in SLOT.findall(words):
                if slot != "said":
                    yield ("mistakes", kind), unknown_name("placeholder", slot, ["said"])


class FailureDriven(Rewrites[FailurePrompt]):
    """Asks for examples of the slices and kinds in which the one that leads on dev fails.

    Asks nothing while no mistake is known: before a first model was tested on dev.
    """

    name: ClassVar[str] = "failure_driven"
    prompt_type: ClassVar[type[Record] | None] = FailurePrompt

    def weights(self, order: Order, prompt: FailurePrompt) -> Mapping[str, float]:
        """The plan's weight times the slice's share of wrong answers on dev."""
        return {
            name: order.weights.get(name, 1.0) * sum(m.count / m.cases for m in found)
            for name, found in mistakes_by_slice(order.mistakes).items()
        }

    def errand(
        self, order: Order, prompt: FailurePrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """A mistake of the slice is drawn as often as it was made."""
        found = mistakes_by_slice(order.mistakes)[source.slice]
        made = rng.choices(found, [one.count for one in found])[0]
        told = filled(getattr(prompt.mistakes, made.kind), {"said": made.said})
        return Errand(source, source, {"mistake": told})
