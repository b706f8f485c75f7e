"""Instruction evolution: an example made harder, longer, or moved to another domain.

The variants are those of the goal's prompt. After Evol-Instruct (Xu et al. 2023, "WizardLM").
"""

import random
from typing import ClassVar

from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.records import Seed


class InstructionEvolution(Rewrites[RewritePrompt]):
    """Asks for a more demanding example with the same answer."""

    name: ClassVar[str] = "instruction_evolution"

    def errand(
        self, order: Order, prompt: RewritePrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """The example itself; the variant says how it grows."""
        return Errand(source, source, {})
