"""Rows for what people are asked to agree to: agreements, their versions and the exact wording."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from oval_aup.core.db import Base, UtcDateTime, public_id_column


class Agreement(Base):
    """A rule set (``staff``, ``parents``, ``children``) or the list of image uses (``image-uses``)."""

    __tablename__ = "agreement"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    audience: Mapped[str] = mapped_column(sa.String(20))
    """Who it is for: ``staff``, ``guardians`` or ``children``."""


class Version(Base):
    """One numbered version of an agreement; once published it never changes."""

    __tablename__ = "agreement_version"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(12), default="draft")
    """``draft`` or ``published``."""
    material: Mapped[bool] = mapped_column(default=True)
    """True when people who signed an earlier version must sign again."""
    published_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    published_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))

    agreement: Mapped[Agreement] = relationship(lazy="joined")


class VersionText(Base):
    """The wording of a version in one language and reading level, as the canonical bytes that are hashed."""

    __tablename__ = "version_text"
    __table_args__ = (sa.UniqueConstraint("version_id", "language", "reading_level"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_version.id"))
    language: Mapped[str] = mapped_column(sa.String(12))
    reading_level: Mapped[str] = mapped_column(sa.String(12), default="full")
    """``full`` or, for the children's rules, also ``younger``."""
    canonical: Mapped[bytes] = mapped_column(sa.LargeBinary)
    text_sha256: Mapped[str] = mapped_column(sa.String(64), index=True)

    version: Mapped[Version] = relationship(lazy="joined")
