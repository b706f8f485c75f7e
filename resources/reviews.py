"""The review queue in the ledger's database: append-only, hash-chained, signed.

Every answer is read from the whole chain, which is verified first: a queue that was tampered
with answers nothing but where it breaks. Reviews are as few as a person can decide.

Each record is signed with the installation's key, so who can write the database and has not the
key can neither change a record nor add one. The newest record is also noted beside the key, so
that one taken away at the end is missed.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from pydantic import ValidationError

from forgemind_assets.errors import NotApproved, ReviewError, StoreError
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.signing import Signer, authentic
from forgemind_assets.lorekeeper.store import write_atomic
from forgemind_assets.warden.chain import (
    Break,
    ChainEntry,
    Witness,
    canonical_json,
    first_break,
    link,
)
from forgemind_assets.warden.review_records import fold, misfit
from forgemind_assets.warden.reviews import (
    Kind,
    Question,
    Review,
    Reviewer,
    Rules,
    Ruling,
    Subject,
    Verdict,
    find,
    objections,
    refusals,
)
from resources.ledger_tables import open_engine, serialise, write
from resources.review_tables import review_signatures, reviews
from resources.signing_key import open_key


class Reviews:
    """What people were asked and what they decided."""

    def __init__(self, url: str, witness: Path, key: Signer):
        self._engine = open_engine(url)
        self._witness = witness
        self._key = key

    def ask(self, question: Question, now: float | None = None) -> Review:
        """Records a question, once: asked again under the same rules it is the same review.

        Raises:
            StoreError: the records were tampered with. Nothing is added to them.
        """
        body = canonical_json(question.model_dump(mode="json"))
        with write(self._engine) as connection:
            serialise(connection)
            entries = self._verified(connection)
            known = fold(entries).get(question.id)
            if known is not None:
                return known
            entry = self._append(
                connection,
                entries,
                review=question.id,
                event="asked",
                goal=question.subject.goal,
                at=time.time() if now is None else now,
                body=body,
            )
        self._remember(entry)
        return Review(id=entry.review, question=question, asked_at=entry.at)

    def decide(
        self,
        review: str,
        verdict: Verdict,
        reviewer: Reviewer,
        reason: str,
        now: float | None = None,
    ) -> Review:
        """Records one person's decision on the subject of a review, and returns the review.

        Args:
            review: the review's id, or the first letters of it.
            verdict: `approve` or `reject`.
            reviewer: who decides; see `identify`.
            reason: why; it may not be empty.
            now: seconds since 1970; the clock's if not given.

        Raises:
            ReviewError: there is no such review, or its rules do not allow the decision.
            StoreError: the records were tampered with.
        """
        at = time.time() if now is None else now
        with write(self._engine) as connection:
            serialise(connection)
            entries = self._verified(connection)
            found = _only(list(fold(entries).values()), review)
            against = objections(found, reviewer, verdict, reason)
            if against:
                raise ReviewError(f"review {found.id} cannot be decided: {'; '.join(against)}")
            ruling = Ruling(
                verdict=verdict,
                subject=found.question.subject.digest,
                reviewer=reviewer,
                reason=reason.strip(),
                at=at,
            )
            entry = self._append(
                connection,
                entries,
                review=found.id,
                event="decided",
                goal=found.question.subject.goal,
                at=at,
                body=canonical_json(ruling.model_dump(mode="json")),
            )
        self._remember(entry)
        return found.model_copy(update={"rulings": (*found.rulings, ruling)})

    def state(self, goal: str | None = None) -> list[Review]:
        """All reviews, oldest first, of one goal if named. Raises StoreError if tampered with."""
        witness = self._seen()
        with self._engine.begin() as connection:
            entries = _read(connection)
            _refuse(self._break(connection, entries, witness))
        found = fold(entries).values()
        return [one for one in found if goal is None or one.question.subject.goal == goal]

    def get(self, review: str) -> Review:
        """One review by its id or the first letters of it. Raises ReviewError, StoreError."""
        return _only(self.state(), review)

    def of(self, kind: Kind, subject: Subject) -> Review | None:
        """The newest review of exactly this thing, or None where nobody asked.

        There are several where the policy has changed and the question was asked again.
        """
        found = [r for r in self.state(subject.goal) if r.question.kind == kind]
        same = [r for r in found if r.question.subject.digest == subject.digest]
        return same[-1] if same else None

    def require(self, kind: Kind, subject: Subject, rules: Rules) -> Review:
        """The approved review of exactly this thing.

        Raises:
            NotApproved: it is not approved, under the question's rules or under today's.
            StoreError: the records were tampered with.
        """
        review = self.of(kind, subject)
        against = refusals(review, subject, rules)
        if review is None or against:
            raise NotApproved(
                f"{kind.replace('_', ' ')} of {subject.goal} version {subject.version}: "
                f"{'; '.join(against)}"
            )
        return review

    def verify(self) -> Break | None:
        """The first record that does not hold, or None where all do."""
        witness = self._seen()
        with self._engine.begin() as connection:
            return self._break(connection, _read(connection), witness)

    def _verified(self, connection: sa.Connection) -> list[ChainEntry]:
        witness = self._seen()
        entries = _read(connection)
        _refuse(self._break(connection, entries, witness))
        return entries

    def _break(
        self, connection: sa.Connection, entries: Sequence[ChainEntry], witness: Witness | None
    ) -> Break | None:
        """The first record that does not hold: in the chain, by what it says, by its signature."""
        return (
            first_break(entries, witness) or misfit(entries) or self._unsigned(connection, entries)
        )

    def _unsigned(self, connection: sa.Connection, entries: Sequence[ChainEntry]) -> Break | None:
        known = dict(connection.execute(sa.select(review_signatures)).tuples().all())
        for entry in entries:
            if not authentic(entry.hash.encode(), str(known.get(entry.seq)), self._key.public):
                reason = "this installation has not signed it"
                return Break(seq=entry.seq, review=entry.review, reason=reason)
        return None

    def _append(
        self, connection: sa.Connection, entries: Sequence[ChainEntry], **record: Any
    ) -> ChainEntry:
        entry = link(entries[-1] if entries else None, **record)
        connection.execute(reviews.insert().values(**entry.model_dump()))
        signature = self._key.sign(entry.hash.encode())
        connection.execute(review_signatures.insert().values(seq=entry.seq, signature=signature))
        return entry

    def _seen(self) -> Witness | None:
        """Read before the chain, which only grows: the chain then holds what was seen."""
        try:
            return Witness.model_validate_json(self._witness.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValidationError:
            raise StoreError(
                f"{self._witness}: expected number and hash of the newest review record, found "
                "something else; compare with a backup, and remove the file to begin anew"
            ) from None

    def _remember(self, entry: ChainEntry) -> None:
        self._witness.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._witness.with_name(self._witness.name + ".lock")):
            seen = self._seen()
            if seen is None or seen.seq < entry.seq:
                newest = Witness(seq=entry.seq, hash=entry.hash)
                write_atomic(self._witness, newest.model_dump_json())


def open_reviews(home: Home) -> Reviews:
    """The reviews of an installation."""
    home.root.mkdir(parents=True, exist_ok=True)
    return Reviews(home.ledger_url, home.root / "reviews.witness.json", open_key(home))


def _read(connection: sa.Connection) -> list[ChainEntry]:
    rows = connection.execute(sa.select(reviews).order_by(reviews.c.seq))
    # Whatever someone has written there: what does not fit is shown by its hash, not by a crash.
    return [ChainEntry.model_construct(**row._mapping) for row in rows]


def _refuse(found: Break | None) -> None:
    if found is not None:
        raise StoreError(
            f"{found.sentence}. The review records were tampered with or restored from an older "
            "copy: nothing is decided or promoted until they hold again"
        )


def _only(reviews: list[Review], prefix: str) -> Review:
    found = find(reviews, prefix) if prefix else []
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} reviews" if found else "none"
    raise ReviewError(
        f"expected the id of one review, found {what} for {prefix!r}: see forgemind review list"
    )
