"""What a strategy is told, what it gives back, and how it reaches a teacher."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from forgemind_assets.foundry.strategies.mistakes import Mistake
from forgemind_assets.goal import Goal
from forgemind_assets.records import Record, Row, Seed

Message = dict[str, str]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Question:
    """One request to a teacher; `meta` says what was drawn for it and is not sent.

    `slice` is the one that its rows are for: the policy's thresholds may differ by slice.
    """

    messages: tuple[Message, ...]
    json_schema: Mapping[str, Any]
    max_tokens: int
    temperature: float
    seed: int
    meta: Mapping[str, str] = field(default_factory=dict)
    slice: str = ""


@dataclass(frozen=True)
class Reply:
    """What came back: the text, or None; `key` is the request's sha256 in the ledger.

    `held` is why the policy holds the text back. Where it is the question that was held back,
    nothing was sent and `key` is empty. `dollars` and `seconds` are what the answer took when it
    was asked for, also where it was stored already; seconds of answers that came at the same
    time add up.
    """

    text: str | None
    key: str
    held: str = ""
    dollars: float = 0.0
    seconds: float = 0.0


class Ask(Protocol):
    """Puts questions to a teacher of the goal, and gives the replies in their order.

    `usable` tells whether a text can be used at all; `on_reply` is called once a reply.
    """

    def __call__(
        self,
        teacher: str,
        questions: Sequence[Question],
        usable: Callable[[str], bool],
        on_reply: Callable[[], None],
    ) -> Sequence[Reply]:
        """Asks them all. Raises what the teacher's client raises."""
        ...


@dataclass(frozen=True)
class Order:
    """What one strategy is to make.

    Attributes:
        goal: the compiled goal.
        seeds: all hand-written examples.
        weights: slice -> how much of it is wanted, relative to the others.
        rows: rows wanted.
        requests: teacher requests that may be spent.
        seed: of the random choices.
        teacher: name of the teacher, for strategies that need one.
        options: the strategy's options in `goal.yaml`.
        ask: reaches the teacher.
        on_progress: called with (what, done, total).
        variants: names of the prompt variants to ask with; empty: the goal's choice.
        mistakes: what the last champion gets wrong on dev, as counts.
    """

    goal: Goal
    seeds: Sequence[Seed]
    weights: Mapping[str, float]
    rows: int
    requests: int
    seed: int
    teacher: str | None
    options: Mapping[str, Any]
    ask: Ask
    on_progress: Progress
    variants: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class StrategyAccount:
    """The yield of one strategy: requests asked, answered, of valid form; rows made of them.

    `prompts_held` questions were not asked and `answers_held` answers not read, as the policy
    says. `dollars` and `seconds` are sums over its answers. For a strategy without a teacher all
    but `rows` are 0.
    """

    strategy: str
    teacher: str | None
    asked: int
    answered: int
    valid: int
    rows: int
    prompts_held: int = 0
    answers_held: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Made:
    """What a strategy made."""

    rows: tuple[Row, ...]
    account: StrategyAccount


class Strategy(Protocol):
    """A way of getting examples.

    One that needs a teacher asks with `prompts/teacher/<strategy>.yaml`, a file of `prompt_type`.
    """

    needs_teacher: ClassVar[bool]
    prompt_type: ClassVar[type[Record] | None]

    def make(self, order: Order) -> Made:
        """Makes rows for an order."""
        ...


def shares(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers in proportion to the weights that add up to `total` (largest remainder)."""
    positive = {name: weight for name, weight in weights.items() if weight > 0}
    whole = sum(positive.values())
    if not positive or total <= 0:
        return {}
    exact = {name: total * weight / whole for name, weight in positive.items()}
    counts = {name: int(value) for name, value in exact.items()}
    missing = total - sum(counts.values())
    for name in sorted(exact, key=lambda n: (counts[n] - exact[n], n))[:missing]:
        counts[name] += 1
    return counts
