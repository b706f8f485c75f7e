"""Generation: all strategies of a goal, each with its share, and an account of their yield."""

from collections.abc import Sequence
from dataclasses import dataclass

from forgemind_assets.foundry.strategies.base import (
    Ask,
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
    ask: Ask
    on_progress: Progress = lambda what, done, total: None
    mistakes: tuple[Mistake, ...] = ()

    def order(self, strategy: Strategy, rows: int, requests: int) -> Order:
        """The order to one strategy."""
        return Order(
            goal=self.goal,
            seeds=self.seeds,
            weights=self.data.slice_weights,
            rows=rows,
            requests=requests,
            seed=self.data.seed,
            teacher=strategy.teacher,
            options=strategy.options,
            ask=self.ask,
            on_progress=self.on_progress,
            variants=self.data.prompt_variants.get(strategy.name, ()),
            mistakes=self.mistakes,
        )

    def taught(self) -> list[tuple[str, Order]]:
        """Names and orders of the strategies that ask; they share `data.teacher_requests`."""
        teaching = [s for s in self.goal.spec.strategies if STRATEGIES[s.name].needs_teacher]
        requests = shares({s.name: self._weight(s) for s in teaching}, self.data.teacher_requests)
        return [
            (s.name, self.order(s, self.data.rows, requests[s.name]))
            for s in teaching
            if requests.get(s.name)
        ]

    def others(self, rows: int) -> list[tuple[str, Order]]:
        """The names of the other strategies that take part, and their orders for `rows` in all."""
        own = [s for s in self.goal.spec.strategies if not STRATEGIES[s.name].needs_teacher]
        wanted = shares({s.name: self._weight(s) for s in own}, rows)
        return [(s.name, self.order(s, wanted[s.name], 0)) for s in own if wanted.get(s.name)]

    def _weight(self, strategy: Strategy) -> float:
        return self.data.strategy_shares.get(strategy.name, 1.0)


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
    Each row gets the licence and the terms of its source. `mistakes` are those of the last champion
    on dev. Raises what a teacher's client raises.
    """
    makings = Makings(goal, data, seeds, ask, on_progress, mistakes)
    made = [STRATEGIES[name]().make(order) for name, order in makings.taught()]
    expected = int(TEACHER_KEEPS * sum(len(m.rows) for m in made))
    rest = int(SURPLUS * max(0, data.rows - expected))
    made += [STRATEGIES[name]().make(order) for name, order in makings.others(rest)]
    rows = stated((row for one in made for row in one.rows), origins_of(goal.spec))
    return GenerationResult(rows, tuple(one.account for one in made))
