"""Generation: all strategies of a goal, each with its share, and an account of their yield."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.foundry.strategies.base import (
    Ask,
    Made,
    Order,
    Progress,
    StrategyAccount,
    shares,
)
from forgemind_assets.foundry.strategies.mistakes import Mistake
from forgemind_assets.foundry.strategies.registry import STRATEGIES
from forgemind_assets.goal import Goal, Strategy
from forgemind_assets.records import DataSettings, Row, Seed

# Filters take some rows away; that many more are made than are wanted.
SURPLUS = 1.05
# Share of a teacher's rows that survive the filters: 32 of 48, 32 of 46 and 36 of 48 in a run of
# python_security with Qwen2.5-Coder-1.5B. The rest is made otherwise.
TEACHER_KEEPS = 0.7


@dataclass(frozen=True)
class GenerationResult:
    """All rows, and what each strategy and teacher contributed."""

    rows: tuple[Row, ...]
    accounts: tuple[StrategyAccount, ...]


def generate(
    goal: Goal,
    data: DataSettings,
    seeds: Sequence[Seed],
    ask: Ask,
    on_progress: Progress = lambda what, done, total: None,
    mistakes: tuple[Mistake, ...] = (),
) -> GenerationResult:
    """Runs the goal's strategies: those with a teacher first, the others fill up.

    Teacher strategies share `data.teacher_requests`, the others share the rows that remain, both
    by `data.strategy_shares` (a strategy that is not named there counts 1.0; 0 leaves it out).
    `mistakes` are those of the last champion on dev.
    Raises what a teacher's client raises.
    """
    weights = {s.name: data.strategy_shares.get(s.name, 1.0) for s in goal.spec.strategies}
    taught = [s for s in goal.spec.strategies if STRATEGIES[s.name].needs_teacher]
    others = [s for s in goal.spec.strategies if s not in taught]
    made: list[Made] = []

    def run(strategy: Strategy, rows: int, requests: int) -> None:
        order = Order(
            goal=goal,
            seeds=seeds,
            weights=data.slice_weights,
            rows=rows,
            requests=requests,
            seed=data.seed,
            teacher=strategy.teacher,
            options=strategy.options,
            ask=ask,
            on_progress=on_progress,
            variants=data.prompt_variants.get(strategy.name, ()),
            mistakes=mistakes,
        )
        made.append(STRATEGIES[strategy.name]().make(order))

    requests = shares({s.name: weights[s.name] for s in taught}, data.teacher_requests)
    for strategy in taught:
        if requests.get(strategy.name):
            run(strategy, data.rows, requests[strategy.name])
    expected = int(TEACHER_KEEPS * sum(len(m.rows) for m in made))
    wanted = shares(
        {s.name: weights[s.name] for s in others},
        int(SURPLUS * max(0, data.rows - expected)),
    )
    for strategy in others:
        if wanted.get(strategy.name):
            run(strategy, wanted[strategy.name], 0)
    return GenerationResult(
        tuple(row for one in made for row in one.rows), tuple(one.account for one in made)
    )
