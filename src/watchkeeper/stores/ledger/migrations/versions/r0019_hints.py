"""What the answered alerts looked like.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the table; answers that are there speak of their own metric only."""
    ids = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "hint",
        sa.Column("feedback", ids, nullable=False),
        sa.Column("series", ids, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["feedback"], ["feedback.id"], name="fk_hint_feedback"),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_hint_series"),
        sa.PrimaryKeyConstraint("feedback", "series", name="pk_hint"),
    )
