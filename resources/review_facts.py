"""What alerts tell of the review queue."""

import time

from forgemind_assets.errors import StoreError
from forgemind_assets.warden.alert_facts import CheckFact, ReviewFact
from forgemind_assets.warden.chain import canonical_json
from resources.reviews import Reviews


def open_reviews_facts(reviews: Reviews) -> list[ReviewFact]:
    """The open reviews; none where the records do not hold."""
    try:
        found = reviews.state()
    except StoreError:
        return []
    return [
        ReviewFact(
            review=one.id,
            goal=one.question.subject.goal,
            partition=one.question.subject.partition,
            kind=one.question.kind,
            reason=one.question.reason,
            persons=one.question.rules.persons,
            at=one.asked_at,
        )
        for one in found
        if one.status == "open"
    ]


def broken_records_facts(reviews: Reviews) -> list[CheckFact]:
    """What is told when the records were tampered with."""
    found = reviews.verify()
    if found is None:
        return []
    return [
        CheckFact(
            run_id=canonical_json(found.model_dump()),
            goal="reviews",
            asset="registry_entry",
            check="review_records",
            partition=None,
            passed=False,
            severity="ERROR",
            blocking=True,
            description=found.sentence,
            metadata={"what_to_do": f"forgemind review verify. {found.advice}."},
            at=time.time(),
        )
    ]
