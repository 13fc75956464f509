"""Rows for rounds of asking and the messages each step of them sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class Campaign(Base):
    """A sign-up of one school year."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    school_year: Mapped[int] = mapped_column(unique=True)
    audiences: Mapped[list[str]] = mapped_column(sa.JSON)
    """Any of ``guardians``, ``staff``, ``children``."""
    opens_on: Mapped[dt.date]
    due_on: Mapped[dt.date]
    reminder_days: Mapped[list[int]] = mapped_column(sa.JSON)
    """Days after the asking on which a reminder falls due, rising; at most three."""
    status: Mapped[str] = mapped_column(sa.String(12), default="planned")
    """``planned``, ``open`` or ``closed``."""
    opened_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))


class Reminder(Base):
    """One step of a campaign taken for one person; the unique key is what keeps it from being taken twice."""

    __tablename__ = "reminder"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "person_id", "step"),
        sa.Index("ix_reminder_message", "message"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    step: Mapped[str] = mapped_column(sa.String(24))
    """``ask``, ``reminder-1`` …, ``escalation``, or ``nudge-2026-10-05`` for a manual one."""
    message: Mapped[str] = mapped_column(sa.String(36), default="")
    """Public id of the message in the outbox."""
    about: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    """What the ledger says once the letter has left; None where it was said when the step was taken."""
    taken_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    campaign: Mapped[Campaign] = relationship()
