"""The answers that a goal's rows teach: which field holds what, and where a label's line is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forgemind_assets.foundry.verifiers.base import Verifier
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal
from forgemind_assets.records import Seed


@dataclass(frozen=True)
class AnswerShape:
    """Names of the fields of an answer, and the label of harmless inputs.

    Attributes:
        label_key, line_key, fix_key: None where the goal's answers have no such field.
        harmless: the first of the goal's labels.
        patterns: slice -> the answer of one of its seeds: the order of the keys, and what else
            all answers of the slice say.
        locators: find the line of a label.
    """

    label_key: str | None
    line_key: str | None
    fix_key: str | None
    harmless: str
    patterns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    locators: tuple[Verifier, ...] = ()

    @staticmethod
    def of(goal: Goal, seeds: Sequence[Seed] = ()) -> "AnswerShape":
        """As the goal's grader options and verifiers say."""
        options = goal.spec.task.grader_options
        keys = (options.get(name) for name in ("label_key", "line_key", "fix_key"))
        label, line, fix = (key if isinstance(key, str) else None for key in keys)
        return AnswerShape(
            label,
            line,
            fix,
            goal.spec.task.labels[0] if goal.spec.task.labels else "none",
            {seed.slice: seed.expected for seed in seeds},
            tuple(
                VERIFIERS[use.name].model_validate(use.options)
                for use in goal.spec.filters.verifiers
            ),
        )

    def answer(
        self, slice_name: str, label: str, line: int | None, fix: str | None
    ) -> dict[str, Any]:
        """The expected answer of a slice."""
        said = {self.label_key: label, self.line_key: line, self.fix_key: fix}
        named = {key: value for key, value in said.items() if key is not None}
        return dict(self.patterns.get(slice_name, {})) | named

    def label_of(self, expected: Mapping[str, Any]) -> str | None:
        """The label in an answer; None where the goal has none."""
        label = expected.get(self.label_key) if self.label_key else None
        return label if isinstance(label, str) else None

    def line_of(self, text: str, label: str) -> int | None:
        """The first line at which a verifier finds the label; None where none does."""
        for locator in self.locators:
            for found, line in locator.locate(text, label):
                if found == label:
                    return line
        return None

    def placed(self, expected: Mapping[str, Any], text: str, source: Seed) -> dict[str, Any]:
        """The answer with its line moved to where it is in `text`.

        Without a verifier that finds it, the line is the one that reads as it did in `source`.
        None where neither tells; the filters decide then.
        """
        answer, key = dict(expected), self.line_key
        label = self.label_of(expected)
        if key is not None and answer.get(key) is not None:
            found = self.line_of(text, label) if label is not None else None
            answer[key] = found or _same_line(source, key, text)
        return answer


def _same_line(source: Seed, line_key: str, text: str) -> int | None:
    number, lines = source.expected.get(line_key), source.input.splitlines()
    if not isinstance(number, int) or not 0 < number <= len(lines):
        return None
    wanted = lines[number - 1].strip()
    places = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == wanted]
    return places[0] if len(places) == 1 else None
