"""Who agreed, as the second person, that a record goes before its time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_second_person"
down_revision = "0013_task_notes"


def upgrade() -> None:
    with op.batch_alter_table("erasure") as table:
        table.add_column(sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("approved_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_erasure_approved_by_id"), "person", ["approved_by_id"], ["id"])
