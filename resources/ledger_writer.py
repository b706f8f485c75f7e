"""Writing to the ledger: answers and money, several entries in one transaction."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal, Self

import sqlalchemy as sa

from forgemind_assets.errors import BudgetExceeded, ForgeMindError
from resources.ledger_tables import responses, serialise, spending, storable
from resources.machine import ProcessId

Kind = Literal["gpu", "api"]
NANO = 1_000_000_000
Where = tuple[str, str, str | None]

# As text: what SQLAlchemy builds of its own parts for every row takes longer than the database.
_NAMES = [column.name for column in responses.columns]
_STORE = sa.text(
    f"INSERT INTO responses ({', '.join(_NAMES)}) "  # noqa: S608 - names of our own columns
    f"VALUES ({', '.join(f':{name}' for name in _NAMES)}) ON CONFLICT DO NOTHING "
    "RETURNING key"
).bindparams(sa.bindparam("request", type_=sa.JSON))
_RESERVED = [column.name for column in spending.columns if column.name != "id"]
_RESERVE = sa.text(
    f"INSERT INTO spending ({', '.join(_RESERVED)}) "  # noqa: S608 - names of our own columns
    f"VALUES ({', '.join(f':{name}' for name in _RESERVED)}) RETURNING id"
)
_SETTLE = sa.text(
    "UPDATE spending SET settled = :amount, note = COALESCE(:note, note) "
    "WHERE id = :id AND settled IS NULL RETURNING goal, kind, scope, reserved"
)


@dataclass(frozen=True)
class StoredResponse:
    """A teacher's answer, as it was paid for."""

    key: str
    goal: str
    teacher: str
    iteration: str
    request: dict[str, Any]
    text: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    dollars: float
    seconds: float
    created: float


class LedgerWriter:
    """One connection, kept while it is open, and what may be done in a transaction on it.

    Sums of money are remembered from one transaction to the next for as long as nobody else has
    written to the database, so that a reservation costs the same after a million of them.
    """

    def __init__(self, engine: sa.Engine, this: ProcessId):
        self._connection = engine.connect().execution_options(writes=True)
        self._this = this
        self._used: dict[Where, int] = {}
        self._version: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """All that is done inside is written, or nothing of it."""
        try:
            with self._connection.begin():
                serialise(self._connection)
                self._forget_if_others_wrote()
                yield self
        except BaseException:
            self._used.clear()
            raise

    def _forget_if_others_wrote(self) -> None:
        version = None
        if self._connection.dialect.name == "sqlite":
            version = int(self._connection.exec_driver_sql("PRAGMA data_version").scalar_one())
        if version is None or version != self._version:
            self._used.clear()
        self._version = version

    def stored(self, keys: Sequence[str]) -> dict[str, StoredResponse]:
        """The answers to those of these requests that have one."""
        return read_responses(self._connection, keys)

    def store_response(
        self,
        key: str,
        *,
        goal: str,
        teacher: str,
        iteration: str,
        request: Mapping[str, Any],
        text: str,
        finish_reason: str = "",
        input_tokens: int,
        output_tokens: int,
        dollars: float,
        seconds: float,
        settles: int | None = None,
    ) -> bool:
        """Stores an answer; the first stored under a key stays. Returns whether this was it.

        `settles` names the reservation that this answer's `dollars` settle.
        """
        values = {
            "key": key,
            "goal": goal,
            "teacher": teacher,
            "iteration": iteration,
            "request": dict(request),
            "text": storable(text),
            "finish_reason": storable(finish_reason),
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "nanodollars": nano(dollars),
            "seconds": seconds,
            "created": time.time(),
        }
        stored = self._connection.execute(_STORE, values).first() is not None
        if settles is not None:
            self.settle(settles, dollars)
        return stored

    def reserve(
        self,
        goal: str,
        scope: str,
        kind: Kind,
        dollars: float,
        limit: float,
        *,
        per: Literal["goal", "scope"] = "goal",
        note: str = "",
    ) -> int:
        """Sets `dollars` aside before they are spent, and returns the reservation's id.

        Args:
            goal: name of the goal.
            scope: the iteration or trial that spends.
            kind: `gpu` or `api`; they have limits of their own.
            dollars: the most that this may cost.
            limit: what may be spent and reserved in all, this one included.
            per: whether `limit` holds for the whole goal or for this scope alone.
            note: what it is for.

        Raises:
            BudgetExceeded: it would pass the limit. Nothing is reserved.
        """
        wanted, most = nano(dollars), nano(limit)
        if wanted < 0:
            raise ValueError(f"expected dollars of at least 0, found {dollars}")
        used = self._sum((goal, kind, scope if per == "scope" else None))
        if used + wanted > most:
            where = f"goal {goal}" + (f", {scope}" if per == "scope" else "")
            raise BudgetExceeded(
                f"{kind} budget of {where}: ${used / NANO:.6f} of ${limit:.6f} are spent or "
                f"reserved, the next step may cost ${dollars:.6f}; raise the limit in "
                "goal.yaml, or stop here"
            )
        row = {
            "goal": goal,
            "scope": scope,
            "kind": kind,
            "reserved": wanted,
            "settled": None,
            "created": time.time(),
            "note": note,
            "pid": self._this.pid,
            "start_time": self._this.start_time,
            "host": self._this.host,
        }
        made = int(self._connection.execute(_RESERVE, row).scalar_one())
        self._add(goal, kind, scope, wanted)
        return made

    def settle(
        self, reservation: int, dollars: float, note: str | None = None, *, must: bool = True
    ) -> bool:
        """Replaces a reservation by what was really spent. Returns whether it was still open.

        Raises:
            ForgeMindError: it is settled already, or was never made, and `must` be open.
        """
        amount = nano(dollars)
        if amount < 0:
            raise ValueError(f"expected dollars of at least 0, found {dollars}")
        values = {"amount": amount, "note": note, "id": reservation}
        done = self._connection.execute(_SETTLE, values).first()
        if done is not None:
            self._add(done.goal, done.kind, done.scope, amount - done.reserved)
        elif must:
            raise ForgeMindError(f"reservation {reservation} is settled already, or was never made")
        return done is not None

    def open_here(self, goal: str, kind: Kind) -> int:
        """Reservations of this process that are not settled."""
        c, this = spending.c, self._this
        query = sa.select(sa.func.count()).where(
            c.goal == goal, c.kind == kind, c.settled.is_(None), c.host == this.host
        )
        query = query.where(c.pid == this.pid, c.start_time == this.start_time)
        return int(self._connection.execute(query).scalar_one())

    def _sum(self, where: Where) -> int:
        if where not in self._used:
            self._used[where] = spent(self._connection, *where)
        return self._used[where]

    def _add(self, goal: str, kind: str, scope: str, amount: int) -> None:
        for where in ((goal, kind, None), (goal, kind, scope)):
            if where in self._used:
                self._used[where] += amount


def nano(dollars: float) -> int:
    """Billionths of a dollar, rounded up: whole numbers, so that sums are exact."""
    amount = Decimal(str(dollars))
    if not amount.is_finite():
        raise ValueError(f"expected a finite number of dollars, found {dollars}")
    return int((amount * NANO).to_integral_value(ROUND_CEILING))


def spent(connection: sa.Connection, goal: str, kind: str, scope: str | None) -> int:
    """Billionths of a dollar that are spent or still reserved."""
    amount = sa.func.coalesce(spending.c.settled, spending.c.reserved)
    query = sa.select(sa.func.coalesce(sa.func.sum(amount), 0)).where(
        spending.c.goal == goal, spending.c.kind == kind
    )
    if scope is not None:
        query = query.where(spending.c.scope == scope)
    return int(connection.execute(query).scalar_one())


def read_responses(connection: sa.Connection, keys: Sequence[str]) -> dict[str, StoredResponse]:
    """The stored answers to these requests, by key."""
    found: dict[str, StoredResponse] = {}
    for start in range(0, len(keys), 500):  # databases limit the values of one query
        query = sa.select(responses).where(responses.c.key.in_(keys[start : start + 500]))
        for row in connection.execute(query):
            values = dict(row._mapping)
            found[row.key] = StoredResponse(dollars=values.pop("nanodollars") / NANO, **values)
    return found
