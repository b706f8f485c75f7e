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
from forgemind_assets.foundry.filters.safety import Safety
from forgemind_assets.foundry.filters.source_terms import SourceTerms
from forgemind_assets.foundry.filters.suite_texts import open_decontaminator
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.verdict import Classifier


def _option(goal: Goal, name: str) -> str | None:
    value = goal.spec.task.grader_options.get(name)
    return value if isinstance(value, str) else None


def _is_python(goal: Goal) -> bool:
    return any(VERIFIERS[name].language == "python" for name in goal.spec.filters.verifiers)


def _parse(goal: Goal) -> Sequence[Filter]:
    return [Parse()] if _is_python(goal) else []


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


def _safety(goal: Goal, models: Mapping[str, Classifier]) -> Sequence[Filter]:
    return [Safety(effective_policy(goal.spec.policy), models, _is_python(goal))]


def _terms(goal: Goal) -> Sequence[Filter]:
    return [SourceTerms(effective_policy(goal.spec.policy).training)]


# Each is built from the goal; the safety layers also take the models that they need.
FILTERS: Mapping[str, Callable[[Goal, Mapping[str, Classifier]], Sequence[Filter]]] = {
    "source_terms": lambda goal, models: _terms(goal),
    "parse": lambda goal, models: _parse(goal),
    "answer_format": lambda goal, models: _answer_format(goal),
    "length": lambda goal, models: [
        Length(goal.spec.filters.min_input_chars, goal.spec.filters.max_input_chars)
    ],
    "safety": _safety,
    "verified_label": lambda goal, models: _verified_label(goal),
    "exact_duplicates": lambda goal, models: [ExactDuplicates()],
    "near_duplicates": lambda goal, models: [
        NearDuplicates(goal.spec.filters.near_duplicate_jaccard)
    ],
    "decontamination": lambda goal, models: [Decontamination(open_decontaminator(goal))],
    "class_balance": lambda goal, models: _class_balance(goal),
}
