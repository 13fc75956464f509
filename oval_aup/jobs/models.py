"""Rows of the background's own: what is done again and again, when each is due next, and how far work has come."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime
from oval_aup.jobs.lease import Leased


class PeriodicTask(Leased, Base):
    """Something that is done again and again; ``status`` is ``waiting`` or ``running``."""

    __tablename__ = "periodic_task"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    """Its name."""
    state: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """What it has to remember until the next time."""


class Watermark(Base):
    """How far something has followed the ledger, or since when something is so, under a name."""

    __tablename__ = "watermark"

    name: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    seq: Mapped[int]
    noted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
