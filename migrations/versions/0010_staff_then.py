"""From when on the school's lists had somebody as staff; it begins with what they say now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oval_aup.core import clock

revision = "0010_staff_then"
down_revision = "0009_packs_erased"

STAFF = """
INSERT INTO staff_state (person_id, left_on, since, taken_over)
SELECT person_id, archived_on, :now, true FROM staff_member ORDER BY person_id
"""


def upgrade() -> None:
    op.create_table(
        "staff_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["staff_member.person_id"], name=op.f("fk_staff_state_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_state")),
    )
    typed = sa.bindparam("now", type_=sa.DateTime(timezone=True))
    op.get_bind().execute(sa.text(STAFF).bindparams(typed), {"now": clock.now()})
    op.create_index("ix_staff_state_person", "staff_state", ["person_id", "id"])
