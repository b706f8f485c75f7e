"""Rows before money is spent: a few of what a run would make, and what looking at them costs.

The requests are the very ones that the next iteration starts with, so that answers which a
preview has paid for are found in the ledger by the run. They are booked under `preview`.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from forgemind_assets.brain import planner
from forgemind_assets.brain.state import State
from forgemind_assets.errors import UserError
from forgemind_assets.foundry.asking import Assignment, ask_together, assigned
from forgemind_assets.foundry.generate import Makings, made_alone
from forgemind_assets.foundry.strategies.base import Order, StrategyAccount
from forgemind_assets.goal import Goal
from forgemind_assets.goal_loading import load_seeds
from forgemind_assets.lorekeeper.store import Store
from forgemind_assets.partitions import iteration_key, iteration_number
from forgemind_assets.records import DataSettings, Plan, Row
from resources.dev_errors import mistakes_before
from resources.inquiries import client_of, request_of, screened_teachers
from resources.workshop import Workshop

PREVIEW = "preview"
# Rows that a strategy without a teacher makes for each one that is shown, so that a sample of
# them is more than the examples it starts with.
MADE_FOR_ONE = 20


@dataclass(frozen=True)
class Prospect:
    """What the preview of one strategy is going to do.

    Attributes:
        strategy: its name.
        order: as the run would give it.
        assignment: the first questions of the run; None for a strategy that asks nobody.
        unasked: questions whose answers are not in the ledger yet.
        most_dollars: the most that those can cost.
    """

    strategy: str
    order: Order
    assignment: Assignment | None
    unasked: int
    most_dollars: float


@dataclass(frozen=True)
class Glimpse:
    """The rows of one strategy, and its account."""

    strategy: str
    rows: tuple[Row, ...]
    account: StrategyAccount


def prospects(
    goal: Goal, workshop: Workshop, count: int, strategy: str | None = None
) -> list[Prospect]:
    """What is needed to show `count` rows of each strategy, or of one. Asks nobody.

    Raises:
        UserError: the goal has no such strategy.
        MissingKey: a teacher's key is not in the environment.
    """
    names = [one.name for one in goal.spec.strategies]
    if strategy is not None and strategy not in names:
        raise UserError(
            f"expected a strategy of {goal.name} ({', '.join(names)}), found {strategy!r}"
        )
    iteration, data = next_data(goal, workshop.store)
    seeds = load_seeds(goal)
    makings = Makings(goal, data, seeds, mistakes_before(goal, workshop.store, iteration, seeds))
    found = [
        *(_asking(goal, workshop, name, order, count) for name, order in makings.taught()),
        *(
            Prospect(name, order, None, 0, 0.0)
            for name, order in makings.others(MADE_FOR_ONE * count)
        ),
    ]
    return [one for one in found if strategy in (None, one.strategy)]


def next_data(goal: Goal, store: Store) -> tuple[str, DataSettings]:
    """The iteration whose data comes next, and its settings as far as they are known.

    Those of a plan whose data is not made yet; else the last plan's with the next seed, as the
    planner does; else the first plan's. Slices may get other weights, the requests stay the same.
    """
    last: tuple[str, DataSettings] | None = None
    for key in store.partitions(goal.name, "plan"):
        plan = Plan.model_validate(store.read_json(goal.name, "plan", key, "plan.json"))
        if plan.data is not None:
            last = key, plan.data
    if last is None:
        key = iteration_key(1)
        data = planner.first_plan(goal.spec, State(), key).data
        assert data is not None
        return key, data
    key, data = last
    if not store.exists(goal.name, "raw_dataset", key):
        return key, data
    return iteration_key(iteration_number(key) + 1), data.model_copy(update={"seed": data.seed + 1})


def _asking(goal: Goal, workshop: Workshop, name: str, order: Order, count: int) -> Prospect:
    whole = assigned(name, order)
    asked = replace(whole, work=replace(whole.work, jobs=whole.work.jobs[:count]))
    ledger = workshop.ledger()
    client = client_of(goal, workshop, ledger, PREVIEW, asked.teacher)
    account, unasked, most = client.account, 0, 0.0
    for job in asked.work.jobs:
        request = request_of(job.question)
        if ledger.response(client.key(request)) is None:
            unasked += 1
            most += account.cost(account.most_input(request), account.max_tokens(request))
    return Prospect(name, order, asked, unasked, most)


def look(
    goal: Goal,
    workshop: Workshop,
    wanted: Sequence[Prospect],
    count: int,
    on_progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> list[Glimpse]:
    """Makes the rows. What is paid is booked under `preview`.

    Raises what a teacher raises where no teacher could be used.
    """
    ask = screened_teachers(goal, workshop, PREVIEW)
    asked = [one.assignment for one in wanted if one.assignment is not None]
    answers = iter(ask_together(asked, ask, on_progress))
    found: list[Glimpse] = []
    for one in wanted:
        if one.assignment is not None:
            made = next(answers)
            rows = made.rows[:count]
        else:
            made = made_alone(one.strategy, one.order)
            drawn = random.Random(one.order.seed)  # noqa: S311 - reproducible, no secret
            rows = tuple(drawn.sample(made.rows, min(count, len(made.rows))))
        found.append(Glimpse(one.strategy, rows, made.account))
    return found
