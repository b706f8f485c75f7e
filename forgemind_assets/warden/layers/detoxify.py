"""Toxic language, by Detoxify on all of a text."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.warden.layers.classified import outcomes_of
from forgemind_assets.warden.verdict import Classifier, Outcome, Passage


@dataclass(frozen=True)
class Detoxify:
    """Asks a model; where it did not judge a text, the layer did not run on it."""

    classifier: Classifier
    name: str = "detoxify"
    version: str = "1"

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: `toxicity`, `insult`, `threat`, `identity_attack` and others."""
        return outcomes_of(self.name, self.version, self.classifier, passages)
