"""The ledger's first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SECONDS = sa.BigInteger()


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "alert",
        sa.Column("id", _ID, nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("start_s", _SECONDS, nullable=False),
        sa.Column("end_s", _SECONDS, nullable=False),
        sa.Column("severity", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_start_s", "alert", ["start_s"])
    op.create_index("ix_alert_status", "alert", ["status", "family"])
    op.create_table(
        "audit_entry",
        sa.Column("id", _ID, nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("at_s", _SECONDS, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "channel",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("updated_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_channel"),
    )
    op.create_table(
        "session",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_session"),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_link"),
    )
    op.create_table(
        "source",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("updated_at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_source"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", _ID, nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("given_at", _SECONDS, nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=True),
        sa.Column("start_s", _SECONDS, nullable=False),
        sa.Column("end_s", _SECONDS, nullable=False),
        sa.Column("alert", _ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("undoes", _ID, nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_feedback_alert"),
        sa.ForeignKeyConstraint(["undoes"], ["feedback.id"], name="fk_feedback_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feedback_alert", "feedback", ["alert"])
    op.create_index("ix_feedback_undoes", "feedback", ["undoes"])
    op.create_table(
        "metric",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", _SECONDS, nullable=False),
        sa.Column("updated_at", _SECONDS, nullable=False),
        sa.ForeignKeyConstraint(["source"], ["source.name"], name="fk_metric_source"),
        sa.PrimaryKeyConstraint("name", name="pk_metric"),
    )
    op.create_index("ix_metric_source", "metric", ["source"])
    op.create_table(
        "transition",
        sa.Column("id", _ID, nullable=False),
        sa.Column("alert", _ID, nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("at_s", _SECONDS, nullable=False),
        sa.Column("recorded_at", _SECONDS, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_transition_alert"),
        sa.PrimaryKeyConstraint("id", name="pk_transition"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transition_alert", "transition", ["alert"])
    op.create_table(
        "delivery",
        sa.Column("transition", _ID, nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("delivered_at", _SECONDS, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["transition"], ["transition.id"], name="fk_delivery_transition"),
        sa.PrimaryKeyConstraint("transition", "target", name="pk_delivery"),
    )
    op.create_table(
        "receipt",
        sa.Column("feedback", _ID, nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["feedback"], ["feedback.id"], name="fk_receipt_feedback"),
        sa.PrimaryKeyConstraint("feedback", name="pk_receipt"),
    )
    op.create_table(
        "series",
        sa.Column("id", _ID, nullable=False),
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.Column("dimension_values", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["metric"], ["metric.name"], name="fk_series_metric"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("metric", "dimension_values", name="uq_series_metric"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "watermark",
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.Column("judged_until", _SECONDS, nullable=False),
        sa.ForeignKeyConstraint(["metric"], ["metric.name"], name="fk_watermark_metric"),
        sa.PrimaryKeyConstraint("metric", name="pk_watermark"),
    )
    op.create_table(
        "alert_member",
        sa.Column("alert", _ID, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("series", _ID, nullable=False),
        sa.Column("start_s", _SECONDS, nullable=False),
        sa.Column("end_s", _SECONDS, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("peak_time", _SECONDS, nullable=False),
        sa.Column("peak_score", sa.Double(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("expected", sa.Double(), nullable=True),
        sa.Column("lower", sa.Double(), nullable=True),
        sa.Column("upper", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_alert_member_alert"),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_alert_member_series"),
        sa.PrimaryKeyConstraint("alert", "place", name="pk_alert_member"),
    )
    op.create_index("ix_alert_member_series", "alert_member", ["series", "start_s"])
    op.create_table(
        "feedback_series",
        sa.Column("feedback", _ID, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("series", _ID, nullable=False),
        sa.ForeignKeyConstraint(["feedback"], ["feedback.id"], name="fk_feedback_series_feedback"),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_feedback_series_series"),
        sa.PrimaryKeyConstraint("feedback", "place", name="pk_feedback_series"),
    )
    op.create_index("ix_feedback_series_series", "feedback_series", ["series", "feedback"])
