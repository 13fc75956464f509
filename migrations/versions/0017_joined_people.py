"""Which record of an adult goes on where two were one person."""

from __future__ import annotations

from alembic import op

revision = "0017_joined_people"
down_revision = "0016_device_pins"


def upgrade() -> None:
    # Not in a batch: SQLite would put a new table in the place of one that most others refer to.
    op.execute(
        "ALTER TABLE person ADD COLUMN joined_to_id INTEGER CONSTRAINT fk_person_joined_to_id REFERENCES person (id)"
    )
