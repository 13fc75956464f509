"""Rows for how anyone proves who they are: log-ins, links, sessions and failed attempts."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class Account(Base):
    """A staff log-in; the person signs, the account only opens the door."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), unique=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    """Lower case; what is typed to log in."""
    password_hash: Mapped[str] = mapped_column(sa.String(200), default="")
    pin_hash: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    """Of the PIN that gives a device back which this person handed over; empty where none was chosen."""
    role: Mapped[str] = mapped_column(sa.String(12))
    """``admin``, ``head``, ``teacher``, ``staff`` or ``governor``."""
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class PrivateLink(Base):
    """A link sent to one person; only the hash of its secret is kept."""

    __tablename__ = "private_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    purpose: Mapped[str] = mapped_column(sa.String(20))
    """``family`` or ``set-password``."""
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    sent_to: Mapped[str] = mapped_column(sa.String(254))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class AccessSession(Base):
    """Somebody logged in: a log-in, a family past its check, a class's shared device. Ending the row ends the access.

    A ``handover`` lets nobody in: it names who gave the device away, and with their PIN becomes a log-in again.
    """

    __tablename__ = "access_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(12))
    """``login``, ``family``, ``kiosk`` or ``handover``."""
    pin_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often a PIN was typed to get the device back."""
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"))
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("private_link.id"))
    class_session_key: Mapped[str] = mapped_column(sa.String(36), default="")
    """Public id of the class session a kiosk belongs to."""
    assurance: Mapped[str] = mapped_column(sa.String(32))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class FailedAttempt(Base):
    """A wrong answer at a door, counted for all worker processes alike."""

    __tablename__ = "failed_attempt"
    __table_args__ = (sa.Index("ix_failed_attempt_bucket", "bucket", "failed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(sa.String(80))
    """What is limited, for example ``link:12`` or ``address:<hash>``."""
    failed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
