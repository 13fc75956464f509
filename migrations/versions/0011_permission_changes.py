"""When permission to use a child's pictures began or ended, so that teachers can be told of each change once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_permission_changes"
down_revision = "0010_staff_then"


def upgrade() -> None:
    op.create_table(
        "permission_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("purpose_key", sa.String(length=40), nullable=False),
        sa.Column("was", sa.String(length=10), nullable=False),
        sa.Column("now", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["child.person_id"], name=op.f("fk_permission_change_child_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permission_change")),
    )
    op.create_index("ix_permission_change_child", "permission_change", ["child_id", "purpose_key", "id"])
    op.create_index("ix_permission_change_told", "permission_change", ["told_at"])
