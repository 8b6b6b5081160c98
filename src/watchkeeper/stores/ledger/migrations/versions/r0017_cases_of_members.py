"""How many cases the rate of an alert's member rests on.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; of alerts that are there it is not known."""
    op.add_column("alert_member", sa.Column("cases", sa.Double()))
