"""The roster as it stands, read in a handful of statements into plain rows that the comparison can hold in its hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import rows_as
from oval_aup.people.models import Child, Guardian, Guardianship, Person, SchoolClass, StaffMember


@dataclass(frozen=True, slots=True)
class CurrentChild:
    """A child on the roll or once on it."""

    person_id: int
    forename: str
    surname: str
    preferred_forename: str
    mis_id: str
    upn: str
    born_on: dt.date
    year_group: str
    class_name: str
    archived: bool

    @property
    def full_name(self) -> str:
        """As people call them."""
        return f"{self.preferred_forename or self.forename} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class CurrentGuardian:
    """A guardian, linked to somebody or not."""

    person_id: int
    title: str
    forename: str
    surname: str
    preferred_forename: str
    contact_id: str
    email: str
    mobile: str
    language: str
    archived: bool

    @property
    def full_name(self) -> str:
        """As people call them."""
        return f"{self.preferred_forename or self.forename or self.title} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class CurrentLink:
    """How a guardian stands, or stood, to a child."""

    id: int
    child_id: int
    guardian_id: int
    relationship_name: str
    parental_responsibility: str
    contact_allowed: bool
    lives_with: bool | None
    priority: int
    ended: bool


@dataclass(frozen=True, slots=True)
class CurrentStaff:
    """A staff member, current or gone."""

    person_id: int
    title: str
    forename: str
    surname: str
    preferred_forename: str
    code: str
    post: str
    staff_group: str
    class_name: str
    email: str
    starts_on: dt.date | None
    line_manager_id: int | None
    archived: bool

    @property
    def full_name(self) -> str:
        """As people call them."""
        return f"{self.preferred_forename or self.forename} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class CurrentClass:
    """A registration class, open or closed."""

    id: int
    name: str
    year_group: str
    archived: bool


@dataclass(frozen=True, slots=True)
class Alias:
    """A guardian's earlier record that was joined to another: how lists may still write them."""

    person_id: int
    """The record that goes on."""
    title: str
    forename: str
    surname: str
    contact_id: str
    email: str
    mobile: str


@dataclass(slots=True)
class Current:
    """The whole roster at one moment."""

    children: dict[int, CurrentChild] = field(default_factory=dict)
    guardians: dict[int, CurrentGuardian] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)
    links: dict[tuple[int, int], CurrentLink] = field(default_factory=dict)
    """By child and guardian."""
    staff: dict[int, CurrentStaff] = field(default_factory=dict)
    classes: dict[str, CurrentClass] = field(default_factory=dict)
    """By name."""


def current(db: Session) -> Current:
    """Read the roster, leavers included, so that whoever comes back is known again."""
    now = Current()
    archived = SchoolClass.archived_on.is_not(None).label("archived")
    classes = sa.select(SchoolClass.id, SchoolClass.name, SchoolClass.year_group, archived)
    for room in rows_as(CurrentClass, db.execute(classes)):
        now.classes[room.name] = room
    chosen = (
        sa.select(
            Child.person_id,
            Person.forename,
            Person.surname,
            Person.preferred_forename,
            sa.func.coalesce(Child.mis_id, "").label("mis_id"),
            sa.func.coalesce(Child.upn, "").label("upn"),
            Child.born_on,
            Child.year_group,
            sa.func.coalesce(SchoolClass.name, "").label("class_name"),
            Child.archived_on.is_not(None).label("archived"),
        )
        .join(Person, Person.id == Child.person_id)
        .outerjoin(SchoolClass, SchoolClass.id == Child.class_id)
    )
    now.children = {child.person_id: child for child in rows_as(CurrentChild, db.execute(chosen))}
    _read_guardians(db, now)
    _read_staff(db, now)
    return now


def _read_guardians(db: Session, now: Current) -> None:
    columns = (
        Guardian.person_id,
        Person.title,
        Person.forename,
        Person.surname,
        Person.preferred_forename,
        sa.func.coalesce(Guardian.contact_id, "").label("contact_id"),
        Guardian.email,
        Guardian.mobile,
        Guardian.language,
        Guardian.archived_on.is_not(None).label("archived"),
    )
    chosen = sa.select(*columns).join(Person, Person.id == Guardian.person_id)
    alone = rows_as(CurrentGuardian, db.execute(chosen.where(Person.joined_to_id.is_(None))))
    now.guardians = {guardian.person_id: guardian for guardian in alone}
    goes_on = Person.joined_to_id.label("person_id")
    told = [column for column in columns if column.key in Alias.__slots__ and column.key != "person_id"]
    joined = sa.select(goes_on, *told).join(Person, Person.id == Guardian.person_id)
    now.aliases = rows_as(Alias, db.execute(joined.where(Person.joined_to_id.is_not(None))))
    links = sa.select(
        Guardianship.id,
        Guardianship.child_id,
        Guardianship.guardian_id,
        Guardianship.relationship_name,
        Guardianship.parental_responsibility,
        Guardianship.contact_allowed,
        Guardianship.lives_with,
        Guardianship.priority,
        Guardianship.ended_on.is_not(None).label("ended"),
    )
    for link in rows_as(CurrentLink, db.execute(links.order_by(Guardianship.id))):
        if link.guardian_id in now.guardians:  # else of a record that was joined to another
            now.links[link.child_id, link.guardian_id] = link


def _read_staff(db: Session, now: Current) -> None:
    chosen = (
        sa.select(
            StaffMember.person_id,
            Person.title,
            Person.forename,
            Person.surname,
            Person.preferred_forename,
            sa.func.coalesce(StaffMember.staff_code, "").label("code"),
            StaffMember.post,
            StaffMember.staff_group,
            sa.func.coalesce(SchoolClass.name, "").label("class_name"),
            StaffMember.work_email.label("email"),
            StaffMember.starts_on,
            StaffMember.line_manager_id,
            StaffMember.archived_on.is_not(None).label("archived"),
        )
        .join(Person, Person.id == StaffMember.person_id)
        .outerjoin(SchoolClass, SchoolClass.id == StaffMember.class_id)
    )
    now.staff = {member.person_id: member for member in rows_as(CurrentStaff, db.execute(chosen))}
