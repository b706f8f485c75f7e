"""What is asked of a teacher, what comes back, and on whose account."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from forgemind_assets.goal import Prices, Teacher
from forgemind_assets.records import Record
from resources.ledger import Ledger, request_key
from resources.teacher_api import ChatApi, Endpoint, instruction

Status = Literal["fresh", "stored", "failed", "skipped"]
Message = dict[str, str]


class TeacherRequest(Record):
    """One question. None stands for the teacher's own setting."""

    messages: tuple[Message, ...] = Field(min_length=1)
    json_schema: dict[str, Any] | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    seed: int = 0
    redraws: int | None = Field(
        default=None,
        ge=0,
        description="further seeds while no answer fits the schema; not in the key",
    )

    def drawn(self, draw: int) -> "TeacherRequest":
        """The same question with the seed of a later draw; draw 0 is this one."""
        if draw == 0:
            return self
        seed = random.Random(f"{self.seed}/{draw}").randrange(2**31)  # noqa: S311 - no secret
        return self.model_copy(update={"seed": seed})


@dataclass(frozen=True)
class TeacherAnswer:
    """What became of one request.

    `stored` came from the ledger, `failed` got no answer after all attempts, `skipped` was not
    asked; `text` is None for the last two, and `reason` says why. `text` fits the request's
    schema unless `reason` says where it does not. `key` is of the draw that gave the text, and
    tokens, dollars and seconds are those of that draw.
    """

    request: TeacherRequest
    key: str
    status: Status
    text: str | None = None
    reason: str = ""
    finish_reason: str = ""
    repaired: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Patience:
    """How long a request is tried again. Seconds."""

    attempts: int = 8
    """A teacher that fails one request in five would lose three of 10,000 with five attempts.
    A refusal counts only where the teacher has answered nobody since the one before."""
    first_wait: float = 1.0
    longest_wait: float = 60.0
    give_up_after: int = 12
    """Answers that may all be unusable before the teacher is given up."""
    enough_to_judge: int = 4
    """Answers after which a batch that ended without a usable one is an error."""


@dataclass(frozen=True)
class Account:
    """One teacher, asked on behalf of one goal and iteration.

    Attributes:
        teacher: its settings.
        prices: dollars per million tokens.
        connect: gives the endpoint; called before the first request that must be asked, and
            again when nobody answers there.
        ledger: where answers and spending are kept.
        goal: name of the goal.
        iteration: the iteration that asks.
        limit_dollars: what the goal may spend on APIs in all.
        patience: retries.
        place: what the teacher has to itself while it answers, such as this machine's cores;
            empty where it shares nothing.
        open_api: makes the connections to an endpoint, from its time-out in seconds and the most
            requests at a time.
        on_turn: called when the asking begins: where teachers share a place, after those before it.
    """

    teacher: Teacher
    prices: Prices
    connect: Callable[[], Endpoint]
    ledger: Ledger
    goal: str
    iteration: str
    limit_dollars: float
    patience: Patience = field(default_factory=Patience)
    place: str = ""
    open_api: Callable[[Endpoint, float, int], ChatApi] = ChatApi
    on_turn: Callable[[], None] = lambda: None

    def key(self, request: TeacherRequest) -> str:
        """The request's name in the ledger."""
        parameters = {
            "max_tokens": self.max_tokens(request),
            "temperature": self.temperature(request),
            "schema": request.json_schema,
        }
        return request_key(self.teacher.model, request.messages, parameters, request.seed)

    def max_tokens(self, request: TeacherRequest) -> int:
        """The longest answer, in tokens."""
        return request.max_tokens or self.teacher.max_tokens

    def temperature(self, request: TeacherRequest) -> float:
        """The sampling temperature."""
        return self.teacher.temperature if request.temperature is None else request.temperature

    def redraws(self, request: TeacherRequest) -> int:
        """How many further seeds may be tried."""
        return self.teacher.redraws if request.redraws is None else request.redraws

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars of a request."""
        return (input_tokens * self.prices.input + output_tokens * self.prices.output) / 1e6

    def most_tokens(self, request: TeacherRequest) -> int:
        """Tokens of prompt and answer that the request cannot exceed."""
        return self.most_input(request) + self.max_tokens(request)

    def most_cost(self, request: TeacherRequest) -> float:
        """Dollars that the request cannot exceed."""
        return self.cost(self.most_input(request), self.max_tokens(request))

    def most_input(self, request: TeacherRequest) -> int:
        """Tokens that the request cannot exceed: no token is shorter than a byte of UTF-8."""
        text = sum(len(m.get("content", "").encode()) + 16 for m in request.messages)
        schema = request.json_schema
        return text + (len(instruction(schema).encode()) + 16 if schema is not None else 0)
