"""Rows of the record: the ledger, the erasable personal details beside it, the documents and packs made from it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base


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


class LedgerTrace(Base):
    """Whom an entry names beside its subject: who acted, and on whose behalf; can be made anew from the ledger."""

    __tablename__ = "ledger_trace"

    pseudonym: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
