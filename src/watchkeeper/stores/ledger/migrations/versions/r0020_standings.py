"""Where the instruments of pushed series stand.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the table; instruments that were heard of before say first where they stand."""
    op.create_table(
        "standing",
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("dimension_values", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("is_unsettled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("metric", "dimension_values", name="pk_standing"),
    )
    op.create_index(
        "ix_standing_unsettled",
        "standing",
        ["metric"],
        sqlite_where=sa.text("is_unsettled"),
        postgresql_where=sa.text("is_unsettled"),
    )
