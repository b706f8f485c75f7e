"""The verifier's own label of a hand-written example, to compare judges with."""

from collections.abc import Callable

from forgemind_assets.foundry.verifiers.base import Claim
from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import Goal
from forgemind_assets.records import Seed, render_answer


def verifier_labels(goal: Goal) -> Callable[[Seed], str | None]:
    """Gives the verifiers' label of a seed; None where they have no word, or more than one.

    Only verifiers of labels count. They have been told the label that they confirm, which makes
    them agree with people more than they would if they had not.
    """
    key = str(goal.spec.task.grader_options.get("label_key"))
    uses = goal.spec.filters.verifiers
    every = [VERIFIERS[use.name].model_validate(use.options) for use in uses]
    verifiers = [one for one in every if one.needs_label and not one.runs_programs]

    def label_of(seed: Seed) -> str | None:
        label = seed.expected.get(key)
        if not isinstance(label, str):
            return None
        claim = Claim(seed.input, render_answer(seed.expected), label)
        said: set[str] = set()
        for verifier in verifiers:
            verdict = verifier.check(claim, None)
            said |= {label} if verdict.keep else {name for name, _ in verdict.found}
        return said.pop() if len(said) == 1 else None

    return label_of
