"""Drops rows whose label other models do not agree with, where no verifier has a word on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from forgemind_assets.foundry.filters.answers import label_of
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.judging.decision import Word, decide
from forgemind_assets.foundry.judging.panel import Judgement, Panel
from forgemind_assets.records import Row


@dataclass
class JudgedLabel:
    """Asks the panel about the rows that teachers wrote and no verifier speaks for or against.

    Attributes:
        panel: the judges.
        verified: the stages that have checked the labels before; they know their verdicts.
        note: that no judge is in use, after `judge`.
    """

    panel: Panel
    verified: Sequence[VerifiedLabel] = ()
    note: str = ""
    name: str = "judged_label"
    pays: ClassVar[bool] = True

    def judge(self, rows: Sequence[Row]) -> list[str | None]:
        """`judges_disagree`, `quarantined_judges_split`, or a verifier's own objection."""
        words = [word_on(row, self.verified) for row in rows]
        asked = {
            row.row_id: (row, label)
            for row, (word, _) in zip(rows, words, strict=True)
            if word == "silent"
            and row.teacher is not None
            and (label := label_of(row, self.panel.label_key)) is not None
        }
        votes = self.panel.judge(asked) if asked else {}
        if asked and not any(one.used for one in self.panel.standings().values()):
            self.note = "did not run: no judge is known to be better than chance"
        return [
            self._decided(word, objection, votes.get(row.row_id, []))
            for row, (word, objection) in zip(rows, words, strict=True)
        ]

    def _decided(self, word: Word, objection: str | None, votes: Sequence[Judgement]) -> str | None:
        trusted = any(one.agrees and self.panel.is_trusted(one.judge) for one in votes)
        return decide(word, objection, [one.agrees for one in votes], trusted=trusted)


def word_on(row: Row, verified: Sequence[VerifiedLabel]) -> tuple[Word, str | None]:
    """What the verifiers together say of a row's label, and the reason of one that objects.

    One that looked for the label in vain outweighs another that agrees: without judges it would
    drop the row.
    """
    verdicts = [
        verdict
        for stage in verified
        if not stage.verifier.of_form and (verdict := stage.verdict(row)) is not None
    ]
    refuted = [one.reason for one in verdicts if not one.keep and not one.silent]
    in_vain = [one.reason for one in verdicts if not one.keep and one.silent]
    if refuted:
        return "refutes", refuted[0]
    if in_vain:
        return "silent", in_vain[0]
    agreed = any(one.keep and not one.silent for one in verdicts)
    return ("agrees" if agreed else "silent"), None
