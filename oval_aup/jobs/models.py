"""Rows of the background's own: what is done again and again, and when each is due next."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base
from oval_aup.jobs.lease import Leased


class PeriodicTask(Leased, Base):
    """Something that is done again and again; ``status`` is ``waiting`` or ``running``."""

    __tablename__ = "periodic_task"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    """Its name."""
    state: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """What it has to remember until the next time."""
