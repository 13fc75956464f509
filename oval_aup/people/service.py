"""What the office may change about people by hand, at enrolment or afterwards."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.people import families, history, queries
from oval_aup.people.models import Child, Guardian, Guardianship, Person, SchoolClass, StaffMember
from oval_aup.people.names import cleaned, folded, normal_email
from oval_aup.people.rows import ChildRow, ClassRow, GuardianRow, GuardianshipRow, StaffRow
from oval_aup.people.years import YEAR_GROUPS

STAFF_GROUPS = ("leadership", "teaching", "support", "office", "site", "governor", "volunteer", "visiting")
RESPONSIBILITIES = ("yes", "no", "unknown")


def add_class(db: Session, *, name: str, year_group: str, actor: Actor) -> ClassRow:
    """Return the class of that name, opening it (or opening it again) where needed."""
    name = cleaned(name)
    if not name or year_group not in YEAR_GROUPS:
        raise Invalid(fields={"class": _("Give the class a name and a year group from N to 6.")})
    found = db.scalar(sa.select(SchoolClass).where(SchoolClass.name == name))
    if found is None:
        found = SchoolClass(name=name, year_group=year_group)
        db.add(found)
    found.archived_on = None
    db.flush()
    return queries.class_by_id(db, found.id)


def add_child(
    db: Session,
    *,
    forename: str,
    surname: str,
    born_on: dt.date,
    year_group: str,
    class_id: int | None = None,
    preferred_forename: str = "",
    upn: str = "",
    mis_id: str = "",
    actor: Actor,
) -> ChildRow:
    """Enrol a child by hand; raises Conflict where the UPN or office number is already someone's."""
    names = _names(forename, surname)
    if year_group not in YEAR_GROUPS:
        raise Invalid(fields={"year_group": _("Choose a year group from N to 6.")})
    if not dt.date(1990, 1, 1) <= born_on <= clock.today():
        raise Invalid(fields={"born_on": _("Check the date of birth.")})
    upn, mis_id = cleaned(upn).upper(), cleaned(mis_id)
    for column, value in ((Child.upn, upn), (Child.mis_id, mis_id)):
        if value and db.scalar(sa.select(Child.person_id).where(column == value)):
            raise Conflict(_("A child with this number is already on the roll."))
    person = Person(**names, preferred_forename=cleaned(preferred_forename))
    db.add(person)
    db.flush()
    db.add(
        Child(
            person_id=person.id,
            upn=upn or None,
            mis_id=mis_id or None,
            born_on=born_on,
            year_group=year_group,
            class_id=class_id,
        )
    )
    history.keep(db, [person.id])
    return families.child_by_id(db, person.id)


def add_guardian(
    db: Session,
    *,
    child_id: int,
    forename: str,
    surname: str,
    title: str = "",
    email: str = "",
    mobile: str = "",
    language: str = "en",
    contact_id: str = "",
    relationship_name: str = "",
    parental_responsibility: str = "unknown",
    contact_allowed: bool = True,
    lives_with: bool | None = None,
    priority: int = 1,
    actor: Actor,
) -> GuardianshipRow:
    """Add a new adult to a child by hand; for an adult already known use ``link_guardian``."""
    person = Person(**_names(forename, surname), title=cleaned(title))
    address = normal_email(email)
    db.add(person)
    db.flush()
    db.add(
        Guardian(
            person_id=person.id,
            contact_id=cleaned(contact_id) or None,
            email=address,
            mobile=cleaned(mobile),
            language=language,
        )
    )
    db.flush()
    return link_guardian(
        db,
        child_id=child_id,
        guardian_id=person.id,
        relationship_name=relationship_name,
        parental_responsibility=parental_responsibility,
        contact_allowed=contact_allowed,
        lives_with=lives_with,
        priority=priority,
        actor=actor,
    )


def link_guardian(
    db: Session,
    *,
    child_id: int,
    guardian_id: int,
    relationship_name: str = "",
    parental_responsibility: str = "unknown",
    contact_allowed: bool = True,
    lives_with: bool | None = None,
    priority: int = 1,
    actor: Actor,
) -> GuardianshipRow:
    """Say how a known guardian (or staff member who is a parent) stands to a child; an earlier word is replaced.

    Raises NotFound also for a child who has left: only a list brings one back.
    """
    if parental_responsibility not in RESPONSIBILITIES:
        raise Invalid(fields={"parental_responsibility": _("Choose yes, no or unknown.")})
    child = db.get(Child, child_id)
    if child is None or child.archived_on is not None or db.get(Person, guardian_id) is None:
        raise NotFound
    _ensure_guardian(db, guardian_id)
    link = db.scalar(
        sa.select(Guardianship).where(Guardianship.child_id == child_id, Guardianship.guardian_id == guardian_id)
    )
    if link is None:
        link = Guardianship(child_id=child_id, guardian_id=guardian_id)
        db.add(link)
    link.relationship_name = cleaned(relationship_name)
    link.parental_responsibility = parental_responsibility
    link.contact_allowed = contact_allowed
    link.lives_with = lives_with
    link.priority = priority
    link.ended_on = None
    history.keep(db, [child_id])
    return next(row for row in families.guardians_of(db, child_id) if row.guardian.person_id == guardian_id)


def _ensure_guardian(db: Session, person_id: int) -> None:
    guardian = db.get(Guardian, person_id)
    if guardian is None:
        member = db.get(StaffMember, person_id)
        if member is None:
            raise NotFound
        guardian = Guardian(person_id=person_id, email=member.work_email)
        db.add(guardian)
    guardian.archived_on = None
    db.flush()


def end_guardianship(db: Session, *, child_id: int, guardian_id: int, actor: Actor) -> None:
    """Close a link that no longer holds; what the guardian signed and chose stays."""
    link = db.scalar(
        sa.select(Guardianship).where(
            Guardianship.child_id == child_id,
            Guardianship.guardian_id == guardian_id,
            Guardianship.ended_on.is_(None),
        )
    )
    if link is None:
        raise NotFound
    link.ended_on = clock.today()
    history.keep(db, [child_id])


def add_staff_member(
    db: Session,
    *,
    forename: str,
    surname: str,
    work_email: str,
    post: str = "",
    staff_group: str = "support",
    title: str = "",
    staff_code: str = "",
    class_id: int | None = None,
    line_manager_id: int | None = None,
    starts_on: dt.date | None = None,
    actor: Actor,
) -> StaffRow:
    """Add a staff member by hand; a guardian of the same e-mail address and forename becomes both."""
    names, address = _names(forename, surname), normal_email(work_email)
    if staff_group not in STAFF_GROUPS:
        raise Invalid(fields={"staff_group": _("Choose a staff group.")})
    if address and db.scalar(sa.select(StaffMember.person_id).where(StaffMember.work_email == address)):
        raise Conflict(_("A staff member with this e-mail address is already on the list."))
    person_id = _guardian_behind(db, address, names["forename"])
    if person_id is None:
        person = Person(**names, title=cleaned(title))
        db.add(person)
        db.flush()
        person_id = person.id
    db.add(
        StaffMember(
            person_id=person_id,
            staff_code=cleaned(staff_code) or None,
            post=cleaned(post),
            staff_group=staff_group,
            work_email=address,
            starts_on=starts_on,
            line_manager_id=line_manager_id,
            class_id=class_id,
        )
    )
    history.keep(db, [person_id])
    return queries.staff_member(db, person_id)


def _guardian_behind(db: Session, email: str, forename: str) -> int | None:
    """The guardian of this address and forename; spouses who share a mailbox are two people."""
    if not email:
        return None
    found = db.execute(
        sa.select(Guardian.person_id, Person.forename, Person.preferred_forename)
        .join(Person, Person.id == Guardian.person_id)
        .outerjoin(StaffMember, StaffMember.person_id == Guardian.person_id)
        .where(Guardian.email == email, StaffMember.person_id.is_(None))
    ).all()
    named = [id_ for id_, *names in found if folded(forename) in {folded(name) for name in names}]
    return int(named[0]) if len(named) == 1 else None


def set_email(db: Session, person_id: int, email: str, actor: Actor) -> GuardianRow | StaffRow:
    """Change the address a guardian is written to, or a staff member's where they are no guardian."""
    address = normal_email(email)
    guardian = db.get(Guardian, person_id)
    if guardian is not None:
        guardian.email = address
        db.flush()
        return families.guardian(db, person_id)
    member = db.get(StaffMember, person_id)
    if member is None:
        raise NotFound
    member.work_email = address
    db.flush()
    return queries.staff_member(db, person_id)


def archive_person(db: Session, person_id: int, *, actor: Actor) -> None:
    """Take a leaver off the current lists in every part they play; nothing about them is deleted."""
    queries.person_by_id(db, person_id)
    today = clock.today()
    for part in (Child, Guardian, StaffMember):
        db.execute(
            sa.update(part).where(part.person_id == person_id, part.archived_on.is_(None)).values(archived_on=today)
        )
    db.execute(
        sa.update(Guardianship)
        .where(Guardianship.guardian_id == person_id, Guardianship.ended_on.is_(None))
        .values(ended_on=today)
    )
    history.keep_of_person(db, person_id)


def _names(forename: str, surname: str) -> dict[str, str]:
    """Cleaned names; somebody with one name has it as forename."""
    names = {"forename": cleaned(forename), "surname": cleaned(surname)}
    if not names["forename"]:
        names = {"forename": names["surname"], "surname": ""}
    if not names["forename"]:
        raise Invalid(fields={field: _("Enter a name.") for field in names})
    return names
