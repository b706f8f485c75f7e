"""Asks a plan's advisor for candidates. A plan is made with or without it, and says which.

The answer is in the ledger as soon as it is there: a plan that is made again after a crash has the
same one, and nothing is paid twice.
"""

from collections.abc import Sequence

from forgemind_assets.brain.search.advice import REACH, Brief, asked_for, question
from forgemind_assets.brain.search.advice_answer import Suggestions, read_answer
from forgemind_assets.brain.search.beliefs import space_around
from forgemind_assets.brain.search.beside import advised
from forgemind_assets.brain.search.dials import values_of
from forgemind_assets.brain.search.history import for_training
from forgemind_assets.brain.search.memory import PastTrial
from forgemind_assets.brain.search.space import Space
from forgemind_assets.errors import ForgeMindError
from forgemind_assets.foundry.strategies.base import Inquiry, Question, Reply
from forgemind_assets.goal import Goal
from forgemind_assets.records import Advice, Plan, TrainSettings
from forgemind_assets.warden.alerts import plain
from resources.inquiries import screened_teachers
from resources.workshop import Workshop

LONGEST_TROUBLE = 300
"""Characters of what is told of a teacher that could not be asked."""

MOST_REFUSALS = 3
"""Refused candidates whose reason stands in the hypothesis; the plan holds all."""


def is_wanted(plan: Plan) -> bool:
    """Whether an advisor is still to be asked for this plan."""
    return plan.advice is not None and not plan.advice.settled


def with_advice(goal: Goal, workshop: Workshop, plan: Plan, past: Sequence[PastTrial]) -> Plan:
    """The plan with what its advisor suggests; as it was, with the reason, where that is nothing.

    Args:
        goal: the compiled goal.
        workshop: the installation.
        plan: one for which an advisor is wanted.
        past: all trials before it, oldest first.
    """
    advice, training = plan.advice, plan.trials[0].training
    assert advice is not None
    assert training is not None
    assert plan.data is not None
    space = space_around(training)
    brief = _brief(goal, plan.data.rows, advice, training, space)
    asked = question(space, for_training(past, training), brief)
    workshop.progress(goal.name).say(f"asking {advice.advisor} what to try", where=plan.iteration)
    try:
        reply = _reply(goal, workshop, plan.iteration, advice.advisor, asked)
    except ForgeMindError as error:
        return _without(plan, past, advice, str(error))
    advice = advice.model_copy(update={"dollars": reply.dollars})
    if reply.text is None:
        return _without(plan, past, advice, reply.held or "it gave no answer")
    candidates, refused = read_answer(reply.text, space, brief.count)
    advice = advice.model_copy(update={"refused": tuple(refused)})
    if not candidates:
        return _without(plan, past, advice, _told(refused) or "its answer names none")
    suggested = Suggestions(
        advisor=advice.advisor, places=advice.places, candidates=tuple(candidates)
    )
    note = f"{_suggested(advice, len(candidates))} {advice.note}"
    return advised(plan, past, advice.model_copy(update={"note": note}), suggested)


def _brief(goal: Goal, rows: int, advice: Advice, training: TrainSettings, space: Space) -> Brief:
    teacher = next(one for one in goal.spec.teachers if one.name == advice.advisor)
    reach = REACH[teacher.kind]
    return Brief(
        base_model=goal.spec.limits.base_model,
        rows=rows,
        first=values_of(training, space),
        count=asked_for(reach, advice.places),
        trials=reach.trials,
        seed=training.seed,
    )


def _reply(goal: Goal, workshop: Workshop, iteration: str, advisor: str, asked: Question) -> Reply:
    """What the advisor says, behind the policy's safety layers. Raises what the teacher raises."""
    ask = screened_teachers(goal.with_gates_closed(), workshop, iteration)
    (heard,) = ask([Inquiry(advisor, [asked], lambda _: True, lambda: None)])
    if heard.trouble is not None:
        raise heard.trouble
    return heard.replies[0]


def _without(plan: Plan, past: Sequence[PastTrial], advice: Advice, why: str) -> Plan:
    """The plan as the search made it alone."""
    told = f"Without a suggestion of {advice.advisor}: {plain(why, LONGEST_TROUBLE)}."
    note = f"{told} {advice.note}"
    return advised(plan, past, advice.model_copy(update={"note": note}))


def _suggested(advice: Advice, count: int) -> str:
    cents = f"${advice.dollars:.4f}" if advice.dollars >= 1e-4 else "less than $0.0001"
    paid = f" for {cents}" if advice.dollars else ""
    refused = f", others were refused ({_told(advice.refused)})" if advice.refused else ""
    places = f"{advice.places} place{'s' if advice.places > 1 else ''} beside the first"
    return f"{advice.advisor} suggested {count} candidate{'s' if count > 1 else ''}{paid} " + (
        f"for {places}{refused}."
    )


def _told(refused: Sequence[str]) -> str:
    more = len(refused) - MOST_REFUSALS
    told = "; ".join(refused[:MOST_REFUSALS])
    return f"{told}; and {more} more" if more > 0 else told
