"""Teachers: many requests to one OpenAI-compatible model, each answer kept and paid for once."""

import os
import time
from collections.abc import Callable, Sequence

from forgemind_assets.errors import ForgeMindError, MissingKey, UserError
from forgemind_assets.goal import Goal, Prices, Teacher
from forgemind_assets.home import Home
from resources.ledger import Ledger
from resources.models import ModelStore
from resources.teacher_api import Endpoint
from resources.teacher_batch import Batch
from resources.teacher_engine import ask_all
from resources.teacher_terms import Account, Message, Patience, TeacherAnswer, TeacherRequest

__all__ = [
    "Account",
    "Message",
    "Patience",
    "TeacherAnswer",
    "TeacherClient",
    "TeacherRequest",
    "open_teacher",
]

OPENAI_URL = "https://api.openai.com/v1"
FREE = Prices(input=0.0, output=0.0)
# Two llama.cpp servers at once each take all cores, and wait for each other at every layer.
THIS_MACHINE = "the cores of this machine"


class TeacherClient:
    """Asks one teacher on behalf of one goal and iteration."""

    def __init__(self, account: Account):
        self.account = account

    @property
    def name(self) -> str:
        """The teacher's name in the goal."""
        return self.account.teacher.name

    def key(self, request: TeacherRequest) -> str:
        """The request's name in the ledger."""
        return self.account.key(request)

    def ask_many(
        self,
        requests: Sequence[TeacherRequest],
        on_answer: Callable[[TeacherAnswer], None] = lambda _: None,
        *,
        usable: Callable[[str], bool] = lambda _: True,
        max_seconds: float | None = None,
    ) -> list[TeacherAnswer]:
        """Answers in the order of the requests; `on_answer` gets each as it arrives.

        A stored answer is neither asked nor paid again; a new one is stored the moment it
        arrives. A request that gets no answer after all attempts is marked failed, and the
        others go on. After `max_seconds`, or when the budget is spent, nothing new is asked.

        Raises:
            TeacherError: the teacher refuses, cannot be reached, or nothing it says is `usable`.
            BudgetExceeded: not one request could be paid for.
        """
        batch = Batch(self.account, requests, on_answer, usable=usable, max_seconds=max_seconds)
        (outcome,) = ask_all([batch])
        if isinstance(outcome, ForgeMindError):
            raise outcome
        return outcome


def open_teacher(
    teacher: Teacher,
    home: Home,
    ledger: Ledger,
    models: ModelStore,
    goal: Goal,
    iteration: str,
    on_wait: Callable[[float, str], None] = lambda _seconds, _what: None,
) -> TeacherClient:
    """A client for a teacher of the goal. Nothing is downloaded or started yet.

    `on_wait(seconds, what for)` is called while weights are fetched and a server starts, and
    once when it has.

    Raises:
        MissingKey: its key is not in the environment.
        UserError: it has no prices, so that its cost could not be known.
        UnknownModel: the catalogue has no such model (embedded teachers).
    """
    limit = goal.spec.limits.api_dollars_per_goal
    if teacher.kind == "embedded":
        models.state(teacher.model)
        connect = _embedded(teacher, home, models, on_wait)
        account = Account(
            teacher, FREE, connect, ledger, goal.name, iteration, limit, place=THIS_MACHINE
        )
        return TeacherClient(account)
    if teacher.prices is None:
        raise UserError(
            f"teacher {teacher.name}: expected `prices: {{input, output}}` in dollars per million "
            "tokens, found none; a cost that is not known cannot be limited (0 for your own server)"
        )
    endpoint = Endpoint(teacher.base_url or OPENAI_URL, _key_of(teacher), teacher.model)
    return TeacherClient(
        Account(teacher, teacher.prices, lambda: endpoint, ledger, goal.name, iteration, limit)
    )


def _key_of(teacher: Teacher) -> str:
    if teacher.api_key_env is None:
        return "none"  # a server of one's own may need no key; the client insists on some text
    key = os.environ.get(teacher.api_key_env, "").strip()
    if not key:
        raise MissingKey(
            f"teacher {teacher.name}: its API key is not in the environment; set "
            f"{teacher.api_key_env}, or name another variable as `api_key_env` in goal.yaml"
        )
    return key


def _embedded(
    teacher: Teacher, home: Home, models: ModelStore, on_wait: Callable[[float, str], None]
) -> Callable[[], Endpoint]:
    """Fetches the weights and starts the server, each when it is needed."""

    def connect() -> Endpoint:
        from resources.embedded_server import ensure_server

        began = time.monotonic()

        def fetched(done: int, total: int) -> None:
            what = f"fetches {teacher.model}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
            on_wait(time.monotonic() - began, what)

        weights = models.pull(teacher.model, fetched)
        address = ensure_server(home, weights, on_wait=on_wait)
        on_wait(0.0, "waiting for the first answer")
        return Endpoint(address.base_url, address.api_key, teacher.model)

    return connect
