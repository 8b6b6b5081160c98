"""What people do with alerts besides answering, and mutes.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "handling",
        sa.Column("id", _ID, nullable=False),
        sa.Column("alert", _ID, nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until_s", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_handling_alert"),
        sa.ForeignKeyConstraint(["undoes"], ["handling.id"], name="fk_handling_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_handling"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handling_alert", "handling", ["alert"])
    op.create_table(
        "mute",
        sa.Column("id", _ID, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=True),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("start_s", sa.BigInteger(), nullable=False),
        sa.Column("end_s", sa.BigInteger(), nullable=False),
        sa.Column("repeats", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_mute_series"),
        sa.PrimaryKeyConstraint("id", name="pk_mute"),
        sqlite_autoincrement=True,
    )
