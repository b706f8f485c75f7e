"""Whether the label of an attack holds, as the goal's verifiers say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forgemind_assets.foundry.strategies.answers import AnswerShape
from forgemind_assets.foundry.verifiers.base import Claim, Verifier
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.verdict import Verdict
from forgemind_assets.goal import Goal
from forgemind_assets.records import Seed, render_answer

BY_CONSTRUCTION = "by_construction"


@dataclass(frozen=True)
class LabelCheck:
    """The goal's verifiers and the fields of its answers."""

    shape: AnswerShape
    verifiers: Sequence[Verifier] = field(default=())
    programs: ProgramRunner | None = None

    @staticmethod
    def of(
        goal: Goal, seeds: Sequence[Seed] = (), programs: ProgramRunner | None = None
    ) -> "LabelCheck":
        """Those that `goal` names."""
        shape = AnswerShape.of(goal, seeds)
        return LabelCheck(shape, shape.locators, programs)

    def mutant(
        self, before: str, after: str, expected: Mapping[str, Any], moved: Mapping[str, Any]
    ) -> str | None:
        """Why the label holds for `after`, a change of `before` that keeps it; None where not.

        Each verifier must confirm it, or say of the changed text what it said of the case itself: a
        change that turns its word from confirmed into refuted has changed more than it meant to.
        """
        words: list[str] = []
        for verifier in self.verifiers:
            now = self._verdict(verifier, after, moved)
            if not now.keep and now.reason != self._verdict(verifier, before, expected).reason:
                return None
            words.append(now.reason if now.keep else BY_CONSTRUCTION)
        return _told(words)

    def written(self, text: str, expected: Mapping[str, Any], slice_name: str) -> str | None:
        """Why the label of a teacher's text holds; None where a verifier does not confirm it.

        Nothing holds by construction here: without a verifier no such text has a label.
        """
        whole = dict(self.shape.patterns.get(slice_name, {})) | dict(expected)
        words: list[str] = []
        for verifier in self.verifiers:
            verdict = self._verdict(verifier, text, whole)
            if not verdict.keep:
                return None
            words.append(verdict.reason)
        return _told(words) if words else None

    def _verdict(self, verifier: Verifier, text: str, expected: Mapping[str, Any]) -> Verdict:
        label, line = self.shape.label_of(expected), None
        if verifier.needs_label and label is None:
            return Verdict(False, "case_without_label")
        if self.shape.line_key is not None:
            line = expected.get(self.shape.line_key)
        claim = Claim(
            text, render_answer(dict(expected)), label, line if isinstance(line, int) else None
        )
        return verifier.check(claim, self.programs)


def _told(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or BY_CONSTRUCTION
