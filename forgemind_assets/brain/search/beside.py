"""What is tried beside the first trial of a plan. Pure."""

from collections.abc import Sequence

from forgemind_assets.brain.search import accounts
from forgemind_assets.brain.search.advice_answer import NOBODY, Suggestions
from forgemind_assets.brain.search.beliefs import space_around
from forgemind_assets.brain.search.dials import settings_with, values_of
from forgemind_assets.brain.search.history import for_training
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.propose import expected_of, propose_trials
from forgemind_assets.goal import Search
from forgemind_assets.records import Advice, Plan, TrialSettings


def side_by_side(
    count: int,
    first: TrialSettings,
    past: Sequence[PastTrial],
    suggested: Suggestions = NOBODY,
) -> tuple[TrialSettings, ...]:
    """So many trials: the first, and beside it what the search proposes.

    They share all that is no dial, the seed too, so that they differ in what is asked of them.
    """
    if count == 1 or first.training is None:
        return (first,)
    training, space = first.training, space_around(first.training)
    values, known = values_of(training, space), for_training(past, training)
    found = propose_trials(
        space, known, count - 1, training.seed, taken=[values], suggested=suggested
    )
    own = {"source": accounts.PLANNER, "expected": expected_of(space, known, values)}
    others = (
        TrialSettings(
            name=chr(ord(first.name) + number),
            training=settings_with(training, proposal.values),
            prompt_variant=first.prompt_variant,
            why=proposal.reason,
            source=accounts.advised_by(suggested.advisor)
            if proposal.source == "advisor"
            else proposal.source,
            expected=proposal.expected,
        )
        for number, proposal in enumerate(found, start=1)
    )
    return (first.model_copy(update=own), *others)


def with_others(plan: Plan, search: Search, past: Sequence[PastTrial]) -> Plan:
    """A plan of one trial with those beside it, and what its advisor is to be asked.

    The plan holds as it stands: whoever publishes it may ask the advisor first (`advised`).
    """
    trials = side_by_side(search.trials, plan.trials[0], past)
    if len(trials) == 1:
        return plan
    filled = plan.model_copy(update={"trials": trials, "search_sources": accounts.accounts(past)})
    return filled if search.advisor is None else _with_advice(filled, search, past)


def _with_advice(plan: Plan, search: Search, past: Sequence[PastTrial]) -> Plan:
    """The plan with the places that the advisor has earned."""
    assert search.advisor is not None
    first = plan.trials[0].training
    assert first is not None
    found = accounts.standing(past, search.advisor)
    share = search.advisor_share * found.kept
    places = accounts.places(share, len(plan.trials) - 1, past, first.seed)
    note = accounts.standing_line(search.advisor, found, search.advisor_share)
    if places:
        return plan.model_copy(
            update={"advice": Advice(advisor=search.advisor, places=places, note=note)}
        )
    idle = f"{search.advisor} is not asked: it has {share:.0%} of the places beside the first"
    idle += ", and the lot fell on none this time."
    return advised(plan, past, Advice(advisor=search.advisor, places=0, note=f"{note} {idle}"))


def advised(
    plan: Plan, past: Sequence[PastTrial], advice: Advice, suggested: Suggestions = NOBODY
) -> Plan:
    """The plan once its advisor was asked, or was not; the hypothesis says what came of it."""
    trials = plan.trials
    if suggested.candidates:
        trials = side_by_side(len(trials), trials[0], past, suggested)
    told = advice.model_copy(update={"note": advice.note.strip(), "settled": True})
    return plan.model_copy(
        update={
            "trials": trials,
            "advice": told,
            "hypothesis": f"{plan.hypothesis} {told.note}",
        }
    )
