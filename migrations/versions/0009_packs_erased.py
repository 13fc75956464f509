"""When a pack was deleted, and when whoever ordered it was told that an erasure took it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_packs_erased"
down_revision = "0008_newest_refusals"


def upgrade() -> None:
    for name in ("deleted_at", "told_at"):
        op.add_column("pack", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
