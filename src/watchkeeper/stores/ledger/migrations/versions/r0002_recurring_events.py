"""Events that recur: the rule and the clock it is read on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Lines said before do not repeat: NULL."""
    op.add_column("feedback", sa.Column("repeats", sa.Text(), nullable=True))
    op.add_column("feedback", sa.Column("zone", sa.Text(), nullable=True))
