"""The filters by name, in the order in which rows walk through them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.filters.answer_format import AnswerFormat
from forgemind_assets.foundry.filters.base import Filter
from forgemind_assets.foundry.filters.class_balance import ClassBalance
from forgemind_assets.foundry.filters.decontamination import Decontamination
from forgemind_assets.foundry.filters.exact_duplicates import ExactDuplicates
from forgemind_assets.foundry.filters.length import Length
from forgemind_assets.foundry.filters.near_duplicates import NearDuplicates
from forgemind_assets.foundry.filters.parse import Parse
from forgemind_assets.foundry.filters.safety import Safety
from forgemind_assets.foundry.filters.suite_texts import open_decontaminator
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.verifiers.programs import ProgramRunner
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal
from forgemind_assets.warden.policy_files import effective_policy
from forgemind_assets.warden.verdict import Classifier


@dataclass(frozen=True)
class Tools:
    """What some filters need from outside.

    Attributes:
        classifiers: models of the safety layers that have one.
        programs: what runs a hostile program; None where nothing does.
    """

    classifiers: Mapping[str, Classifier] = field(default_factory=dict)
    programs: ProgramRunner | None = None


def _option(goal: Goal, name: str) -> str | None:
    value = goal.spec.task.grader_options.get(name)
    return value if isinstance(value, str) else None


def _is_python(goal: Goal) -> bool:
    return any(VERIFIERS[use.name].language == "python" for use in goal.spec.filters.verifiers)


def _parse(goal: Goal) -> Sequence[Filter]:
    return [Parse()] if _is_python(goal) else []


def _answer_format(goal: Goal) -> Sequence[Filter]:
    task = goal.spec.task
    label, line = _option(goal, "label_key"), _option(goal, "line_key")
    return [AnswerFormat(task.answer_schema, task.labels, label, line)]


def _verified_label(goal: Goal, programs: ProgramRunner | None) -> Sequence[Filter]:
    label, line = _option(goal, "label_key"), _option(goal, "line_key")
    uses = goal.spec.filters.verifiers
    verifiers = [VERIFIERS[use.name].model_validate(use.options) for use in uses]
    if any(verifier.runs_programs for verifier in verifiers):
        refusal = programs.refusal() if programs else "there is no sandbox here"
        if refusal is not None:
            raise NotAvailable("no_isolation", f"this goal's verifiers run programs: {refusal}")
    return [VerifiedLabel(verifier, label, line or "line", programs) for verifier in verifiers]


def _class_balance(goal: Goal) -> Sequence[Filter]:
    label = _option(goal, "label_key")
    if label is None or len(goal.spec.task.labels) < 2:
        return []
    return [ClassBalance(goal.spec.filters.max_class_share, label)]


def _safety(goal: Goal, tools: Tools) -> Sequence[Filter]:
    return [Safety(effective_policy(goal.spec.policy), tools.classifiers, _is_python(goal))]


# Each is built from the goal and the tools that it needs.
FILTERS: Mapping[str, Callable[[Goal, Tools], Sequence[Filter]]] = {
    "parse": lambda goal, tools: _parse(goal),
    "answer_format": lambda goal, tools: _answer_format(goal),
    "length": lambda goal, tools: [
        Length(goal.spec.filters.min_input_chars, goal.spec.filters.max_input_chars)
    ],
    "safety": _safety,
    "verified_label": lambda goal, tools: _verified_label(goal, tools.programs),
    "exact_duplicates": lambda goal, tools: [ExactDuplicates()],
    "near_duplicates": lambda goal, tools: [
        NearDuplicates(goal.spec.filters.near_duplicate_jaccard)
    ],
    "decontamination": lambda goal, tools: [Decontamination(open_decontaminator(goal))],
    "class_balance": lambda goal, tools: _class_balance(goal),
}
