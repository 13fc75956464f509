"""Times in which no message could leave, and which messages somebody asked for and waits for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_mail_outages"
down_revision = "0014_second_person"


def upgrade() -> None:
    op.create_table(
        "mail_outage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_outage")),
    )
    op.add_column("message", sa.Column("asked_for", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_message_asked_for", "message", ["status", "asked_for", "next_attempt_at"])
