"""Rows of choices about children's images: history, never overwritten."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class ConsentDecision(Base):
    """One guardian's answer about one child and one purpose; the newest row of a school year stands."""

    __tablename__ = "consent_decision"
    __table_args__ = (
        sa.Index("ix_consent_decision_child", "child_id", "school_year"),
        sa.Index("ix_consent_decision_guardian", "guardian_id", "school_year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"))
    guardian_id: Mapped[int] = mapped_column(sa.ForeignKey("guardian.person_id"))
    school_year: Mapped[int]
    purpose_key: Mapped[str] = mapped_column(sa.String(40))
    act: Mapped[str] = mapped_column(sa.String(12))
    """``given``, ``refused``, ``withdrawn`` or ``invalidated`` (it should never have counted)."""
    version_text_id: Mapped[int] = mapped_column(sa.ForeignKey("version_text.id"))
    channel: Mapped[str] = mapped_column(sa.String(12))
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    decided_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ledger_seq: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.seq"), index=True)


class ImageBlock(Base):
    """A safeguarding block: no use of the child's image whatever anyone chose. The reason is never kept here."""

    __tablename__ = "image_block"

    id: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"), index=True)
    placed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    placed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    lifted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class PermissionChange(Base):
    """Permission for one child and one use became another: what teachers are told and see marked."""

    __tablename__ = "permission_change"
    __table_args__ = (
        sa.Index("ix_permission_change_child", "child_id", "purpose_key", "id"),
        sa.Index("ix_permission_change_told", "told_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"))
    school_year: Mapped[int]
    purpose_key: Mapped[str] = mapped_column(sa.String(40))
    was: Mapped[str] = mapped_column(sa.String(10))
    """``yes``, ``no``, ``missing`` or ``blocked``, as a class was shown it."""
    now: Mapped[str] = mapped_column(sa.String(10))
    cause: Mapped[str] = mapped_column(sa.String(12))
    """``answer``, ``block``, ``roster`` (who may choose has changed) or ``lapse`` (the school year ended)."""
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """For a lapse: when it was decided whether pictures must come down."""


class TakeDown(Base):
    """Published pictures to be taken down after a withdrawal: an owner and a deadline."""

    __tablename__ = "take_down"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"), index=True)
    purpose_key: Mapped[str] = mapped_column(sa.String(40))
    opened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[dt.date]
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    done_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    done_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    places: Mapped[str] = mapped_column(sa.Text, default="")
    """Where pictures were found and removed, in the words of whoever did it."""
