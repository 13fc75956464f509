"""The same columns for everything that is taken by a lease: documents, packs and messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_one_lease"
down_revision = "0020_corrections"


def upgrade() -> None:
    for table in ("document", "message"):
        op.add_column(table, sa.Column("lease_no", sa.Integer(), nullable=False, server_default="0"))
        # so far the number of attempts was the fence: a worker that holds a row goes by it
        op.execute(sa.text(f"UPDATE {table} SET lease_no = attempts"))  # noqa: S608
    op.execute(sa.text("ALTER TABLE pack RENAME COLUMN turn TO lease_no"))
    op.execute(sa.text("ALTER TABLE pack RENAME COLUMN deaths TO attempts"))
    op.add_column("pack", sa.Column("next_attempt_at", sa.DateTime(timezone=True)))
    op.execute(sa.text("UPDATE pack SET next_attempt_at = ordered_at"))
    with op.batch_alter_table("pack") as pack:
        pack.alter_column("next_attempt_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        pack.alter_column("lease_no", existing_type=sa.Integer(), server_default="0")
