"""Rows for the people of the school and how they belong together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from oval_aup.core.db import Base, UtcDateTime, new_pseudonym, public_id_column
from oval_aup.people.names import search_name


def _search_name(context: DefaultExecutionContext) -> str:
    row = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return search_name(row.get("forename", ""), row.get("preferred_forename", ""), row.get("surname", ""))


class Person(Base):
    """One human being, whatever parts they play: child, guardian, staff member, or both of the last two."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    pseudonym: Mapped[str] = mapped_column(sa.String(32), unique=True, default=new_pseudonym)
    title: Mapped[str] = mapped_column(sa.String(40), default="")
    forename: Mapped[str] = mapped_column(sa.String(120))
    surname: Mapped[str] = mapped_column(sa.String(120), index=True)
    preferred_forename: Mapped[str] = mapped_column(sa.String(120), default="")
    search_name: Mapped[str] = mapped_column(sa.String(400), default=_search_name)
    """All the names, folded: what the office's search box looks in. Whoever renames a person sets it too."""
    erased_on: Mapped[dt.date | None]
    """When everything personal was taken out; the pseudonym stays."""
    joined_to_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    """The record of the same person that goes on; what was done under this one stays with it."""

    @property
    def full_name(self) -> str:
        """The name people use for them, forename first."""
        return f"{self.preferred_forename or self.forename} {self.surname}".strip()


class SchoolClass(Base):
    """A registration class such as 4C."""

    __tablename__ = "school_class"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    year_group: Mapped[str] = mapped_column(sa.String(4))
    """``N``, ``R`` or ``1`` to ``6``."""
    archived_on: Mapped[dt.date | None]


class Child(Base):
    """A pupil; ``mis_id`` (Adno) or ``upn`` identifies them across imports."""

    __tablename__ = "child"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    mis_id: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    upn: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    born_on: Mapped[dt.date]
    year_group: Mapped[str] = mapped_column(sa.String(4))
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("school_class.id"), index=True)
    archived_on: Mapped[dt.date | None] = mapped_column(index=True)

    person: Mapped[Person] = relationship(lazy="joined")
    school_class: Mapped[SchoolClass | None] = relationship(lazy="joined")


class Guardian(Base):
    """A parent, carer or other contact of at least one child."""

    __tablename__ = "guardian"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    contact_id: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    """The contact's id in the school's management system, where the export carries one."""
    email: Mapped[str] = mapped_column(sa.String(254), default="", index=True)
    mobile: Mapped[str] = mapped_column(sa.String(40), default="")
    language: Mapped[str] = mapped_column(sa.String(12), default="en")
    writing_stopped: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """Set by the office: not asked or reminded by email any more, though they can answer."""
    archived_on: Mapped[dt.date | None]

    person: Mapped[Person] = relationship(lazy="joined")


class Guardianship(Base):
    """How one guardian stands to one child."""

    __tablename__ = "guardianship"
    __table_args__ = (sa.UniqueConstraint("child_id", "guardian_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"))
    guardian_id: Mapped[int] = mapped_column(sa.ForeignKey("guardian.person_id"), index=True)
    relationship_name: Mapped[str] = mapped_column(sa.String(60), default="")
    """As the export words it: Mother, Foster carer, Social worker."""
    parental_responsibility: Mapped[str] = mapped_column(sa.String(8), default="unknown")
    """``yes``, ``no`` or ``unknown``."""
    contact_allowed: Mapped[bool] = mapped_column(default=True)
    """False where a court bars the contact: never written to, cannot answer."""
    lives_with: Mapped[bool | None]
    priority: Mapped[int] = mapped_column(default=1)
    ended_on: Mapped[dt.date | None]

    child: Mapped[Child] = relationship()
    guardian: Mapped[Guardian] = relationship()


class GuardianshipState(Base):
    """What the school's lists said of one guardianship from a moment on, until its next state; only ever added to."""

    __tablename__ = "guardianship_state"
    __table_args__ = (sa.Index("ix_guardianship_state_link", "child_id", "guardian_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    """The order of states: where two share a moment, or a clock was set back, the higher one is the later."""
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"))
    guardian_id: Mapped[int] = mapped_column(sa.ForeignKey("guardian.person_id"), index=True)
    relationship_name: Mapped[str] = mapped_column(sa.String(60))
    parental_responsibility: Mapped[str] = mapped_column(sa.String(8))
    contact_allowed: Mapped[bool]
    ended_on: Mapped[dt.date | None]
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the lists began to say so or, where it was taken over, when states began to be kept."""
    taken_over: Mapped[bool]
    """True where the lists said so already when states began to be kept: what they said before is not known."""


class ChildClassState(Base):
    """What the school's lists said of one child's class from a moment on, until its next state; only ever added to."""

    __tablename__ = "child_class_state"
    __table_args__ = (sa.Index("ix_child_class_state_child", "child_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[int] = mapped_column(sa.ForeignKey("child.person_id"))
    class_name: Mapped[str] = mapped_column(sa.String(40))
    """As it was written then; empty for a child without a class."""
    year_group: Mapped[str] = mapped_column(sa.String(4))
    left_on: Mapped[dt.date | None]
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    taken_over: Mapped[bool]


class StaffMember(Base):
    """An adult who works, governs or volunteers at the school."""

    __tablename__ = "staff_member"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    staff_code: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    post: Mapped[str] = mapped_column(sa.String(120), default="")
    staff_group: Mapped[str] = mapped_column(sa.String(20), default="support")
    """``leadership``, ``teaching``, ``support``, ``office``, ``site``, ``governor``, ``volunteer`` or ``visiting``."""
    work_email: Mapped[str] = mapped_column(sa.String(254), default="", index=True)
    starts_on: Mapped[dt.date | None]
    line_manager_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_member.person_id"))
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("school_class.id"), index=True)
    archived_on: Mapped[dt.date | None]

    person: Mapped[Person] = relationship(lazy="joined")
    school_class: Mapped[SchoolClass | None] = relationship(lazy="joined")


class StaffState(Base):
    """Whether the school's lists had somebody as staff from a moment on, until the next state; only ever added to."""

    __tablename__ = "staff_state"
    __table_args__ = (sa.Index("ix_staff_state_person", "person_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("staff_member.person_id"))
    left_on: Mapped[dt.date | None]
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    taken_over: Mapped[bool]


class Correction(Base):
    """One thing the office put right by hand although the lists said otherwise; settled once they say the same."""

    __tablename__ = "correction"
    __table_args__ = (sa.Index("ix_correction_person", "person_id", "field"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    child_id: Mapped[int | None] = mapped_column(sa.ForeignKey("child.person_id"))
    """Set where it is about how the person stands to a child."""
    field: Mapped[str] = mapped_column(sa.String(30))
    """``email``, ``mobile``, ``parental_responsibility``, ``contact_allowed``, ``ended`` or ``left``."""
    value: Mapped[str] = mapped_column(sa.String(254))
    before: Mapped[str] = mapped_column(sa.String(254))
    """What the lists said when it was corrected first."""
    corrected_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class RosterImport(Base):
    """One uploaded export: its bytes until applied or discarded, its column mapping and what came of it."""

    __tablename__ = "roster_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column()
    kind: Mapped[str] = mapped_column(sa.String(20))
    """``contacts`` (a row per pupil and contact), ``classes`` (two parents per row) or ``staff``."""
    file_name: Mapped[str] = mapped_column(sa.String(255))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    mapping: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    """Field name to the header that feeds it."""
    options: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    """What the office answered beside the mapping: ``partial``, ``answers`` by question and a workbook's ``sheet``."""
    plan_sha256: Mapped[str] = mapped_column(sa.String(64), default="")
    """What the preview promised: applying anything else is refused."""
    status: Mapped[str] = mapped_column(sa.String(12), default="previewed")
    """``previewed``, ``applied`` or ``discarded``."""
    summary: Mapped[dict[str, int]] = mapped_column(sa.JSON, default=dict)
    uploaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    uploaded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    settled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class RosterMapping(Base):
    """The mapping last accepted for a set of headers, remembered for the next file like it."""

    __tablename__ = "roster_mapping"

    id: Mapped[int] = mapped_column(primary_key=True)
    headers_sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    mapping: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    used_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
