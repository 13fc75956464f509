"""The index that finds those not asked yet also tells ways of signing apart, so that both are counted at once."""

from __future__ import annotations

from alembic import op

revision = "0004_count_by_way"
down_revision = "0003_coverage_by_day"

NAME, TABLE = "ix_signature_request_asked", "signature_request"


def upgrade() -> None:
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["school_year", "status", "way", "asked_at"], unique=False)
