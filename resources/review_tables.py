"""The ledger's tables of reviews: rows are appended and never changed."""

import sqlalchemy as sa

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
