"""What the office did about a task, and notes about a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_task_notes"
down_revision = "0012_records_on_demand"


def upgrade() -> None:
    op.create_table(
        "task_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("occurrence", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_task_note_person_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_task_note_owner_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_task_note_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_note")),
        sa.UniqueConstraint("public_id", name=op.f("uq_task_note_public_id")),
    )
    op.create_index("ix_task_note_task", "task_note", ["kind", "subject"])
    op.create_index(op.f("ix_task_note_person_id"), "task_note", ["person_id"])
