"""The filters by name, in the order in which rows walk through them."""

from collections.abc import Callable, Mapping, Sequence

from forgemind_assets.foundry.filters.answer_format import AnswerFormat
from forgemind_assets.foundry.filters.base import Filter
from forgemind_assets.foundry.filters.class_balance import ClassBalance
from forgemind_assets.foundry.filters.decontamination import Decontamination
from forgemind_assets.foundry.filters.exact_duplicates import ExactDuplicates
from forgemind_assets.foundry.filters.length import Length
from forgemind_assets.foundry.filters.near_duplicates import NearDuplicates
from forgemind_assets.foundry.filters.parse import Parse
from forgemind_assets.foundry.filters.suite_texts import open_decontaminator
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal


def _option(goal: Goal, name: str) -> str | None:
    value = goal.spec.task.grader_options.get(name)
    return value if isinstance(value, str) else None


def _parse(goal: Goal) -> Sequence[Filter]:
    python = any(VERIFIERS[name].language == "python" for name in goal.spec.filters.verifiers)
    return [Parse()] if python else []


def _answer_format(goal: Goal) -> Sequence[Filter]:
    task = goal.spec.task
    label, line = _option(goal, "label_key"), _option(goal, "line_key")
    return [AnswerFormat(task.answer_schema, task.labels, label, line)]


def _verified_label(goal: Goal) -> Sequence[Filter]:
    label, line = _option(goal, "label_key"), _option(goal, "line_key")
    names = goal.spec.filters.verifiers
    if not names or label is None:
        return []
    return [VerifiedLabel(VERIFIERS[name](), label, line or "line") for name in names]


def _class_balance(goal: Goal) -> Sequence[Filter]:
    label = _option(goal, "label_key")
    if label is None or len(goal.spec.task.labels) < 2:
        return []
    return [ClassBalance(goal.spec.filters.max_class_share, label)]


FILTERS: Mapping[str, Callable[[Goal], Sequence[Filter]]] = {
    "parse": _parse,
    "answer_format": _answer_format,
    "length": lambda goal: [
        Length(goal.spec.filters.min_input_chars, goal.spec.filters.max_input_chars)
    ],
    "verified_label": _verified_label,
    "exact_duplicates": lambda goal: [ExactDuplicates()],
    "near_duplicates": lambda goal: [NearDuplicates(goal.spec.filters.near_duplicate_jaccard)],
    "decontamination": lambda goal: [Decontamination(open_decontaminator(goal))],
    "class_balance": _class_balance,
}
