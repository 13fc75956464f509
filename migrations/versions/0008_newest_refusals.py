"""An index of refusals alone, in their order, so that the newest are found at once; other answers do not touch it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_newest_refusals"
down_revision = "0007_lists_then"


def upgrade() -> None:
    declined = sa.text("status = 'declined'")
    op.create_index(
        "ix_signature_request_declined",
        "signature_request",
        ["school_year", "settled_at", "id"],
        sqlite_where=declined,
        postgresql_where=declined,
    )
