"""What happened to registered versions, in the ledger's database: append-only, chained, signed.

Every entry carries the hash of the goal's entry before it and is signed with the installation's
key. All entries of a goal are verified whenever one is read: an edited, inserted or removed entry
(but for the newest ones) is an error that names it.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from pydantic import Field

from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.signing import Signature, Signer, authentic, canonical_json
from forgemind_assets.records import Record
from resources.ledger_tables import metadata, open_engine, serialise, write
from resources.signing_key import open_key

Action = Literal[
    "registered", "promoted", "rolled_back", "sealed_opened", "sealed_read", "gate_looked"
]
MOVES: tuple[Action, ...] = ("promoted", "rolled_back")
FIRST = "0" * 64

registry_events = sa.Table(
    "registry_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("goal", sa.String, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)


class Event(Record):
    """One thing that happened to a version."""

    format: Literal["forgemind-registry/1"] = "forgemind-registry/1"
    goal: str
    version: str
    trial: str
    adapter_version: str
    action: Action
    reason: str
    by: str
    at: float = Field(description="seconds since 1970")
    stable_before: str | None = Field(default=None, description="version that was `stable`")
    evidence: dict[str, Any] = Field(
        default_factory=dict, description="signature, verdict of the gate, approval, sealed rates"
    )
    previous: str = Field(default=FIRST, description="SHA-256 of the goal's entry before")


class OfVersion(Protocol):
    """What an entry says of a registered version."""

    @property
    def model(self) -> str:
        """The goal."""
        ...

    @property
    def version(self) -> str:
        """Its number."""
        ...

    @property
    def trial(self) -> str:
        """Where it comes from."""
        ...

    @property
    def adapter_version(self) -> str:
        """Version of the adapter in the store."""
        ...


@dataclass(frozen=True)
class Word:
    """Why something is done to a version, and by whom."""

    reason: str
    by: str


class Registrations:
    """The registered versions of all goals, as this installation signed them."""

    def __init__(self, url: str, key: Signer):
        self._engine = open_engine(url)
        self._key = key

    def record(
        self,
        action: Action,
        *,
        goal: str,
        version: str,
        trial: str,
        adapter_version: str,
        reason: str,
        by: str,
        stable_before: str | None = None,
        evidence: dict[str, Any] | None = None,
        allowed: Callable[[list[Event]], None] = lambda events: None,
    ) -> Event:
        """Appends one entry. Raises AlteredArtefact where those before it do not hold.

        `allowed` is called with those before it while nobody else can write, and may raise.
        """
        with write(self._engine) as connection:
            serialise(connection)
            known = self._read(connection, goal)
            allowed([event for event, _ in known])
            event = Event(
                goal=goal,
                version=version,
                trial=trial,
                adapter_version=adapter_version,
                action=action,
                reason=reason,
                by=by,
                at=time.time(),
                stable_before=stable_before,
                evidence=evidence or {},
                previous=known[-1][1] if known else FIRST,
            )
            body = canonical_json(event.model_dump(mode="json"))
            row = {"goal": goal, "body": body.decode(), "signature": self._key.sign(body)}
            connection.execute(registry_events.insert().values(**row))
        return event

    def record_of(
        self,
        version: OfVersion,
        action: Action,
        said: Word,
        *,
        stable_before: str | None = None,
        evidence: dict[str, Any] | None = None,
        allowed: Callable[[list[Event]], None] = lambda events: None,
    ) -> Event:
        """`record` for what a person or a run does to a registered version."""
        return self.record(
            action,
            goal=version.model,
            version=version.version,
            trial=version.trial,
            adapter_version=version.adapter_version,
            reason=said.reason,
            by=said.by,
            stable_before=stable_before,
            evidence=evidence,
            allowed=allowed,
        )

    def events(self, goal: str) -> list[Event]:
        """A goal's entries, oldest first. Raises AlteredArtefact where they do not hold."""
        with self._engine.begin() as connection:
            return [event for event, _ in self._read(connection, goal)]

    def goals(self) -> list[str]:
        """The goals that have entries, in order."""
        names = sa.select(registry_events.c.goal).distinct().order_by(registry_events.c.goal)
        with self._engine.begin() as connection:
            return list(connection.execute(names).scalars())

    def registered(self, goal: str, trial: str) -> Event | None:
        """The registration of a trial's adapter, or None where it was never registered."""
        found = [e for e in self.events(goal) if e.action == "registered" and e.trial == trial]
        return found[-1] if found else None

    def _read(self, connection: sa.Connection, goal: str) -> list[tuple[Event, str]]:
        """The entries with their hashes."""
        query = sa.select(registry_events).where(registry_events.c.goal == goal)
        found: list[tuple[Event, str]] = []
        previous = FIRST
        for row in connection.execute(query.order_by(registry_events.c.id)):
            body = row.body.encode()
            event = _event(row.body) if authentic(body, row.signature, self._key.public) else None
            if event is None or event.goal != goal or event.previous != previous:
                raise AlteredArtefact(
                    f"registry entry {row.id} of {goal}: expected one that this installation "
                    "signed after the entry before it, found an edited, moved or foreign one; "
                    "restore the ledger and keys/ of the home folder from one backup"
                )
            previous = hashlib.sha256(body).hexdigest()
            found.append((event, previous))
        return found


def _event(body: str) -> Event:
    return Event.model_validate(json.loads(body))


def signature_of(event: Event) -> Signature:
    """The signature that a registration carries."""
    return Signature.model_validate(event.evidence["signature"])


def stable_version(events: list[Event]) -> str | None:
    """The version that `stable` points at, by the record; None where nothing was promoted."""
    moves = [event.version for event in events if event.action in MOVES]
    return moves[-1] if moves else None


def open_registrations(home: Home) -> Registrations:
    """The registrations of an installation."""
    home.root.mkdir(parents=True, exist_ok=True)
    return Registrations(home.ledger_url, open_key(home))
