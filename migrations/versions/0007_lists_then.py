"""What the school's lists said of links and classes, and since when; it begins with what they say now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from oval_aup.core import clock

revision = "0007_lists_then"
down_revision = "0006_packs"

LINKS = """
INSERT INTO guardianship_state (child_id, guardian_id, relationship_name, parental_responsibility, contact_allowed, ended_on, since, taken_over)
SELECT child_id, guardian_id, relationship_name, parental_responsibility, contact_allowed, ended_on, :now, true
FROM guardianship ORDER BY child_id, id
"""
CLASSES = """
INSERT INTO child_class_state (child_id, class_name, year_group, left_on, since, taken_over)
SELECT child.person_id, coalesce(school_class.name, ''), child.year_group, child.archived_on, :now, true
FROM child LEFT JOIN school_class ON school_class.id = child.class_id ORDER BY child.person_id
"""


def upgrade() -> None:
    op.create_table(
        "guardianship_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("guardian_id", sa.Integer(), nullable=False),
        sa.Column("relationship_name", sa.String(length=60), nullable=False),
        sa.Column("parental_responsibility", sa.String(length=8), nullable=False),
        sa.Column("contact_allowed", sa.Boolean(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.person_id"], name=op.f("fk_guardianship_state_child_id")),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["guardian.person_id"], name=op.f("fk_guardianship_state_guardian_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardianship_state")),
    )
    op.create_table(
        "child_class_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(length=40), nullable=False),
        sa.Column("year_group", sa.String(length=4), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.person_id"], name=op.f("fk_child_class_state_child_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_class_state")),
    )
    _take_over()
    op.create_index("ix_guardianship_state_link", "guardianship_state", ["child_id", "guardian_id", "id"])
    op.create_index(op.f("ix_guardianship_state_guardian_id"), "guardianship_state", ["guardian_id"])
    op.create_index("ix_child_class_state_child", "child_class_state", ["child_id", "id"])


def _take_over() -> None:
    """Both begin at one moment, by which a reader tells what was taken over from what came later."""
    now = {"now": clock.now()}
    typed = sa.bindparam("now", type_=sa.DateTime(timezone=True))
    for statement in (LINKS, CLASSES):
        op.get_bind().execute(sa.text(statement).bindparams(typed), now)
