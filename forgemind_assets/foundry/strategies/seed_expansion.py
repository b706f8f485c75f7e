"""Seed expansion: many label-preserving rewritings of hand-written examples."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from forgemind_assets.foundry.rewriting.engine import DISTRACTOR_CHANCE, rewrite
from forgemind_assets.foundry.rewriting.source import Snippet
from forgemind_assets.foundry.strategies.base import Made, Order, StrategyAccount, shares
from forgemind_assets.records import Record, Row, Seed

NAME = "seed_expansion"
SHORT = 320  # characters; longer seeds are not put beside others
ATTEMPTS = 6
MAX_CHARS = 1200


@dataclass
class _Slice:
    """What is known of one slice while it grows: seeds by family, and their products."""

    families: list[list[Seed]]
    rows: list[Row] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


def expand(
    seeds: Sequence[Seed], per_slice: dict[str, int], rng_seed: int, max_chars: int = MAX_CHARS
) -> list[Row]:
    """Up to `per_slice[slice]` distinct rows of each slice, each seed itself among them once.

    Families of a slice get equal shares, whatever number of seeds they have. The result depends
    on nothing but the arguments. A slice gives fewer rows only where its seeds allow no more
    variety. Slices that `per_slice` does not name give nothing.
    """
    calm = [s for s in seeds if s.expected.get("line") is None and len(s.input) <= SHORT]
    rows: list[Row] = []
    for name in sorted(per_slice):
        # one generator per slice: a change of one slice's size leaves the others as they are
        rng = random.Random(f"{rng_seed}/{name}")  # noqa: S311 - reproducible, no secret
        others = [s for s in calm if not s.slice.endswith(_class_of(name))]
        rows += _expand_slice(
            [s for s in seeds if s.slice == name], others, per_slice[name], rng, max_chars
        )
    return rows


def _class_of(slice_name: str) -> str:
    return slice_name.rsplit("/", 1)[-1]


def _expand_slice(
    seeds: list[Seed], others: list[Seed], wanted: int, rng: random.Random, max_chars: int
) -> list[Row]:
    grouped: defaultdict[str, list[Seed]] = defaultdict(list)
    for seed in seeds:
        grouped[seed.family].append(seed)
    families = list(grouped.values())
    rng.shuffle(families)
    state = _Slice(families)
    for seed in _by_turns(families):
        if len(state.rows) < wanted:
            _keep(state, seed, Snippet.at_line(seed.input, seed.expected.get("line")))
    turn = 0
    fruitless = 0
    while len(state.rows) < wanted and families and fruitless < ATTEMPTS * len(families):
        seed = rng.choice(families[turn % len(families)])
        turn += 1
        fruitless = 0 if _grow(state, seed, others, rng, max_chars) else fruitless + 1
    return state.rows


def _by_turns(families: list[list[Seed]]) -> list[Seed]:
    """The first seed of every family, then the second, and so on."""
    longest = max((len(f) for f in families), default=0)
    return [family[i] for i in range(longest) for family in families if i < len(family)]


def _grow(
    state: _Slice, seed: Seed, others: list[Seed], rng: random.Random, max_chars: int
) -> bool:
    start = Snippet.at_line(seed.input, seed.expected.get("line"))
    limit = max(max_chars, len(seed.input))
    for _ in range(ATTEMPTS):
        beside = rng.random() < DISTRACTOR_CHANCE and others
        distractor = Snippet(rng.choice(others).input, None) if beside else None
        product = rewrite(start, rng, distractor, limit)
        if product is not None and _keep(state, seed, product):
            return True
    return False


def _keep(state: _Slice, seed: Seed, snippet: Snippet) -> bool:
    if snippet.text in state.texts:
        return False
    state.texts.add(snippet.text)
    expected = dict(seed.expected)
    if "line" in expected:
        expected["line"] = snippet.line
    state.rows.append(
        Row.make(
            family=seed.family,
            slice=seed.slice,
            input=snippet.text,
            expected=expected,
            strategy=NAME,
            parent=seed.id,
        )
    )
    return True


class ExpansionOptions(Record):
    """Options of the expansion of seeds; `max_chars` is the length of a row at most."""

    max_chars: int = Field(MAX_CHARS, gt=0)


class SeedExpansion:
    """Makes rows from the goal's seeds, spread over the slices by weight."""

    needs_teacher: ClassVar[bool] = False
    prompt_type: ClassVar[type[Record] | None] = None
    option_type: ClassVar[type[Record]] = ExpansionOptions

    def make(self, order: Order) -> Made:
        """Rows of all slices that have seeds; option `max_chars` caps their length."""
        known = {seed.slice for seed in order.seeds}
        weights = {name: order.weights.get(name, 1.0) for name in known}
        limit = ExpansionOptions.model_validate(order.options).max_chars
        order.on_progress(NAME, 0, order.rows)
        rows = expand(order.seeds, shares(weights, order.rows), order.seed, limit)
        order.on_progress(NAME, len(rows), order.rows)
        return Made(tuple(rows), StrategyAccount(NAME, None, 0, 0, 0, len(rows)))
