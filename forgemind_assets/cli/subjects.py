"""Which model `GOAL@…` means."""

from forgemind_assets.errors import PromotionRefused, UserError
from forgemind_assets.goal import Goal
from forgemind_assets.partitions import BASELINE
from resources.examiner import Subject, subject_of
from resources.history import champion_of
from resources.workshop import Workshop

ALIASES = ("stable", "candidate")


def find_subject(goal: Goal, workshop: Workshop, wanted: str) -> Subject:
    """The model that an alias, an iteration, a trial or `base` names; empty: the champion.

    Raises:
        UserError: there is no such model; the message lists those that there are.
    """
    store = workshop.store
    if wanted == "base":
        base = workshop.models.clean(goal.spec.limits.base_model)
        return Subject("base", base, None, "zero_shot", f"base:{goal.spec.limits.base_model}")
    if wanted in ALIASES:
        return subject_of(goal, workshop, aliased(goal, workshop, wanted), must_be_signed=True)
    crowned = store.partitions(goal.name, "champion")
    if not wanted and crowned:
        return subject_of(goal, workshop, champion_of(store, goal.name, crowned[-1]).trial)
    trials = store.partitions(goal.name, "adapter")
    matching = [t for t in trials if t == wanted or t.startswith(f"{wanted}-")] if wanted else []
    if not matching:
        raise UserError(
            f"{goal.name} has no model {wanted or 'yet'}: expected one of "
            f"{', '.join(['base', *ALIASES, *trials])}; `forgemind run {goal.name}` makes them"
        )
    if len(matching) > 1 and wanted != BASELINE and wanted in crowned:
        leader = champion_of(store, goal.name, wanted).trial
        matching = [leader] if leader in matching else matching
    return subject_of(goal, workshop, matching[0])


def aliased(goal: Goal, workshop: Workshop, alias: str) -> str:
    """The trial behind an alias of the registry.

    Raises:
        UserError: the alias is not set.
        PromotionRefused: `stable` was moved outside of ForgeMind.
    """
    from resources.promotions import moved_outside
    from resources.registrations import open_registrations
    from resources.registry import STABLE, Registry

    version = Registry(workshop.home).version_of(goal.name, alias)
    if version is None:
        raise UserError(
            f"{goal.name} has no model @{alias} yet: `forgemind run {goal.name}` registers a "
            "candidate with each new champion, and stable when the goal is met"
        )
    events = open_registrations(workshop.home).events(goal.name)
    problem = moved_outside(events, version) if alias == STABLE else None
    if problem:
        raise PromotionRefused(f"{goal.name}@{alias} is not loaded: {problem}")
    return version.trial
