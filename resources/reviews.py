"""The review queue in the ledger's database: append-only, hash-chained, signed.

Every answer is read from the whole chain, which is verified first: a queue that was tampered
with answers nothing but where it breaks. Reviews are as few as a person can decide.

Each record is signed with the installation's key, so who can write the database and has not the
key can neither change a record nor add one. The newest record is also noted beside the key, so
that one taken away at the end is missed. Records from before there were signatures count for
nothing: a person sets them aside, and what still matters is asked again.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forgemind_assets.errors import NotApproved, ReviewError, StoreError
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.signing import Signer
from forgemind_assets.warden.chain import (
    Break,
    ChainEntry,
    SetAside,
    Witness,
    canonical_json,
    first_break,
    link,
)
from forgemind_assets.warden.review_records import fold, misfit, unsigned, unsigned_at_first
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
from resources.review_tables import review_signatures, reviews, stored_records, stored_signatures
from resources.review_witness import remember, seen
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
            entries, counted = self._verified(connection)
            known = fold(counted).get(question.id)
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
        remember(self._witness, entry)
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
            entries, counted = self._verified(connection)
            found = _only(list(fold(counted).values()), review)
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
        remember(self._witness, entry)
        return found.model_copy(update={"rulings": (*found.rulings, ruling)})

    def state(self, goal: str | None = None) -> list[Review]:
        """All reviews, oldest first, of one goal if named. Raises StoreError if tampered with."""
        with self._engine.begin() as connection:
            _, counted = self._verified(connection)
        found = fold(counted).values()
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
        witness = seen(self._witness)
        with self._engine.begin() as connection:
            return self._break(connection, stored_records(connection), witness)

    def unsigned(self) -> list[Review]:
        """What the records tell that carry no signature, set aside or not. None of it counts.

        Raises StoreError where they do not fit each other.
        """
        witness = seen(self._witness)
        with self._engine.begin() as connection:
            entries = stored_records(connection)
            count = unsigned_at_first(entries, stored_signatures(connection))
        _refuse(first_break(entries, witness) or misfit(entries[:count]))
        return list(fold(entries[:count]).values())

    def set_aside(self, by: Reviewer, reason: str, now: float | None = None) -> int:
        """Lets the records without a signature count for nothing from now on; how many they are.

        Raises:
            ReviewError: there are none, or no reason is given.
            StoreError: something else is wrong with the records.
        """
        if not reason.strip():
            raise ReviewError("expected a reason, found none: it is kept beside the key")
        witness = seen(self._witness)
        with write(self._engine) as connection:
            serialise(connection)
            entries = stored_records(connection)
            found = self._break(connection, entries, witness)
        if found is None:
            raise ReviewError("expected unsigned records that count, found none")
        if not found.unsigned:
            _refuse(found)
        last = entries[found.unsigned - 1]
        at = time.time() if now is None else now
        aside = SetAside(seq=last.seq, hash=last.hash, by=by.name, reason=reason.strip(), at=at)
        remember(self._witness, entries[-1], aside)
        return last.seq

    def _verified(self, connection: sa.Connection) -> tuple[list[ChainEntry], Sequence[ChainEntry]]:
        """All records, and those of them that count."""
        witness = seen(self._witness)
        entries = stored_records(connection)
        _refuse(self._break(connection, entries, witness))
        return entries, _counted(entries, witness)

    def _break(
        self, connection: sa.Connection, entries: Sequence[ChainEntry], witness: Witness | None
    ) -> Break | None:
        """The first record that does not hold: in the chain, by what it says, by its signature."""
        counted = _counted(entries, witness)
        return (
            first_break(entries, witness)
            or misfit(counted)
            or unsigned(
                entries, len(entries) - len(counted), stored_signatures(connection), self._key
            )
        )

    def _append(
        self, connection: sa.Connection, entries: Sequence[ChainEntry], **record: Any
    ) -> ChainEntry:
        entry = link(entries[-1] if entries else None, **record)
        connection.execute(reviews.insert().values(**entry.model_dump()))
        signature = self._key.sign(entry.hash.encode())
        connection.execute(review_signatures.insert().values(seq=entry.seq, signature=signature))
        return entry


def open_reviews(home: Home) -> Reviews:
    """The reviews of an installation."""
    home.root.mkdir(parents=True, exist_ok=True)
    return Reviews(home.ledger_url, home.root / "reviews.witness.json", open_key(home))


def _counted(entries: Sequence[ChainEntry], witness: Witness | None) -> Sequence[ChainEntry]:
    """Without those that a person has set aside."""
    return entries[witness.unsigned if witness else 0 :]


def _refuse(found: Break | None) -> None:
    if found is not None:
        raise StoreError(f"{found.sentence}. {found.advice}")


def _only(reviews: list[Review], prefix: str) -> Review:
    found = find(reviews, prefix) if prefix else []
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} reviews" if found else "none"
    raise ReviewError(
        f"expected the id of one review, found {what} for {prefix!r}: see forgemind review list"
    )
