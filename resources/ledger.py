"""The ledger: teacher answers already paid for, and money reserved and spent."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal

import sqlalchemy as sa

from forgemind_assets.errors import BudgetExceeded, ForgeMindError
from resources.ledger_tables import (
    insert_once,
    open_engine,
    responses,
    serialise,
    spending,
    storable,
    write,
)
from resources.machine import ProcessId, process_alive

Kind = Literal["gpu", "api"]
NANO = 1_000_000_000


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


@dataclass(frozen=True)
class Reservation:
    """Money set aside and not settled yet."""

    id: int
    goal: str
    scope: str
    kind: str
    dollars: float
    created: float
    owner: ProcessId


@dataclass(frozen=True)
class Usage:
    """What the answers of a goal have used."""

    responses: int
    input_tokens: int
    output_tokens: int
    dollars: float


def request_key(
    model: str, messages: Sequence[Mapping[str, str]], parameters: Mapping[str, Any], seed: int
) -> str:
    """SHA-256 of the canonical JSON of a request: the same question has the same key."""
    asked = {"model": model, "messages": list(messages), "parameters": dict(parameters)}
    text = json.dumps(
        asked | {"seed": seed}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def in_full(reservation: Reservation) -> float:
    """The charge for a reservation whose owner died: all of it, for its cost is not known."""
    return reservation.dollars


class Ledger:
    """One SQL database that all processes of an installation share. Amounts are US dollars."""

    def __init__(self, url: str):
        self.url = url
        self._engine = open_engine(url)
        self._this = ProcessId.of_this()

    def __reduce__(self) -> tuple[type["Ledger"], tuple[str]]:
        return Ledger, (self.url,)

    def response(self, key: str) -> StoredResponse | None:
        """The stored answer to a request, if there is one."""
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(responses).where(responses.c.key == key)).first()
        if row is None:
            return None
        values = dict(row._mapping)
        return StoredResponse(dollars=values.pop("nanodollars") / NANO, **values)

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

        `settles` names the reservation that this answer's `dollars` settle, in one transaction.
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
            "nanodollars": _nano(dollars),
            "seconds": seconds,
            "created": time.time(),
        }
        with write(self._engine) as connection:
            stored = insert_once(connection, responses, values)
            if settles is not None:
                _settle(connection, settles, _nano(dollars), None)
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
        wanted, most = _nano(dollars), _nano(limit, ROUND_CEILING)
        if wanted < 0:
            raise ValueError(f"expected dollars of at least 0, found {dollars}")
        with write(self._engine) as connection:
            serialise(connection)
            used = _used(connection, goal, kind, scope if per == "scope" else None)
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
            result = connection.execute(spending.insert().values(**row))
            return int(result.inserted_primary_key[0])  # pyright: ignore

    def settle(self, reservation: int, dollars: float, note: str | None = None) -> None:
        """Replaces a reservation by what was really spent.

        Raises:
            ForgeMindError: it is settled already, or was never made.
        """
        with write(self._engine) as connection:
            _settle(connection, reservation, _nano(dollars), note)

    def open_reservations(self, goal: str | None = None) -> list[Reservation]:
        """Reservations that are not settled, oldest first."""
        query = sa.select(spending).where(spending.c.settled.is_(None)).order_by(spending.c.id)
        if goal is not None:
            query = query.where(spending.c.goal == goal)
        with self._engine.begin() as connection:
            return [_reservation(row) for row in connection.execute(query)]

    def release_stale(
        self, goal: str | None = None, charge: Callable[[Reservation], float] = in_full
    ) -> list[Reservation]:
        """Settles reservations whose process on this machine is gone, and returns them.

        What a killed process had spent is not known: by default it is charged in full. A caller
        that knows better says so with `charge`. Those of other machines are left alone.
        """
        released = []
        for found in self.open_reservations(goal):
            owner = found.owner
            if owner.host != self._this.host or process_alive(owner.pid, owner.start_time):
                continue
            amount = _nano(charge(found))
            with write(self._engine) as connection:
                if _settle(connection, found.id, amount, "its process is gone", must=False):
                    released.append(found)
        return released

    def spent(self, goal: str, kind: Kind, scope: str | None = None) -> float:
        """Dollars spent or still reserved, for the whole goal or one scope."""
        with self._engine.begin() as connection:
            return _used(connection, goal, kind, scope) / NANO

    def count_responses(self, goal: str) -> int:
        """Answers stored for a goal."""
        return self.usage(goal).responses

    def usage(self, goal: str, iteration: str | None = None, teacher: str | None = None) -> Usage:
        """Answers, tokens and dollars of a goal, of one iteration or teacher if named."""
        c = responses.c
        query = sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(c.input_tokens), 0),
            sa.func.coalesce(sa.func.sum(c.output_tokens), 0),
            sa.func.coalesce(sa.func.sum(c.nanodollars), 0),
        ).where(c.goal == goal)
        if iteration is not None:
            query = query.where(c.iteration == iteration)
        if teacher is not None:
            query = query.where(c.teacher == teacher)
        with self._engine.begin() as connection:
            count, inputs, outputs, nano = connection.execute(query).one()
        return Usage(int(count), int(inputs), int(outputs), int(nano) / NANO)


def _nano(dollars: float, rounding: str = ROUND_CEILING) -> int:
    """Billionths of a dollar: whole numbers, so that sums are exact."""
    amount = Decimal(str(dollars))
    if not amount.is_finite():
        raise ValueError(f"expected a finite number of dollars, found {dollars}")
    return int((amount * NANO).to_integral_value(rounding))


def _used(connection: sa.Connection, goal: str, kind: str, scope: str | None) -> int:
    amount = sa.func.coalesce(spending.c.settled, spending.c.reserved)
    query = sa.select(sa.func.coalesce(sa.func.sum(amount), 0)).where(
        spending.c.goal == goal, spending.c.kind == kind
    )
    if scope is not None:
        query = query.where(spending.c.scope == scope)
    return int(connection.execute(query).scalar_one())


def _settle(
    connection: sa.Connection, id: int, nano: int, note: str | None, *, must: bool = True
) -> bool:
    if nano < 0:
        raise ValueError(f"expected dollars of at least 0, found {nano / NANO}")
    values: dict[str, Any] = {"settled": nano} | ({} if note is None else {"note": note})
    still_open = sa.and_(spending.c.id == id, spending.c.settled.is_(None))
    done = connection.execute(spending.update().where(still_open).values(**values)).rowcount == 1
    if must and not done:
        raise ForgeMindError(f"reservation {id} is settled already, or was never made")
    return done


def _reservation(row: sa.Row[Any]) -> Reservation:
    owner = ProcessId(row.pid, row.start_time, row.host)
    return Reservation(
        row.id, row.goal, row.scope, row.kind, row.reserved / NANO, row.created, owner
    )
