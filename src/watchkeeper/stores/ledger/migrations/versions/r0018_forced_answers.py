"""Whether an answer was said with a second yes.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column; of answers that are there it is not known, and nothing hung on it."""
    op.add_column("feedback", sa.Column("is_forced", sa.Boolean()))
