"""One iteration's rows: every strategy makes its part of what the plan asks for. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from forgemind_assets.foundry.strategies.seed_expansion import expand
from forgemind_assets.foundry.strategies.teacher_pairs import (
    PairRequest,
    build_requests,
    parse_answer,
)
from forgemind_assets.goal import Goal
from forgemind_assets.records import DataSettings, Row, Seed

EXPANSION, PAIRS = "seed_expansion", "teacher_pairs"


class Ask(Protocol):
    """Puts requests to a teacher; answers in the order of the requests, None where there is none."""

    def __call__(
        self,
        teacher: str,
        requests: Sequence[PairRequest],
        usable: Callable[[PairRequest, str], bool],
    ) -> list[str | None]: ...


@dataclass
class Account:
    """What one strategy and teacher gave."""

    strategy: str
    teacher: str | None = None
    asked: int = 0
    answered: int = 0
    valid: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Generation:
    """All rows, and an account for each strategy and teacher."""

    rows: tuple[Row, ...]
    accounts: tuple[Account, ...]


@dataclass
class _Work:
    rows: list[Row] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)


def generate(
    goal: Goal,
    settings: DataSettings,
    seeds: Sequence[Seed],
    ask: Ask,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Generation:
    """Rows of all strategies. Teachers come first: what they leave open, seeds fill.

    Args:
        goal: its strategies, in order.
        settings: how many rows, and each slice's and strategy's share.
        seeds: the hand-written examples.
        ask: the teachers.
        on_progress: called with (stage, done, total).
    """
    work = _Work()
    for strategy in goal.spec.strategies:
        share = settings.strategy_shares.get(strategy.name, 1.0)
        if strategy.name == PAIRS and strategy.teacher and settings.teacher_requests:
            count = round(settings.teacher_requests * min(1.0, share))
            _ask_pairs(goal, settings, strategy.teacher, count, ask, work)
    for strategy in goal.spec.strategies:
        if strategy.name == EXPANSION:
            wanted = per_slice(seeds, settings, len(work.rows))
            on_progress(EXPANSION, 0, sum(wanted.values()))
            made = expand(seeds, wanted, settings.seed)
            on_progress(EXPANSION, len(made), len(made))
            work.rows += made
            total = len(made)
            work.accounts.append(Account(EXPANSION, None, total, total, total, total))
    return Generation(tuple(work.rows), tuple(work.accounts))


def _ask_pairs(
    goal: Goal, settings: DataSettings, teacher: str, count: int, ask: Ask, work: _Work
) -> None:
    slices = sorted({name.removeprefix("safe/") for name in settings.slice_weights})
    weights = {
        name: settings.slice_weights.get(name, 1.0)
        + settings.slice_weights.get(f"safe/{name}", 1.0)
        for name in slices
    }
    requests = build_requests(goal, weights, count, settings.seed)
    answers = ask(teacher, requests, lambda request, text: bool(parse_answer(request, text, teacher)))
    account = Account(PAIRS, teacher, asked=len(requests))
    for request, text in zip(requests, answers, strict=True):
        rows = parse_answer(request, text, teacher) if text is not None else []
        account.answered += text is not None
        account.valid += bool(rows)
        account.rows += len(rows)
        work.rows += rows
    work.accounts.append(account)


def per_slice(
    seeds: Sequence[Seed], settings: DataSettings, already: int
) -> Mapping[str, int]:
    """Rows for each slice that has seeds: the plan's weights, of what is still open."""
    names = sorted({seed.slice for seed in seeds})
    weights = {name: settings.slice_weights.get(name, 1.0) for name in names}
    open_rows = max(len(names), settings.rows - already)
    total = sum(weights.values())
    return {name: max(1, round(open_rows * w / total)) for name, w in weights.items()}
