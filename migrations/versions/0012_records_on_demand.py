"""Records are made when somebody wants them: the list of those to be made in advance goes, and so do their bytes.

Whatever was handed out, asked for by a person or is in a pack that can still be written stays as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_records_on_demand"
down_revision = "0011_permission_changes"

WAITING_FOR_NOBODY = """
DELETE FROM document WHERE kind = 'record' AND status = 'pending' AND priority = 2 AND requested_by_id IS NULL
"""
FOR_A_PACK = "UPDATE document SET priority = 2 WHERE priority = 1"
MADE_IN_ADVANCE = """
UPDATE document SET status = 'superseded'
WHERE kind = 'record' AND status = 'ready' AND priority > 0 AND requested_by_id IS NULL AND handed_out_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM pack_member m JOIN pack p ON p.id = m.pack_id
    WHERE m.document_id = document.id AND p.status NOT IN ('ready', 'deleted', 'erased'))
"""
BYTES_OF_NOTHING = """
DELETE FROM document_content WHERE document_id IN (SELECT id FROM document WHERE status = 'superseded')
"""


def upgrade() -> None:
    for statement in (WAITING_FOR_NOBODY, FOR_A_PACK, MADE_IN_ADVANCE, BYTES_OF_NOTHING):
        op.get_bind().execute(sa.text(statement))
    op.drop_index("ix_record_due_due_at", table_name="record_due")
    op.drop_table("record_due")
