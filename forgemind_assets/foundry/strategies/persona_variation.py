"""Persona and domain variation: the example as somebody else would have written it elsewhere.

After Persona Hub (Ge et al. 2024): who writes and for what brings more variety than rewording.
"""

import random
from typing import Annotated, ClassVar

from pydantic import Field

from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.prompts import Text
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.records import Record, Seed

Choices = Annotated[tuple[Text, ...], Field(min_length=1)]


class PersonaPrompt(RewritePrompt):
    """`prompts/teacher/persona_variation.yaml`."""

    personas: Choices
    domains: Choices

    def own_slots(self) -> frozenset[str]:
        """Who writes, and for what."""
        return frozenset({"persona", "domain"})

    def needed(self) -> frozenset[str]:
        """Both must be said."""
        return super().needed() | self.own_slots()


class PersonaVariation(Rewrites[PersonaPrompt]):
    """Asks for the example as a drawn persona would write it in a drawn domain."""

    name: ClassVar[str] = "persona_variation"
    prompt_type: ClassVar[type[Record] | None] = PersonaPrompt

    def errand(
        self, order: Order, prompt: PersonaPrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """The example itself, with who writes and for what."""
        words = {"persona": rng.choice(prompt.personas), "domain": rng.choice(prompt.domains)}
        return Errand(source, source, words)
