"""Triggers that refuse to edit or delete history."""

from __future__ import annotations

from alembic import op

from oval_aup.core import append_only

revision = "0002_guard_history"
down_revision = "0001_first_tables"


def upgrade() -> None:
    append_only.guard(op.get_bind())
