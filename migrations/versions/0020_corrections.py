"""What the office corrected by hand against the lists, and whom it stopped writing to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_corrections"
down_revision = "0019_other_names"


def upgrade() -> None:
    op.add_column("guardian", sa.Column("writing_stopped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("child_id", sa.Integer(), sa.ForeignKey("child.person_id")),
        sa.Column("field", sa.String(30), nullable=False),
        sa.Column("value", sa.String(254), nullable=False),
        sa.Column("before", sa.String(254), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_correction_person", "correction", ["person_id", "field"])
