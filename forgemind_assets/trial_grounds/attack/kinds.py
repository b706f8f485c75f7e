"""The kinds of mutation by name, and which of them a goal's inputs can take."""

from collections.abc import Sequence

from forgemind_assets.foundry.verifiers.registry import VERIFIERS
from forgemind_assets.goal import GoalSpec
from forgemind_assets.trial_grounds.attack.python_kinds import PYTHON
from forgemind_assets.trial_grounds.attack.records import CONTROL, Mutation, Mutations
from forgemind_assets.trial_grounds.attack.text_kinds import TEXT

SAME = Mutation(
    "nothing is changed: the control", lambda specimen, rng: (specimen.text, specimen.line)
)


def kinds_of(spec: GoalSpec, only: Sequence[str] = ()) -> Mutations:
    """The goal's kinds (all that its inputs can take, or those it names), and the control."""
    every = known_kinds(spec)
    wanted = only or spec.attack.kinds or tuple(every)
    return {name: every[name] for name in wanted} | {CONTROL: SAME}


def known_kinds(spec: GoalSpec) -> Mutations:
    """Those of Python code where a verifier says that every input is such code, else of any text.

    A name that no verifier has is another check's mistake to tell.
    """
    used = [VERIFIERS[use.name] for use in spec.filters.verifiers if use.name in VERIFIERS]
    return PYTHON if any(kind.language == "python" for kind in used) else TEXT
