"""Rows of documents that are wanted or made, and of their bytes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column
from oval_aup.jobs import Leased


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
    """A key of ``documents.KINDS``."""
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


class DocumentPin(Base):
    """That somebody still needs the bytes of a finished document, such as a pack that is not written yet."""

    __tablename__ = "document_pin"

    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    """The public id of what needs it."""
