"""What the review records say: reviews from records, and records that do not fit their place."""

from collections.abc import Sequence

from pydantic import ValidationError

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
