"""What a strategy is told, what it gives back, and how it reaches a teacher."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from forgemind_assets.errors import ForgeMindError
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
    time add up. `asked` is False where the money or the patience ended before this question.
    """

    text: str | None
    key: str
    held: str = ""
    dollars: float = 0.0
    seconds: float = 0.0
    asked: bool = True


@dataclass(frozen=True)
class Inquiry:
    """What one strategy puts to one teacher.

    Attributes:
        teacher: its name in the goal.
        questions: in the order of asking.
        usable: tells whether a text can be used at all.
        on_reply: called once a reply.
    """

    teacher: str
    questions: Sequence[Question]
    usable: Callable[[str], bool]
    on_reply: Callable[[], None]


@dataclass(frozen=True)
class Heard:
    """What came back to one inquiry: a reply for each question, in their order.

    `trouble` is why the teacher was given up, if it was; the replies are those until then.
    """

    replies: Sequence[Reply]
    trouble: ForgeMindError | None = None


class Ask(Protocol):
    """Puts inquiries to the teachers of the goal, all at once, and gives what each heard."""

    def __call__(self, inquiries: Sequence[Inquiry]) -> Sequence[Heard]:
        """Asks them all. Raises what is wrong before anybody is asked: a key that is missing."""
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
        on_progress: called with (what, done, total).
        variants: names of the prompt variants to ask with; empty: the goal's choice.
        mistakes: what the trial that leads on dev gets wrong on dev, as counts.
    """

    goal: Goal
    seeds: Sequence[Seed]
    weights: Mapping[str, float]
    rows: int
    requests: int
    seed: int
    teacher: str | None
    options: Mapping[str, Any]
    on_progress: Progress
    variants: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class StrategyAccount:
    """The yield of one strategy: requests asked, answered, of valid form; rows made of them.

    `prompts_held` questions were not asked and `answers_held` answers not read, as the policy
    says. `dollars` and `seconds` are sums over its answers. `trouble` is why the teacher was given
    up, if it was. For a strategy without a teacher all but `rows` are 0.
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
    trouble: str = ""


@dataclass(frozen=True)
class Made:
    """What a strategy made."""

    rows: tuple[Row, ...]
    account: StrategyAccount


class Strategy(Protocol):
    """A way of getting examples.

    One that needs a teacher is a `Taught`, and asks with `prompts/teacher/<strategy>.yaml`, a file
    of `prompt_type`; the others are `Alone`. What may stand under its `options` in a goal are the
    fields of `option_type`.
    """

    needs_teacher: ClassVar[bool]
    prompt_type: ClassVar[type[Record] | None]
    option_type: ClassVar[type[Record]]


@runtime_checkable
class Alone(Strategy, Protocol):
    """A strategy that makes its rows without asking anybody."""

    def make(self, order: Order) -> Made:
        """Makes rows for an order."""
        ...


K = TypeVar("K", str, tuple[str, str])


def shares(weights: Mapping[K, float], total: int) -> dict[K, int]:
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
