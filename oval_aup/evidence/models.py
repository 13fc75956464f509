"""Rows of the record: the ledger, the erasable personal details beside it, and the PDF documents made from it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class LedgerEntry(Base):
    """One act, for ever; ``body`` holds the exact bytes that were hashed and no direct identifier."""

    __tablename__ = "ledger_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prev: Mapped[str] = mapped_column(sa.String(64), unique=True)
    entry_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    idempotency_key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(24), index=True)
    subject: Mapped[str] = mapped_column(sa.String(64), index=True)
    """The subject's pseudonym, copied out of ``body`` to be searchable; ``verify`` compares the copies."""


class LedgerDetails(Base):
    """The personal part of an entry (names as typed, drawn mark, address) and the salt that commits to it."""

    __tablename__ = "ledger_details"

    seq: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.seq"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(sa.LargeBinary)
    details: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Document(Base):
    """A PDF that is wanted or made: a receipt, a record or a report."""

    __tablename__ = "document"
    __table_args__ = (sa.Index("ix_document_queue", "status", "next_attempt_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    kind: Mapped[str] = mapped_column(sa.String(24))
    """One of ``DOCUMENT_KINDS``."""
    subject: Mapped[str] = mapped_column(sa.String(64), index=True)
    """Whose or what it is about: a person's pseudonym, a class's public id, or ``school``."""
    params: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    dedupe_key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="pending")
    """``pending``, ``rendering``, ``ready``, ``failed`` or ``erased`` (its bytes were destroyed)."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    claimed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    requested_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    requested_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    ready_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(sa.String(64), default="")
    size: Mapped[int] = mapped_column(default=0)
    """Bytes."""


class DocumentContent(Base):
    """The bytes of a finished document, apart from its row so that lists stay light."""

    __tablename__ = "document_content"

    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
