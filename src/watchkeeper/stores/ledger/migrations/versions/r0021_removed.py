"""When a source, a metric, a system or a flag was taken off the lists.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the columns; all that is there was not removed."""
    for table in ("source", "metric", "system", "flag"):
        op.add_column(table, sa.Column("removed_at", sa.BigInteger()))
