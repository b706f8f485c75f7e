"""Harmful content, by the OpenAI moderation API."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.warden.layers.classified import outcomes_of
from forgemind_assets.warden.verdict import Classifier, Outcome, Passage


@dataclass(frozen=True)
class OpenAIModerated:
    """Asks a model; where it did not judge a text, the layer did not run on it."""

    classifier: Classifier
    name: str = "openai_moderation"
    version: str = "1"

    def judge(self, passages: Sequence[Passage]) -> list[Outcome]:
        """Reasons: `hate`, `harassment`, `violence`, `illicit` and others."""
        return outcomes_of(self.name, self.version, self.classifier, passages)
