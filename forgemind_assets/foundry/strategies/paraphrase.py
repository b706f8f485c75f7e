"""Paraphrase: the same example in other words."""

import random
from typing import ClassVar

from forgemind_assets.foundry.strategies.base import Order
from forgemind_assets.foundry.strategies.rewrites import Errand, RewritePrompt, Rewrites
from forgemind_assets.records import Seed


class Paraphrase(Rewrites[RewritePrompt]):
    """Asks for the same thing, expressed otherwise, with the same answer."""

    name: ClassVar[str] = "paraphrase"

    def errand(
        self, order: Order, prompt: RewritePrompt, source: Seed, rng: random.Random
    ) -> Errand:
        """The example itself."""
        return Errand(source, source, {})
