"""Who still needs the bytes of a finished document, kept beside the document instead of looked up in the packs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_document_pins"
down_revision = "0022_periodic_tasks"


def upgrade() -> None:
    op.create_table(
        "document_pin",
        sa.Column("document_id", sa.Integer(), sa.ForeignKey("document.id"), primary_key=True),
        sa.Column("holder", sa.String(40), primary_key=True),
    )
    op.execute(
        sa.text(
            "INSERT INTO document_pin (document_id, holder) "
            "SELECT DISTINCT pack_member.document_id, pack.public_id FROM pack_member "
            "JOIN pack ON pack.id = pack_member.pack_id "
            "WHERE pack_member.document_id IS NOT NULL AND pack.status NOT IN ('ready', 'deleted', 'erased')"
        )
    )
