"""The ledger's tables of alerts, their deliveries, the inbox, and how far runs were read."""

import sqlalchemy as sa

from resources.ledger_tables import metadata

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("goal", sa.String, nullable=False),
    sa.Column("partition", sa.String, nullable=True),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("figure", sa.Text, nullable=False),
    sa.Column("threshold", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("what_to_do", sa.Text, nullable=False),
    sa.Column("happened", sa.Float, nullable=False),
    sa.Column("recorded", sa.Float, nullable=False),
)

deliveries = sa.Table(
    "alert_deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event", sa.String(80), sa.ForeignKey("alerts.key"), nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_try", sa.Float, nullable=False),
    sa.Column("delivered_at", sa.Float, nullable=True),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("lease", sa.String(32), nullable=True),
    sa.Column("lease_until", sa.Float, nullable=True),
    sa.Column("pid", sa.Integer, nullable=True),
    sa.Column("start_time", sa.Float, nullable=True),
    sa.Column("host", sa.String, nullable=True),
    sa.UniqueConstraint("event", "channel"),
    sa.Index("alert_deliveries_due", "delivered_at", "next_try"),
)

inbox = sa.Table(
    "alert_inbox",
    metadata,
    sa.Column("event", sa.String(80), sa.ForeignKey("alerts.key"), primary_key=True),
    sa.Column("arrived", sa.Float, nullable=False),
    sa.Column("read_at", sa.Float, nullable=True),
)

positions = sa.Table(
    "alert_positions",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
