"""What is tried beside the first trial of a plan. Pure."""

from collections.abc import Sequence

from forgemind_assets.brain.search.beliefs import space_around
from forgemind_assets.brain.search.dials import settings_with, values_of
from forgemind_assets.brain.search.history import for_training
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.propose import propose_trials
from forgemind_assets.records import TrialSettings


def side_by_side(
    count: int, first: TrialSettings, past: Sequence[PastTrial]
) -> tuple[TrialSettings, ...]:
    """So many trials: the first, and beside it what the search proposes.

    They share all that is no dial, the seed too, so that they differ in what is asked of them.
    """
    if count == 1 or first.training is None:
        return (first,)
    training, space = first.training, space_around(first.training)
    found = propose_trials(
        space,
        for_training(past, training),
        count - 1,
        training.seed,
        taken=[values_of(training, space)],
    )
    others = (
        TrialSettings(
            name=chr(ord(first.name) + number),
            training=settings_with(training, proposal.values),
            prompt_variant=first.prompt_variant,
            why=proposal.reason,
        )
        for number, proposal in enumerate(found, start=1)
    )
    return (first, *others)
