"""Rows of evidence packs: what goes into each, and how far it has come."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column
from oval_aup.jobs import Leased


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
