"""Assessments, the decisions on them, and what was achieved.

Revision ID: 0012
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "assessment",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at_s", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assessment"),
        sqlite_autoincrement=True,
    )
    _of_assessment(
        "assessment_decision",
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at_s", sa.BigInteger(), nullable=False),
    )
    _of_assessment(
        "assessment_achieved",
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at_s", sa.BigInteger(), nullable=False),
    )


def _of_assessment(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("id", _ID, nullable=False),
        sa.Column("assessment_id", _ID, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name=f"fk_{name}_assessment_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{name}_assessment_id", name, ["assessment_id"])
