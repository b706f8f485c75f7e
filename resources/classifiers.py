"""The models behind the safety layers, opened for one goal and iteration; a missing one says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forgemind_assets.errors import ForgeMindError, NotAvailable
from forgemind_assets.goal import Goal
from forgemind_assets.warden.verdict import Classifier, NotRun
from resources.moderation import Judgement, NotJudged, open_moderation
from resources.moderation_chat import open_chat_moderation
from resources.toxicity import open_toxicity
from resources.workshop import Workshop

Scores = Callable[[Sequence[str]], Sequence[Judgement]]


@dataclass
class Lazily:
    """A classifier that is opened with its first text. What cannot be opened judges nothing."""

    layer: str
    open: Callable[[], Scores]
    _scores: Scores | NotRun | None = None

    def scores(self, texts: Sequence[str]) -> Sequence[Mapping[str, float] | NotRun]:
        """As the model says; NotRun for all where it is not available."""
        try:
            self._scores = self._scores or self.open()
            if isinstance(self._scores, NotRun):
                return [self._scores] * len(texts)
            return [self._told(one) for one in self._scores(texts)]
        except NotAvailable as error:
            self._scores = NotRun(self.layer, "1", error.reason, str(error))
        except ForgeMindError as error:
            self._scores = NotRun(self.layer, "1", "failed", str(error))
        return [self._scores] * len(texts)

    def _told(self, one: Judgement) -> Mapping[str, float] | NotRun:
        return (
            NotRun(self.layer, "1", one.reason, one.detail) if isinstance(one, NotJudged) else one
        )


def open_classifiers(goal: Goal, workshop: Workshop, iteration: str) -> dict[str, Classifier]:
    """By layer; the chat model is the goal's embedded teacher, or its first."""

    def detoxify() -> Scores:
        return open_toxicity(workshop.models).scores

    def api() -> Scores:
        return open_moderation(workshop.ledger(), goal.name, iteration).scores

    def chat() -> Scores:
        teachers = sorted(goal.spec.teachers, key=lambda t: t.kind != "embedded")
        if not teachers:
            raise NotAvailable("no_teacher", f"{goal.name} names no teacher that could judge")
        ledger = workshop.ledger()
        judge = open_chat_moderation(
            teachers[0], workshop.home, ledger, workshop.models, goal, iteration
        )
        return judge.scores

    return {
        "detoxify": Lazily("detoxify", detoxify),
        "openai_moderation": Lazily("openai_moderation", api),
        "model_moderation": Lazily("model_moderation", chat),
    }
