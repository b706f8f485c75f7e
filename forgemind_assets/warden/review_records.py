"""What the review records say: reviews from records, and records that do not fit their place."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import ValidationError

from forgemind_assets.lorekeeper.signing import Signer, authentic
from forgemind_assets.warden.chain import Break, ChainEntry
from forgemind_assets.warden.reviews import Question, Review, Ruling


def fold(entries: Sequence[ChainEntry]) -> dict[str, Review]:
    """The reviews that verified records tell of, by id, oldest first."""
    found: dict[str, Review] = {}
    for entry in entries:
        if entry.event == "asked":
            question = Question.model_validate_json(entry.body)
            found[entry.review] = Review(id=entry.review, question=question, asked_at=entry.at)
        else:
            review = found[entry.review]
            rulings = (*review.rulings, Ruling.model_validate_json(entry.body))
            found[entry.review] = review.model_copy(update={"rulings": rulings})
    return found


def misfit(entries: Sequence[ChainEntry]) -> Break | None:
    """The first record that does not say what its place says: a forged or replayed one."""
    subjects: dict[str, str] = {}
    for entry in entries:
        reason = None
        try:
            if entry.event == "asked":
                question = Question.model_validate_json(entry.body)
                if question.id != entry.review or question.subject.goal != entry.goal:
                    reason = "its question belongs to another review"
                subjects[entry.review] = question.subject.digest
            elif entry.review not in subjects:
                reason = "nobody asked what it decides"
            elif Ruling.model_validate_json(entry.body).subject != subjects[entry.review]:
                reason = "it decides on another version, adapter or set of reports"
        except ValidationError:
            reason = "it cannot be read"
        if reason:
            return Break(seq=entry.seq, review=entry.review, reason=reason)
    return None


def unsigned(
    entries: Sequence[ChainEntry], aside: int, signatures: Mapping[int, str], key: Signer
) -> Break | None:
    """The first record after those set aside that the key has not signed."""
    for entry in entries[aside:]:
        if not authentic(entry.hash.encode(), str(signatures.get(entry.seq)), key.public):
            count = unsigned_at_first(entries, signatures)
            if entry.seq > count:
                reason = "this installation has not signed it"
                return Break(seq=entry.seq, review=entry.review, reason=reason)
            reason = "it carries no signature"
            return Break(seq=entry.seq, review=entry.review, reason=reason, unsigned=count)
    return None


def unsigned_at_first(entries: Sequence[ChainEntry], signed: Collection[int]) -> int:
    """How many records at the beginning carry no signature at all: written before signing began.

    A signature that was taken away looks the same, so none of them may count.
    """
    numbers = [entry.seq for entry in entries]
    return next((place for place, seq in enumerate(numbers) if seq in signed), len(numbers))
