"""Rows of the outbox: messages on their way and the outcome of the addresses they went to."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column
from oval_aup.jobs import Leased


class Message(Leased, Base):
    """One message to one address; a private link is minted only when it is sent, so no text here opens anything.

    Its ``status`` is ``waiting`` (for its attachment), ``queued``, ``sending``, ``delivering``, ``sent``, ``failed``,
    ``bounced``, ``uncertain`` or ``cancelled``.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_queue", "status", "next_attempt_at"),
        sa.Index("ix_message_asked_for", "status", "asked_for", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    kind: Mapped[str] = mapped_column(sa.String(32))
    recipient: Mapped[str] = mapped_column(sa.String(64), index=True)
    """The recipient's pseudonym."""
    to_address: Mapped[str] = mapped_column(sa.String(254))
    subject: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text)
    html: Mapped[str] = mapped_column(sa.Text)
    link_purpose: Mapped[str] = mapped_column(sa.String(20), default="")
    """Which private link takes the place of the marker in the text: ``family``, ``set-password`` or none."""
    attachment: Mapped[str] = mapped_column(sa.String(36), default="")
    """Public id of the document to attach, or empty."""
    asked_for: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Whether somebody asked for it just now: it goes before others, and to an address that mail did not reach, too."""
    dedupe_key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    queued_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class MailOutage(Base):
    """A time in which no message could leave the school, whatever its recipient."""

    __tablename__ = "mail_outage"

    id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    about: Mapped[str] = mapped_column(sa.String(12))
    """``server`` or ``sender``."""
    reason: Mapped[str] = mapped_column(sa.Text)
    tries: Mapped[int] = mapped_column(default=1)
    retry_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """Nothing is tried before."""
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class AddressTrouble(Base):
    """An address that mail does not reach; nothing automatic goes there until the office changes or clears it."""

    __tablename__ = "address_trouble"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(sa.String(254), unique=True)
    reason: Mapped[str] = mapped_column(sa.Text)
    noticed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
