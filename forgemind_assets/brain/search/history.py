"""From the Brain's state to the trials that the search learns from. Pure."""

import math
from collections.abc import Iterable, Sequence

from forgemind_assets.brain.search.dials import every_value
from forgemind_assets.brain.search.memory import PastTrial, window
from forgemind_assets.brain.state import IterationState, State, TrialState
from forgemind_assets.partitions import trial_key
from forgemind_assets.records import TrainSettings

ANOTHER_START = "trainings from another start"
"""Stands as the goal of own trials that began elsewhere than the coming ones do."""


def known_trials(state: State) -> tuple[PastTrial, ...]:
    """All that is remembered, oldest first: what was handed on, and the tail's own trials."""
    tail = {trial.name: trial for it in state.iterations for trial in trials_of(it)}
    handed_on = [trial for trial in state.past if trial.goal or trial.name not in tail]
    return window([*handed_on, *tail.values()])


def trials_of(it: IterationState) -> list[PastTrial]:
    """The trials of one iteration that are over, failed ones too."""
    found: list[PastTrial] = []
    for trial in it.plan.trials if it.plan else ():
        state = it.trials.get(trial.name, TrialState())
        if trial.training is None or state.work.status not in ("succeeded", "failed"):
            continue
        score, share = _result(state)
        found.append(
            PastTrial(
                name=trial_key(it.key, trial.name),
                values=every_value(trial.training),
                score=score,
                share=share,
                continued=trial.training.start_from != "base",
                source=trial.source,
                expected=trial.expected,
            )
        )
    return found


def _result(state: TrialState) -> tuple[float | None, float]:
    """Score and share. A race that was ended left no pass rate: its last loss stands for it.

    The mean probability of a held-out token, exp(-loss), grows as a pass rate does; the two are
    never compared, since they belong to different shares.
    """
    if state.dev is not None:
        return state.dev.rate, 1.0
    if state.cannot_win and state.rungs:
        share, loss = state.rungs[-1]
        return math.exp(-loss), min(share, 0.99)
    return None, 1.0


def for_training(past: Iterable[PastTrial], settings: TrainSettings) -> tuple[PastTrial, ...]:
    """The trials as seen from a training: those from another kind of start stand apart.

    What suits a training from the base model does not suit one that goes on from an adapter.
    """
    continued = settings.start_from != "base"
    return tuple(
        trial
        if trial.goal or trial.continued == continued
        else trial.model_copy(update={"goal": ANOTHER_START})
        for trial in past
    )


def as_earlier(past: Sequence[PastTrial], goal: str) -> tuple[PastTrial, ...]:
    """A goal's own trials, as another goal sees them."""
    return tuple(trial.model_copy(update={"goal": goal}) for trial in past if not trial.goal)
