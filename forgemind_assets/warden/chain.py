"""The hash chain of the review records: an edited, added or missing record shows.

Each record's hash is the SHA-256 of the canonical JSON of the hash before it and the record.
Whoever can write to the database could compute a whole new chain; a witness, the newest hash
kept outside the database, shows that and a tail that was cut off.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from forgemind_assets.records import Record

GENESIS = "0" * 64


class ChainEntry(Record):
    """One stored record. Every field but `hash` goes into `hash`."""

    seq: int = Field(description="1, 2, 3, …")
    review: str
    event: Literal["asked", "decided"]
    goal: str
    at: float = Field(description="seconds since 1970")
    body: str = Field(description="the question or the ruling, as canonical JSON")
    previous: str
    hash: str


class SetAside(Record):
    """The records up to one that a person has set aside, for they were never signed.

    They stay and can be read, and count for nothing.
    """

    seq: int = Field(description="number of the last of them")
    hash: str = Field(description="its hash")
    by: str
    reason: str
    at: float = Field(description="seconds since 1970")


class Witness(Record):
    """The newest record that this machine has seen, and what was set aside on it."""

    seq: int
    hash: str
    set_aside: SetAside | None = None

    @property
    def unsigned(self) -> int:
        """So many records at the beginning count for nothing."""
        return self.set_aside.seq if self.set_aside else 0


class Break(Record):
    """The first record that does not hold, and why."""

    seq: int
    review: str | None
    reason: str
    unsigned: int = Field(default=0, description="so many records, the first ones, are unsigned")

    @property
    def sentence(self) -> str:
        """For a message."""
        of = f" (review {self.review})" if self.review else ""
        return f"review record {self.seq}{of}: {self.reason}"

    @property
    def advice(self) -> str:
        """What it means, and what a person can do."""
        if not self.unsigned:
            return (
                "The review records were tampered with or restored from an older copy: nothing is "
                "decided or promoted until they hold again"
            )
        return (
            f"Review records 1 to {self.unsigned} were written before records were signed, or "
            "their signatures were taken away: nothing is decided or promoted while they stand. "
            "Read them with `forgemind review list --unsigned`, then let them count for nothing "
            "with `forgemind review set-aside --reason ...`; what still needs a decision is "
            "asked again"
        )


def canonical_json(value: Any) -> str:
    """One text for one value: keys sorted, no spaces, no NaN (ValueError)."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def link(
    previous: ChainEntry | None,
    *,
    review: str,
    event: Literal["asked", "decided"],
    goal: str,
    at: float,
    body: str,
) -> ChainEntry:
    """The record that follows another."""
    before = previous.hash if previous else GENESIS
    entry = ChainEntry(
        seq=previous.seq + 1 if previous else 1,
        review=review,
        event=event,
        goal=goal,
        at=at,
        body=body,
        previous=before,
        hash="",
    )
    return entry.model_copy(update={"hash": digest(entry)})


def digest(entry: ChainEntry) -> str:
    """What an entry's hash must be."""
    names = set(ChainEntry.model_fields) - {"hash", "previous"}
    record = {name: getattr(entry, name) for name in names}
    text = canonical_json({"previous": entry.previous, "record": record})
    return hashlib.sha256(text.encode()).hexdigest()


def first_break(entries: Sequence[ChainEntry], witness: Witness | None = None) -> Break | None:
    """The first record that does not hold, or None where all do."""
    before = GENESIS
    for number, entry in enumerate(entries, 1):
        if entry.seq != number:
            return Break(seq=number, review=None, reason="it is missing")
        if not _whole(entry):
            return Break(seq=number, review=str(entry.review), reason="it was altered")
        if entry.previous != before:
            reason = "it does not follow the record before it"
            return Break(seq=number, review=entry.review, reason=reason)
        before = entry.hash
    return _against(entries, witness)


def _whole(entry: ChainEntry) -> bool:
    try:
        return entry.hash == digest(entry)
    except (TypeError, ValueError):
        return False  # someone has stored what is no text and no number


def _against(entries: Sequence[ChainEntry], witness: Witness | None) -> Break | None:
    if witness is None:
        return None
    if witness.seq > len(entries):
        reason = f"it is missing: this machine has seen {witness.seq} records"
        return Break(seq=len(entries) + 1, review=None, reason=reason)
    if witness.seq and entries[witness.seq - 1].hash != witness.hash:
        reason = "it, or one before it, is not what this machine has seen"
        return Break(seq=witness.seq, review=entries[witness.seq - 1].review, reason=reason)
    aside = witness.set_aside
    if aside and (aside.seq > len(entries) or entries[aside.seq - 1].hash != aside.hash):
        return Break(seq=aside.seq, review=None, reason="it is not the one that was set aside")
    return None
