"""Flags, segments, and the log of flips.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "flag",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("guard_state", sa.Text(), nullable=False),
        sa.Column("override", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_flag"),
    )
    op.create_table(
        "segment",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_segment"),
    )
    op.create_table(
        "flag_change",
        sa.Column("id", _ID, nullable=False),
        sa.Column("flag", sa.String(length=120), nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["flag"], ["flag.name"], name="fk_flag_change_flag"),
        sa.PrimaryKeyConstraint("id", name="pk_flag_change"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_flag_change_flag", "flag_change", ["flag"])
