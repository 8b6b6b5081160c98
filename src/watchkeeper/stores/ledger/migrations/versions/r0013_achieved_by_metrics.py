"""What was achieved may be read from a metric of ours: which, over which time, from how many points, how surely.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; what people noted has none of them."""
    for column in (
        sa.Column("metric", sa.Text(), nullable=True),
        sa.Column("start_s", sa.BigInteger(), nullable=True),
        sa.Column("end_s", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("lower", sa.Float(), nullable=True),
        sa.Column("upper", sa.Float(), nullable=True),
    ):
        op.add_column("assessment_achieved", column)
