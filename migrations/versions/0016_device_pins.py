"""A PIN of a member of staff gives back a device that they handed over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_device_pins"
down_revision = "0015_mail_outages"


def upgrade() -> None:
    op.add_column("account", sa.Column("pin_hash", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("access_session", sa.Column("pin_tries", sa.Integer(), nullable=False, server_default="0"))
