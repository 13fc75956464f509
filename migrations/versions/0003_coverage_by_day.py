"""How many signed on which day, and an index by which those not asked yet are found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_coverage_by_day"
down_revision = "0002_guard_history"


def upgrade() -> None:
    op.create_table(
        "coverage_day",
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("agreement_key", sa.String(length=40), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_year", "agreement_key", "signed_on", name=op.f("pk_coverage_day")),
    )
    op.create_index(
        "ix_signature_request_asked", "signature_request", ["school_year", "status", "asked_at"], unique=False
    )
