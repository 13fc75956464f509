"""Sittings in which quite another name than the signer's was typed, for the office to look at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_other_names"
down_revision = "0018_reminder_about"


def upgrade() -> None:
    op.add_column("signing_session", sa.Column("other_name", sa.Boolean(), nullable=False, server_default=sa.false()))
