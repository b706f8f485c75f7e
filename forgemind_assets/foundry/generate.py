"""Generation: all strategies of a goal, each with its share, and an account of their yield."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.foundry.asking import ask_together, assigned
from forgemind_assets.foundry.strategies.base import (
    Alone,
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
from forgemind_assets.goal_terms import origins_of
from forgemind_assets.records import DataSettings, Row, Seed
from forgemind_assets.warden.terms import stated

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


@dataclass(frozen=True)
class Makings:
    """What all strategies of an iteration are given."""

    goal: Goal
    data: DataSettings
    seeds: Sequence[Seed]
    mistakes: tuple[Mistake, ...] = ()
    on_progress: Progress = lambda what, done, total: None

    def order(self, strategy: Strategy, rows: int, requests: int, teacher: str | None) -> Order:
        """The order to one strategy."""
        return Order(
            goal=self.goal,
            seeds=self.seeds,
            weights=self.data.slice_weights,
            rows=rows,
            requests=requests,
            seed=self._seed(strategy, teacher),
            teacher=teacher,
            options=strategy.options,
            on_progress=self.on_progress,
            variants=self.data.prompt_variants.get(strategy.name, ()),
            mistakes=self.mistakes,
        )

    def taught(self) -> list[tuple[str, Order]]:
        """Names and orders of the strategies that ask, one for each teacher they ask.

        All share `data.teacher_requests`.
        """
        sources = [(s, name) for s in self.goal.spec.strategies for name in s.asked]
        weights = {(s.name, name): self._request_share(s.name, name) for s, name in sources}
        requests = shares(weights, self.data.teacher_requests)
        return [
            (s.name, self.order(s, self.data.rows, requests[s.name, name], name))
            for s, name in sources
            if requests.get((s.name, name))
        ]

    def others(self, rows: int) -> list[tuple[str, Order]]:
        """The names of the other strategies that take part, and their orders for `rows` in all."""
        own = [s for s in self.goal.spec.strategies if not STRATEGIES[s.name].needs_teacher]
        weights = {s.name: self.data.strategy_shares.get(s.name, 1.0) for s in own}
        wanted = shares(weights, rows)
        return [(s.name, self.order(s, wanted[s.name], 0, None)) for s in own if wanted.get(s.name)]

    def _request_share(self, strategy: str, teacher: str) -> float:
        if self.data.request_shares:
            return self.data.request_shares.get(strategy, {}).get(teacher, 0.0)
        return self.data.strategy_shares.get(strategy, 1.0)

    def _seed(self, strategy: Strategy, teacher: str | None) -> int:
        """The first teacher draws with the plan's seed, the others each with another.

        Two teachers that wrote to the same draws would bring less variety.
        """
        if teacher is None or teacher == strategy.asked[0]:
            return self.data.seed
        drawn = random.Random(f"{self.data.seed}/{teacher}")  # noqa: S311 - reproducible, no secret
        return drawn.randrange(2**31)


def generate(
    goal: Goal,
    data: DataSettings,
    seeds: Sequence[Seed],
    ask: Ask,
    on_progress: Progress = lambda what, done, total: None,
    mistakes: tuple[Mistake, ...] = (),
) -> GenerationResult:
    """Runs the goal's strategies: those with teachers first, all at once; the others fill up.

    The sources (a strategy with a teacher) share `data.teacher_requests` by `data.request_shares`,
    where that is empty by `data.strategy_shares`. The others share the rows that remain by
    `data.strategy_shares` (a strategy that is not named there counts 1.0; 0 leaves it out).
    Each row gets the licence and the terms of its source. `mistakes` are those of the last champion
    on dev. Raises what a teacher's client raises where no teacher could be used.
    """
    makings = Makings(goal, data, seeds, mistakes, on_progress)
    asked = [assigned(name, order) for name, order in makings.taught()]
    made = ask_together(asked, ask, on_progress)
    expected = int(TEACHER_KEEPS * sum(len(m.rows) for m in made))
    rest = int(SURPLUS * max(0, data.rows - expected))
    made += [made_alone(name, order) for name, order in makings.others(rest)]
    rows = stated((row for one in made for row in one.rows), origins_of(goal.spec))
    return GenerationResult(rows, tuple(one.account for one in made))


def made_alone(name: str, order: Order) -> Made:
    """What a strategy makes that asks nobody."""
    strategy = STRATEGIES[name]()
    assert isinstance(strategy, Alone), "every strategy without a teacher is one"
    return strategy.make(order)
