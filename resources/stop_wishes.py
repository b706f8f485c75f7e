"""People's wishes that a loop end after the work under way: appended to the ledger, signed.

The newest word of a goal counts. Every driver reads it before it begins anything, wherever it
runs. Loads neither Dagster nor MLflow.
"""

import json
import time
from typing import Literal

import sqlalchemy as sa
from pydantic import Field

from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.signing import authentic, canonical_json
from forgemind_assets.records import Record
from forgemind_assets.warden.alerts import plain
from forgemind_assets.warden.reviews import Reviewer
from resources.ledger_tables import metadata, open_engine, serialise, storable, write
from resources.outcome import clear_outcome, read_outcome
from resources.signing_key import open_key

LONGEST_REASON = 2_000
NO_REASON = "no reason given"

stop_wishes = sa.Table(
    "stop_wishes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("goal", sa.String, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)


class StopWish(Record):
    """One word of a person: that a loop end, or that it go on again."""

    format: Literal["forgemind-stop/1"] = "forgemind-stop/1"
    number: int = Field(ge=1, description="of the goal's words, from 1: none can be played again")
    goal: str
    stop: bool
    reason: str = Field(max_length=LONGEST_REASON)
    by: Reviewer
    at: float = Field(description="seconds since 1970")

    @property
    def sentence(self) -> str:
        """Who asked, and why."""
        return f"{self.by.name} ({self.by.source}): {self.reason}"


class StopWishes:
    """The wishes of all goals of an installation."""

    def __init__(self, home: Home):
        home.root.mkdir(parents=True, exist_ok=True)
        self._home = home
        self._engine = open_engine(home.ledger_url)

    def newest(self, goal: str) -> StopWish | None:
        """The last word on a goal. Raises AlteredArtefact where it is not one that was signed."""
        with self._engine.begin() as connection:
            return self._newest(connection, goal)

    def wished(self, goal: str) -> StopWish | None:
        """The wish that stands, or None."""
        found = self.newest(goal)
        return found if found is not None and found.stop else None

    def ask(self, goal: str, by: Reviewer, reason: str = "") -> StopWish:
        """Asks the loop of a goal to end after the work under way."""
        return self._append(goal, by, reason or NO_REASON, stop=True)

    def lift(self, goal: str, by: Reviewer, reason: str) -> StopWish | None:
        """Takes the standing wish back, and gives it; None where there is none.

        A stop that was made for it is forgotten with it.
        """
        standing = self.wished(goal)
        if standing is None:
            return None
        self._append(goal, by, reason, stop=False)
        stop = read_outcome(self._home, goal)
        if stop is not None and stop.kind == "person":
            clear_outcome(self._home, goal)
        return standing

    def _append(self, goal: str, by: Reviewer, reason: str, *, stop: bool) -> StopWish:
        key = open_key(self._home)
        with write(self._engine) as connection:
            serialise(connection)
            before = self._newest(connection, goal)
            wish = StopWish(
                number=before.number + 1 if before else 1,
                goal=goal,
                stop=stop,
                reason=storable(plain(reason, LONGEST_REASON)),
                by=by,
                at=time.time(),
            )
            body = canonical_json(wish.model_dump(mode="json"))
            row = {"goal": goal, "body": body.decode(), "signature": key.sign(body)}
            connection.execute(stop_wishes.insert().values(**row))
        return wish

    def _newest(self, connection: sa.Connection, goal: str) -> StopWish | None:
        own = stop_wishes.c.goal == goal
        query = sa.select(stop_wishes).where(own).order_by(stop_wishes.c.id.desc()).limit(1)
        row = connection.execute(query).first()
        if row is None:
            return None
        count = connection.execute(sa.select(sa.func.count()).where(own)).scalar_one()
        public = open_key(self._home).public
        if authentic(row.body.encode(), row.signature, public):
            wish = StopWish.model_validate(json.loads(row.body))
            if (wish.goal, wish.number) == (goal, count):
                return wish
        raise AlteredArtefact(
            f"stop wish {row.id} of {goal}: expected the newest of those that this installation "
            "signed, found an edited, repeated or foreign one; restore the ledger and keys/ of "
            "the home folder from one backup"
        )
