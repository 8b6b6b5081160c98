"""The knowledge that an alert was judged with.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; of earlier alerts it is told by the clock."""
    op.add_column("alert", sa.Column("knowledge", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
