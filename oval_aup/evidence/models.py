"""Rows of the record: the ledger, the erasable personal details beside it, the documents and packs made from it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column
from oval_aup.jobs import Leased


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


class Document(Leased, Base):
    """A PDF that is wanted or made: a receipt, a record or a report.

    Its ``status`` is ``pending``, ``rendering``, ``ready``, ``failed``, ``superseded`` (a newer one replaces it) or
    ``erased``.
    """

    __tablename__ = "document"
    __table_args__ = (sa.Index("ix_document_queue", "status", "priority", "next_attempt_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    kind: Mapped[str] = mapped_column(sa.String(24))
    """One of ``DOCUMENT_KINDS``."""
    subject: Mapped[str] = mapped_column(sa.String(64), index=True)
    """Whose or what it is about: a person's pseudonym, a class's public id, or ``school``."""
    params: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    dedupe_key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    """0: somebody waits for it; 1: a pack does; 2: nobody yet."""
    through: Mapped[int] = mapped_column(default=0, server_default="0")
    """The ledger's size when it was made: everything up to there is in it."""
    handed_out_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
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


class LedgerTrace(Base):
    """Whom an entry names beside its subject: who acted, and on whose behalf; can be made anew from the ledger."""

    __tablename__ = "ledger_trace"

    pseudonym: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class Watermark(Base):
    """How far something has followed the ledger, or since when something is so, under a name."""

    __tablename__ = "watermark"

    name: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    seq: Mapped[int]
    noted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Pack(Leased, Base):
    """A file with everything that proves what a part of the school agreed to.

    Its ``status`` is ``queued``, ``collecting``, ``writing``, ``ready``, ``cancelled``, ``failed``, ``deleted``, or
    ``erased``, which is deleted because somebody's details were.
    """

    __tablename__ = "pack"
    __table_args__ = (sa.Index("ix_pack_status", "status"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    scope: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    done: Mapped[int]
    total: Mapped[int]
    ordered_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    requested_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    ordered_size: Mapped[int]
    """The ledger's size when it was ordered: every record is at least that fresh."""
    head: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    """The signed head under everything in it; empty until all its records are there."""
    frozen_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ready_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    """Bytes."""
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When whoever ordered it was told that an erasure deleted it, or found to be nobody who can be told."""


class PackMember(Base):
    """One person, or the report, of a pack, in the order of their numbers; the report is number 0."""

    __tablename__ = "pack_member"

    pack_id: Mapped[int] = mapped_column(sa.ForeignKey("pack.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(sa.String(24))
    subject: Mapped[str] = mapped_column(sa.String(64))
    params: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    dedupe_key: Mapped[str] = mapped_column(sa.String(160))
    """Of the document that is wanted where there is none as fresh as ``through``."""
    through: Mapped[int]
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"), index=True)


class PackFile(Base):
    """A small file of a pack, kept from the moment its content was settled until the pack is written."""

    __tablename__ = "pack_file"

    pack_id: Mapped[int] = mapped_column(sa.ForeignKey("pack.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
