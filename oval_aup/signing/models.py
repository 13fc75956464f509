"""Rows for who must sign what, how far they have come, and the marks they made."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class SignatureRequest(Base):
    """One person owes one agreement for one school year."""

    __tablename__ = "signature_request"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "agreement_key", "school_year"),
        sa.Index("ix_signature_request_standing", "school_year", "agreement_key", "status"),
        sa.Index("ix_signature_request_asked", "school_year", "status", "way", "asked_at"),
        sa.Index(
            "ix_signature_request_declined",
            "school_year",
            "settled_at",
            "id",
            sqlite_where=sa.text("status = 'declined'"),
            postgresql_where=sa.text("status = 'declined'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    school_year: Mapped[int]
    """The calendar year in which the school year begins: 2026 for 2026–27."""
    agreement_key: Mapped[str] = mapped_column(sa.String(40))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    """Whose acknowledgement it is; another may make it on a young child's behalf."""
    way: Mapped[str] = mapped_column(sa.String(12), default="self")
    """``self``, ``guardian`` (a guardian signs on a young child's behalf) or ``class`` (in a class session)."""
    status: Mapped[str] = mapped_column(sa.String(12), default="open")
    """``open``, ``started``, ``signed``, ``declined`` or ``cancelled`` (left the school)."""
    asked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    due_on: Mapped[dt.date]
    settled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it was signed or declined."""


class SigningSession(Base):
    """One signing session of one person: what they have ticked so far, kept until they sign or it runs out."""

    __tablename__ = "signing_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    school_year: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(12), default="reading")
    """``reading``, ``signed``, ``declined``, ``expired`` or ``superseded``."""
    language: Mapped[str] = mapped_column(sa.String(12), default="en")
    draft: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    receipt: Mapped[str] = mapped_column(sa.String(36), default="")
    """Public id of the receipt document, once signed."""
    other_name: Mapped[bool] = mapped_column(sa.Boolean, default=False, server_default=sa.false())
    """Whether quite another name than the signer's was typed, and confirmed to be theirs."""


class ClassSession(Base):
    """A lesson in which a class makes its marks."""

    __tablename__ = "class_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    class_id: Mapped[int] = mapped_column(sa.ForeignKey("school_class.id"), index=True)
    school_year: Mapped[int]
    teacher_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    reading_level: Mapped[str] = mapped_column(sa.String(12), default="full")
    join_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    """What other shared devices type to join; useless once closed."""
    opened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Signature(Base):
    """One mark, or the correction of one; rows are only added. What was typed or drawn is in the ledger's details."""

    __tablename__ = "signature"
    __table_args__ = (sa.Index("ix_signature_person", "person_id", "signed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    request_id: Mapped[int] = mapped_column(sa.ForeignKey("signature_request.id"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    signed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    """Who recorded it for the signer: office, teacher; None when the signer acted alone."""
    outcome: Mapped[str] = mapped_column(sa.String(12))
    """``signed``, ``declined``, ``witnessed`` (took part in class while a guardian's signature is what counts)
    or ``withdrawn`` (an earlier mark no longer counts)."""
    version_text_id: Mapped[int] = mapped_column(sa.ForeignKey("version_text.id"))
    channel: Mapped[str] = mapped_column(sa.String(12))
    """``link``, ``login``, ``class``, ``paper``, ``phone``, ``person``."""
    assurance: Mapped[str] = mapped_column(sa.String(32))
    signed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ledger_seq: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.seq"), unique=True)
    signing_session_id: Mapped[int | None] = mapped_column(sa.ForeignKey("signing_session.id"), index=True)
    class_session_id: Mapped[int | None] = mapped_column(sa.ForeignKey("class_session.id"), index=True)
    refers_to_id: Mapped[int | None] = mapped_column(sa.ForeignKey("signature.id"))
    """The earlier mark that this one corrects or withdraws."""

    request: Mapped[SignatureRequest] = relationship(lazy="joined")


class CoverageCount(Base):
    """How many requests stand where, kept up with every change so that coverage costs the same at any size."""

    __tablename__ = "coverage_count"

    school_year: Mapped[int] = mapped_column(primary_key=True)
    agreement_key: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    class_id: Mapped[int] = mapped_column(primary_key=True)
    """A class, or 0 for the whole school."""
    status: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    people: Mapped[int] = mapped_column(default=0)


class CoverageDay(Base):
    """How many requests were signed on a London day, whole school: what the picture of a campaign is drawn from."""

    __tablename__ = "coverage_day"

    school_year: Mapped[int] = mapped_column(primary_key=True)
    agreement_key: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    signed_on: Mapped[dt.date] = mapped_column(primary_key=True)
    people: Mapped[int] = mapped_column(default=0)
