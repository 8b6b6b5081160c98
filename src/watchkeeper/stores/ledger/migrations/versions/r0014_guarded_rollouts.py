"""What the guarded roll-out of a flag remembers.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column; no roll-out has begun."""
    op.add_column("flag", sa.Column("rollout_state", sa.Text(), nullable=True))
