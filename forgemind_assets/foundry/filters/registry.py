"""The filters by name, in the order in which rows walk through them."""

from collections.abc import Callable, Mapping, Sequence

from forgemind_assets.errors import NotAvailable
from forgemind_assets.foundry.filters.answer_format import AnswerFormat
from forgemind_assets.foundry.filters.base import Equipment, Filter
from forgemind_assets.foundry.filters.class_balance import ClassBalance
from forgemind_assets.foundry.filters.decontamination import Decontamination
from forgemind_assets.foundry.filters.diversity import Diversity
from forgemind_assets.foundry.filters.exact_duplicates import ExactDuplicates
from forgemind_assets.foundry.filters.family_balance import FamilyBalance
from forgemind_assets.foundry.filters.judged_label import JudgedLabel
from forgemind_assets.foundry.filters.language import Language
from forgemind_assets.foundry.filters.length import Length
from forgemind_assets.foundry.filters.near_duplicates import NearDuplicates
from forgemind_assets.foundry.filters.near_index import Shape
from forgemind_assets.foundry.filters.parse import Parse
from forgemind_assets.foundry.filters.perplexity import PerplexityOutliers
from forgemind_assets.foundry.filters.repetition import Repetition
from forgemind_assets.foundry.filters.safety import Safety
from forgemind_assets.foundry.filters.semantic_duplicates import SemanticDuplicates
from forgemind_assets.foundry.filters.source_terms import SourceTerms
from forgemind_assets.foundry.filters.suite_texts import open_decontaminator
from forgemind_assets.foundry.filters.verified_label import VerifiedLabel
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal
from forgemind_assets.warden.policy_files import effective_policy


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


def _verified_label(goal: Goal, equipment: Equipment) -> Sequence[VerifiedLabel]:
    programs, panel = equipment.programs, equipment.panel
    label, line = _option(goal, "label_key"), _option(goal, "line_key")
    uses = goal.spec.filters.verifiers
    verifiers = [VERIFIERS[use.name].model_validate(use.options) for use in uses]
    if any(verifier.runs_programs for verifier in verifiers):
        refusal = programs.refusal() if programs else "there is no sandbox here"
        if refusal is not None:
            raise NotAvailable("no_isolation", f"this goal's verifiers run programs: {refusal}")
    spares = panel.trusts_any if panel else lambda: False
    return [
        VerifiedLabel(
            verifier,
            label,
            line or "line",
            programs,
            spares,
            known=equipment.verdicts.setdefault(number, {}),
        )
        for number, verifier in enumerate(verifiers)
    ]


def _judged_label(goal: Goal, equipment: Equipment) -> Sequence[Filter]:
    panel = equipment.panel
    return [JudgedLabel(panel, _verified_label(goal, equipment))] if panel else []


def _class_balance(goal: Goal) -> Sequence[Filter]:
    label = _option(goal, "label_key")
    if label is None or len(goal.spec.task.labels) < 2:
        return []
    return [ClassBalance(goal.spec.filters.max_class_share, label)]


def _safety(goal: Goal, equipment: Equipment) -> Sequence[Filter]:
    policy = effective_policy(goal.spec.policy)
    return [Safety(policy, equipment.classifiers, _is_python(goal))]


def _terms(goal: Goal) -> Sequence[Filter]:
    return [SourceTerms(effective_policy(goal.spec.policy).training)]


def _language(goal: Goal) -> Sequence[Filter]:
    asked = goal.spec.filters.language
    return [Language(asked.allowed, asked.of, asked.min_probability)] if asked else []


def _repetition(goal: Goal) -> Sequence[Filter]:
    asked = goal.spec.filters.repetition
    return [Repetition(asked.of)] if asked else []


def _near_duplicates(goal: Goal, equipment: Equipment) -> Sequence[Filter]:
    return [NearDuplicates(near_shape(goal), equipment.earlier)]


def near_shape(goal: Goal) -> Shape:
    """How the goal's near duplicates are found."""
    return Shape(goal.spec.filters.near_duplicate_jaccard)


def _semantic_duplicates(goal: Goal, equipment: Equipment) -> Sequence[Filter]:
    asked = goal.spec.filters.semantic_duplicates
    return [SemanticDuplicates(equipment.embedder, asked.cosine)] if asked else []


def _perplexity(goal: Goal, equipment: Equipment) -> Sequence[Filter]:
    asked = goal.spec.filters.perplexity
    return [PerplexityOutliers(equipment.perplexity, asked.max_deviations)] if asked else []


def _decontamination(goal: Goal, equipment: Equipment) -> Sequence[Filter]:
    return [Decontamination(open_decontaminator(goal, equipment.embedder))]


def _family_balance(goal: Goal) -> Sequence[Filter]:
    share = goal.spec.filters.max_family_share
    return [FamilyBalance(share)] if share is not None else []


def _diversity(goal: Goal) -> Sequence[Filter]:
    asked = goal.spec.filters.diversity
    return [Diversity(asked.rows, near_shape(goal))] if asked else []


# Each is built from the goal and from what it is given; one that the goal does not ask for is not
# built. What costs most stands where the fewest rows are left, what needs all of them at the end.
FILTERS: Mapping[str, Callable[[Goal, Equipment], Sequence[Filter]]] = {
    "source_terms": lambda goal, equipment: _terms(goal),
    "parse": lambda goal, equipment: _parse(goal),
    "answer_format": lambda goal, equipment: _answer_format(goal),
    "length": lambda goal, equipment: [
        Length(goal.spec.filters.min_input_chars, goal.spec.filters.max_input_chars)
    ],
    "language": lambda goal, equipment: _language(goal),
    "repetition": lambda goal, equipment: _repetition(goal),
    "safety": _safety,
    "verified_label": _verified_label,
    "exact_duplicates": lambda goal, equipment: [ExactDuplicates()],
    "near_duplicates": _near_duplicates,
    "decontamination": _decontamination,
    "semantic_duplicates": _semantic_duplicates,
    "perplexity": _perplexity,
    "judged_label": _judged_label,
    "diversity": lambda goal, equipment: _diversity(goal),
    "family_balance": lambda goal, equipment: _family_balance(goal),
    "class_balance": lambda goal, equipment: _class_balance(goal),
}
