"""What people say of a system's tests.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "system_evidence",
        sa.Column("id", _ID, nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("test", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["system"], ["system.name"], name="fk_system_evidence_system"),
        sa.PrimaryKeyConstraint("id", name="pk_system_evidence"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_system_evidence_system", "system_evidence", ["system"])
