"""What somebody who can write the ledger's database, and has not the key, can do to reviews."""

from forgemind_assets.warden.chain import canonical_json, link
from forgemind_assets.warden.reviews import Ruling
from resources.ledger_tables import write
from resources.review_tables import reviews as table


def rows(reviews):
    """The stored records."""
    with reviews._engine.begin() as connection:
        return [dict(row._mapping) for row in connection.execute(table.select().order_by("seq"))]


def rewrite(reviews, records):
    """Puts other records in the place of all."""
    with write(reviews._engine) as connection:
        connection.execute(table.delete())
        for record in records:
            connection.execute(table.insert().values(**record))


def chained(records):
    """The same records with hashes computed anew: what a careful forger would write."""
    entries, before = [], None
    for record in records:
        wanted = ("review", "event", "goal", "at", "body")
        before = link(before, **{name: record[name] for name in wanted})
        entries.append(before.model_dump())
    return entries


def approval_of(review, who):
    """A ruling as the command line would record it, made without it."""
    subject = review.question.subject
    ruling = Ruling(
        verdict="approve", subject=subject.digest, reviewer=who, reason="read it", at=9.0
    )
    body = canonical_json(ruling.model_dump(mode="json"))
    return {"review": review.id, "event": "decided", "goal": subject.goal, "at": 9.0, "body": body}
