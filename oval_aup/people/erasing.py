"""Who has left for good, who stood to whom, and how a person becomes a pseudonym: the row and the counts stay."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.people import history
from oval_aup.people.models import Child, Correction, Guardian, Guardianship, Person, RosterImport, StaffMember

NOBODYS_BIRTHDAY = dt.date(1900, 1, 1)
"""Stands where a child's date of birth was."""


@dataclass(frozen=True, slots=True)
class LeaverRow:
    """Somebody who plays no part any more; ``left_on`` is the day the last part ended."""

    person_id: int
    left_on: dt.date
    is_child: bool
    is_guardian: bool
    is_staff: bool
    erased: bool


def leavers(db: Session) -> tuple[LeaverRow, ...]:
    """Everybody who has left in every part they played, erased or not, those gone longest first."""
    statement: Any = sa.select(Person.id, Person.erased_on)
    for name, part in (("child", Child), ("guardian", Guardian), ("staff", StaffMember)):
        facts = (part.person_id.is_not(None).label(f"is_{name}"), part.archived_on.label(f"{name}_left"))
        statement = statement.add_columns(*facts).outerjoin(part, part.person_id == Person.id)
        statement = statement.where(sa.or_(part.archived_on.is_not(None), part.person_id.is_(None)))
    found = [
        LeaverRow(
            person_id=row.id,
            left_on=max(ends),
            is_child=row.is_child,
            is_guardian=row.is_guardian,
            is_staff=row.is_staff,
            erased=row.erased_on is not None,
        )
        for row in db.execute(statement)
        if (ends := [ended for ended in (row.child_left, row.guardian_left, row.staff_left) if ended])
    ]
    return tuple(sorted(found, key=lambda row: (row.left_on, row.person_id)))


def kin_of(db: Session, person_id: int) -> tuple[int, ...]:
    """Row ids of everybody who ever stood to this person as child or guardian, ended links too."""
    links = db.execute(
        sa.select(Guardianship.child_id, Guardianship.guardian_id).where(
            sa.or_(Guardianship.child_id == person_id, Guardianship.guardian_id == person_id)
        )
    )
    return tuple(sorted({other for link in links for other in link} - {person_id}))


def erase_person(db: Session, person_id: int) -> None:
    """Turn a person's rows into a pseudonym's: no name, birthday, number or address is left; safe to repeat.

    Whoever was still on a list is off it. Links between people stay as links between pseudonyms, so that what counted
    for a child on a day in the past can still be told. Raises NotFound.
    """
    person = db.get(Person, person_id)
    if person is None:
        raise NotFound
    person.title = person.preferred_forename = person.search_name = ""
    person.forename, person.surname = "Erased", f"person {person.pseudonym[:8]}"
    person.erased_on = person.erased_on or clock.today()
    own: dict[type[Child | Guardian | StaffMember], dict[str, object]] = {
        Child: {"mis_id": None, "upn": None, "born_on": NOBODYS_BIRTHDAY, "class_id": None},
        Guardian: {"contact_id": None, "email": "", "mobile": "", "language": "en"},
        StaffMember: {
            "staff_code": None,
            "post": "",
            "work_email": "",
            "starts_on": None,
            "line_manager_id": None,
            "class_id": None,
        },
    }
    for part, blank in own.items():
        db.execute(sa.update(part).where(part.person_id == person_id).values(**blank))
        still_here = sa.and_(part.person_id == person_id, part.archived_on.is_(None))
        db.execute(sa.update(part).where(still_here).values(archived_on=person.erased_on))
    db.execute(sa.update(StaffMember).where(StaffMember.line_manager_id == person_id).values(line_manager_id=None))
    theirs = sa.or_(Guardianship.child_id == person_id, Guardianship.guardian_id == person_id)
    db.execute(sa.update(Guardianship).where(theirs).values(relationship_name="", lives_with=None))
    db.execute(sa.update(Guardianship).where(theirs, Guardianship.ended_on.is_(None)).values(ended_on=person.erased_on))
    corrected = sa.or_(Correction.person_id == person_id, Correction.child_id == person_id)
    db.execute(sa.delete(Correction).where(corrected))
    history.erase_states(db, person_id)
    history.keep_of_person(db, person_id)


def erase_contact(db: Session, person_id: int) -> None:
    """Forget how a person is reached, and nothing else; safe to repeat."""
    reached = sa.and_(Correction.person_id == person_id, Correction.field.in_(("email", "mobile")))
    db.execute(sa.delete(Correction).where(reached))
    db.execute(sa.update(Guardian).where(Guardian.person_id == person_id).values(email="", mobile=""))
    db.execute(sa.update(StaffMember).where(StaffMember.person_id == person_id).values(work_email=""))


def discard_undecided_lists(db: Session) -> int:
    """Forget the bytes of every list nobody has decided on, since anybody may be in it; returns how many those were."""
    undecided = RosterImport.status == "previewed"
    waiting = db.scalar(sa.select(sa.func.count()).select_from(RosterImport).where(undecided)) or 0
    if waiting:
        gone = {"status": "discarded", "content": None, "settled_at": clock.now()}
        db.execute(sa.update(RosterImport).where(undecided).values(**gone))
    return waiting
