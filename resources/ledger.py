"""The ledger: teacher answers already paid for, and money reserved and spent."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from resources.ledger_tables import open_engine, responses, spending
from resources.ledger_writer import (
    NANO,
    Kind,
    LedgerWriter,
    StoredResponse,
    read_responses,
    spent,
)
from resources.machine import ProcessId, process_alive

P = ParamSpec("P")
T = TypeVar("T")


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


def in_one_transaction(
    method: Callable[Concatenate[LedgerWriter, P], T],
) -> Callable[Concatenate["Ledger", P], T]:
    """The same method of a ledger: on a connection of its own, in a transaction of its own."""

    @wraps(method)
    def call(self: "Ledger", *args: P.args, **kwargs: P.kwargs) -> T:
        with self.writer() as writer, writer.transaction():
            return method(writer, *args, **kwargs)

    return call


class Ledger:
    """One SQL database that all processes of an installation share. Amounts are US dollars."""

    def __init__(self, url: str):
        self.url = url
        self._engine = open_engine(url)
        self._this = ProcessId.of_this()

    def __reduce__(self) -> tuple[type["Ledger"], tuple[str]]:
        return Ledger, (self.url,)

    def writer(self) -> LedgerWriter:
        """A connection for many transactions; close it."""
        return LedgerWriter(self._engine, self._this)

    def response(self, key: str) -> StoredResponse | None:
        """The stored answer to a request, if there is one."""
        return self.responses([key]).get(key)

    def responses(self, keys: Sequence[str]) -> dict[str, StoredResponse]:
        """The stored answers to these requests, by key."""
        with self._engine.begin() as connection:
            return read_responses(connection, keys)

    store_response = in_one_transaction(LedgerWriter.store_response)
    reserve = in_one_transaction(LedgerWriter.reserve)
    settle = in_one_transaction(LedgerWriter.settle)

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
            amount = charge(found)
            with self.writer() as writer, writer.transaction():
                if writer.settle(found.id, amount, "its process is gone", must=False):
                    released.append(found)
        return released

    def spent(self, goal: str, kind: Kind, scope: str | None = None) -> float:
        """Dollars spent or still reserved, for the whole goal or one scope."""
        with self._engine.begin() as connection:
            return spent(connection, goal, kind, scope) / NANO

    def spent_by_scope(self, goal: str, kind: Kind) -> dict[str, float]:
        """Dollars spent or still reserved of each iteration or trial."""
        query = sa.select(spending.c.scope).distinct()
        query = query.where(spending.c.goal == goal, spending.c.kind == kind)
        with self._engine.begin() as connection:
            scopes = sorted(connection.execute(query).scalars())
            return {scope: spent(connection, goal, kind, scope) / NANO for scope in scopes}

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


def _reservation(row: sa.Row[Any]) -> Reservation:
    owner = ProcessId(row.pid, row.start_time, row.host)
    return Reservation(
        row.id, row.goal, row.scope, row.kind, row.reserved / NANO, row.created, owner
    )
