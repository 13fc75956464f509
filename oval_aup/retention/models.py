"""Rows of keeping and letting go: how long each kind of record stays, what is held, what was destroyed or refused."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class RetentionPeriod(Base):
    """One word of the school on how long a kind of record stays; the newest row of a kind stands, older ones tell."""

    __tablename__ = "retention_period"

    id: Mapped[int] = mapped_column(primary_key=True)
    record_type: Mapped[str] = mapped_column(sa.String(24), index=True)
    """One of ``periods.RECORD_TYPES``."""
    months: Mapped[int]
    said_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    said_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))


class LegalHold(Base):
    """A reason why nothing about a person may be destroyed, until somebody lifts it."""

    __tablename__ = "legal_hold"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.Text)
    """Emptied with the person's own details."""
    review_on: Mapped[dt.date]
    placed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    placed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    lifted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    lifted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))


class Erasure(Base):
    """One decision: a person to be erased, old things of one kind to be emptied, or a request that was refused."""

    __tablename__ = "erasure"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    batch: Mapped[str] = mapped_column(sa.String(36), index=True)
    """What was decided in one go shares this id, and one certificate."""
    what: Mapped[str] = mapped_column(sa.String(24))
    """``person``, ``contact`` (their addresses, messages and links alone), or the record type of which old ones go."""
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    until: Mapped[dt.date | None]
    """For old things: those from before this London date."""
    basis: Mapped[str] = mapped_column(sa.String(24))
    """One of ``erasing.BASES``, or of ``refusals.GROUNDS`` where the request was refused."""
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    """Why a request was refused, or why an order could not be carried out; emptied with the person's own details."""
    received_on: Mapped[dt.date | None]
    """When the person asked, if they did."""
    with_mentions: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(sa.String(12), index=True)
    """``proposed`` (waits for a second person), ``sent-back`` (not approved), ``ordered``,
    ``wiped`` (gone from the tables, files and free space still to be cleaned), ``done``, ``stopped``
    (could not be carried out) or ``refused``."""
    ordered_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ordered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    approved_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When a second person agreed that it goes before its time; None where none had to."""
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    wiped_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ledger_seq: Mapped[int | None]
    entries: Mapped[int] = mapped_column(default=0)
    removed: Mapped[dict[str, int]] = mapped_column(sa.JSON, default=dict)
    """What went beside the ledger's details, by kind."""
    files: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    """Files below the instance folder that are still to be deleted."""
