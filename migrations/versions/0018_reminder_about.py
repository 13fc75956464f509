"""What the ledger says of a reminder once its letter has left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_reminder_about"
down_revision = "0017_joined_people"


def upgrade() -> None:
    op.add_column("reminder", sa.Column("about", sa.JSON(), nullable=True))
    op.create_index("ix_reminder_message", "reminder", ["message"])
