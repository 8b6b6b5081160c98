"""Questions about quiet windows.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "question",
        sa.Column("id", _ID, nullable=False),
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.Column("series", _ID, nullable=False),
        sa.Column("start_s", sa.BigInteger(), nullable=False),
        sa.Column("end_s", sa.BigInteger(), nullable=False),
        sa.Column("decades", sa.Float(), nullable=False),
        sa.Column("slot_end", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("reply", sa.String(length=20), nullable=True),
        sa.Column("replied_by", sa.Text(), nullable=False),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("feedback", _ID, nullable=True),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_question_series"),
        sa.ForeignKeyConstraint(["feedback"], ["feedback.id"], name="fk_question_feedback"),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_question_metric", "question", ["metric"])
