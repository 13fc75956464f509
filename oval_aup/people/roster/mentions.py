"""Finds the lists not yet decided on that name one person; of the others nothing is kept that could tell."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.people.models import Child, Guardian, Person, RosterImport, StaffMember
from oval_aup.people.names import folded
from oval_aup.people.roster.imports import ImportRow, roster_import
from oval_aup.people.roster.reader import Unreadable, every_row


def lists_naming(db: Session, person_id: int) -> tuple[ImportRow, ...]:
    """The imports whose bytes are still here and hold this person's number, address or full name in a row."""
    marks, names = _marks(db, person_id), _names(db, person_id)
    found = []
    waiting = sa.select(RosterImport.public_id, RosterImport.content).where(RosterImport.content.is_not(None))
    for public_id, content in db.execute(waiting.order_by(RosterImport.id)).all():
        try:
            rows = every_row(content or b"")
        except Unreadable:
            continue
        cells = ({folded(cell) for cell in row if cell} for row in rows)
        if any(row & marks or any(_names_them(row, name) for name in names) for row in cells):
            found.append(roster_import(db, public_id))
    return tuple(found)


def _names_them(row: set[str], name: tuple[str, str]) -> bool:
    forename, surname = name
    whole = f"{forename} {surname}".strip()
    return {forename, surname} - {""} <= row or any(cell.endswith(whole) for cell in row)


def _marks(db: Session, person_id: int) -> set[str]:
    """Numbers and addresses that are this person's alone."""
    found: set[str] = set()
    for model, columns in (
        (Child, (Child.upn, Child.mis_id)),
        (Guardian, (Guardian.contact_id, Guardian.email)),
        (StaffMember, (StaffMember.staff_code, StaffMember.work_email)),
    ):
        row = db.execute(sa.select(*columns).where(model.person_id == person_id)).first()
        found |= {folded(value) for value in row or () if value}
    return found


def _names(db: Session, person_id: int) -> set[tuple[str, str]]:
    columns = (Person.forename, Person.preferred_forename, Person.surname)
    forename, preferred, surname = db.execute(sa.select(*columns).where(Person.id == person_id)).one()
    return {(folded(first), folded(surname)) for first in (forename, preferred) if first or surname}
