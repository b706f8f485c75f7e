"""The ledger's tables of reviews: rows are appended and never changed."""

import sqlalchemy as sa

from forgemind_assets.warden.chain import ChainEntry
from resources.ledger_tables import metadata

reviews = sa.Table(
    "review_records",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("review", sa.String(16), nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("goal", sa.String, nullable=False),
    sa.Column("at", sa.Float(53), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

review_signatures = sa.Table(
    "review_signatures",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("signature", sa.String(128), nullable=False),
)


def stored_records(connection: sa.Connection) -> list[ChainEntry]:
    """All records in order, as they stand there."""
    rows = connection.execute(sa.select(reviews).order_by(reviews.c.seq))
    # Whatever someone has written there: what does not fit is shown by its hash, not by a crash.
    return [ChainEntry.model_construct(**row._mapping) for row in rows]


def stored_signatures(connection: sa.Connection) -> dict[int, str]:
    """The records' signatures, by the number of the record."""
    return dict(connection.execute(sa.select(review_signatures)).tuples().all())
