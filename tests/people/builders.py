"""Puts children, guardians and classes into a test's school one by one; a real school brings them in with its lists.

They leave behind what a list does: states of what the lists say, and entries in the ledger.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.people import ChildRow, ClassRow, GuardianshipRow, families, history, queries
from oval_aup.people.changes import Changes
from oval_aup.people.models import Child, Guardian, Guardianship, Person, SchoolClass, StaffMember
from oval_aup.people.names import cleaned, normal_email
from oval_aup.people.service import RESPONSIBILITIES, enter_link, said_of
from oval_aup.people.years import YEAR_GROUPS

__all__ = ["add_child", "add_class", "add_guardian", "end_guardianship", "link_guardian"]


def add_class(db: Session, *, name: str, year_group: str) -> ClassRow:
    """Return the class of that name, opening it (or opening it again) where needed."""
    name = cleaned(name)
    if not name or year_group not in YEAR_GROUPS:
        raise Invalid(fields={"class": "Give the class a name and a year group from N to 6."})
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
        raise Invalid(fields={"year_group": "Choose a year group from N to 6."})
    if not dt.date(1990, 1, 1) <= born_on <= clock.today():
        raise Invalid(fields={"born_on": "Check the date of birth."})
    upn, mis_id = cleaned(upn).upper(), cleaned(mis_id)
    for column, value in ((Child.upn, upn), (Child.mis_id, mis_id)):
        if value and db.scalar(sa.select(Child.person_id).where(column == value)):
            raise Conflict("A child with this number is already on the roll.")
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
    Changes(joined=[(person.pseudonym, "child")]).enter(db, actor=actor)
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
        raise Invalid(fields={"parental_responsibility": "Choose yes, no or unknown."})
    child, adult = db.get(Child, child_id), db.get(Person, guardian_id)
    if child is None or child.archived_on is not None or adult is None:
        raise NotFound
    _ensure_guardian(db, guardian_id)
    link = db.scalar(
        sa.select(Guardianship).where(Guardianship.child_id == child_id, Guardianship.guardian_id == guardian_id)
    )
    before = said_of(link)
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
    enter_link(db, child.person, adult, before, said_of(link), actor=actor)
    return next(row for row in families.guardians_of(db, child_id) if row.guardian.person_id == guardian_id)


def end_guardianship(db: Session, *, child_id: int, guardian_id: int, actor: Actor) -> None:
    """Close a link that no longer holds; what the guardian signed and chose stays."""
    people.change_link(db, child_id=child_id, guardian_id=guardian_id, ended=True, actor=actor)


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


def _names(forename: str, surname: str) -> dict[str, str]:
    """Cleaned names; somebody with one name has it as forename."""
    names = {"forename": cleaned(forename), "surname": cleaned(surname)}
    if not names["forename"]:
        names = {"forename": names["surname"], "surname": ""}
    if not names["forename"]:
        raise Invalid(fields=dict.fromkeys(names, "Enter a name."))
    return names
