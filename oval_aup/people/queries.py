"""Who anyone is, and the classes and staff: answered in a constant number of statements, whatever the school's size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import columns_of, fetch, rows_as, table_of
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.people.lookups import Condition, chunks, one, shown_name
from oval_aup.people.models import Child, Guardian, Person, SchoolClass, StaffMember
from oval_aup.people.names import folded
from oval_aup.people.rows import ClassRow, PersonRow, StaffRow
from oval_aup.people.years import year_rank

FEWEST_DIGITS = 4
"""So many digits are looked for in telephone numbers."""

# Built once: putting the statement together costs more than its answer.
_PEOPLE = (
    sa.select(
        Person.id,
        Person.public_id,
        Person.pseudonym,
        Person.forename,
        Person.surname,
        Person.preferred_forename,
        Child.person_id,
        Child.archived_on,
        Guardian.person_id,
        Guardian.archived_on,
        StaffMember.person_id,
        StaffMember.archived_on,
        Person.erased_on,
    )
    .outerjoin(Child, Child.person_id == Person.id)
    .outerjoin(Guardian, Guardian.person_id == Person.id)
    .outerjoin(StaffMember, StaffMember.person_id == Person.id)
    .order_by(Person.surname, Person.forename, Person.id)
)
_PERSON_BY_ID = _PEOPLE.where(Person.id == sa.bindparam("person_id"))


def _people(db: Session, *where: Condition, limit: int | None = None) -> list[PersonRow]:
    return _person_rows(fetch(db, _PEOPLE.where(*where).limit(limit)))


def _person_rows(found: Iterable[Any]) -> list[PersonRow]:
    rows = []
    for (
        id_,
        public_id,
        pseudonym,
        forename,
        surname,
        preferred,
        child,
        c_end,
        guardian,
        g_end,
        staff_id,
        s_end,
        erased_on,
    ) in found:
        current = (
            (child is not None and c_end is None)
            or (guardian is not None and g_end is None)
            or (staff_id is not None and s_end is None)
        )
        rows.append(
            PersonRow(
                person_id=id_,
                public_id=public_id,
                pseudonym=pseudonym,
                full_name=shown_name(forename, surname, preferred),
                is_child=child is not None,
                is_guardian=guardian is not None,
                is_staff=staff_id is not None,
                archived=not current,
                erased=erased_on is not None,
            )
        )
    return rows


def person(db: Session, public_id: str) -> PersonRow:
    """Anyone by public id; raises NotFound."""
    return one(_people(db, Person.public_id == public_id))


def person_by_id(db: Session, person_id: int) -> PersonRow:
    """Anyone by row id; raises NotFound."""
    return one(_person_rows(fetch(db, _PERSON_BY_ID, person_id=person_id)))


def persons_by_id(db: Session, ids: Iterable[int]) -> dict[int, PersonRow]:
    """Many people at once; unknown ids are simply absent."""
    return {row.person_id: row for piece in chunks(ids) for row in _people(db, Person.id.in_(piece))}


def persons_by_pseudonym(db: Session, pseudonyms: Iterable[str]) -> dict[str, PersonRow]:
    """The people behind ledger entries, by pseudonym; unknown or erased ones are absent."""
    return {row.pseudonym: row for piece in chunks(pseudonyms) for row in _people(db, Person.pseudonym.in_(piece))}


def search(db: Session, text: str, limit: int = 25) -> tuple[PersonRow, ...]:
    """People whose name or email address holds every word typed, in any order; current ones first.

    Accents, capitals and commas do not matter. Digits alone are looked for in telephone numbers, spaces aside.
    """
    words = folded(text).replace(",", " ").replace(";", " ").split()
    if not words:
        return ()
    digits = "".join(words).replace("+44", "0").replace("-", "").replace("(", "").replace(")", "")
    if len(digits) >= FEWEST_DIGITS and digits.isascii() and digits.isdigit():
        number = sa.func.replace(sa.func.replace(Guardian.mobile, " ", ""), "+44", "0")
        return tuple(sorted(_people(db, number.contains(digits), limit=limit), key=lambda row: row.archived))
    where = [
        sa.or_(
            Person.search_name.contains(word, autoescape=True),
            Guardian.email.contains(word, autoescape=True),
            StaffMember.work_email.contains(word, autoescape=True),
        )
        for word in words[:8]
    ]
    found = _people(db, *where, limit=limit * 4)
    return tuple(sorted(found, key=lambda row: row.archived)[:limit])


def mobiles(db: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """The telephone numbers of guardians, empty where there is none; everybody else is empty too."""
    ids = list(person_ids)
    chosen = sa.select(Guardian.person_id, Guardian.mobile).where(Guardian.person_id.in_(ids))
    return dict.fromkeys(ids, "") | {row.person_id: row.mobile for row in db.execute(chosen)}


_CLASS_COLUMNS = columns_of(ClassRow, table_of(SchoolClass))


def classes(db: Session) -> tuple[ClassRow, ...]:
    """The current classes, youngest year first."""
    chosen = sa.select(*_CLASS_COLUMNS).where(SchoolClass.archived_on.is_(None))
    rows = rows_as(ClassRow, db.execute(chosen))
    return tuple(sorted(rows, key=lambda row: (year_rank(row.year_group), row.name)))


def class_named(db: Session, name: str) -> ClassRow:
    """A current class by its name as people write it; raises NotFound."""
    sought = name.strip().casefold()
    for row in classes(db):
        if row.name.casefold() == sought:
            return row
    raise NotFound(_("There is no class of this name."))


def school_class(db: Session, public_id: str) -> ClassRow:
    """One class by public id, archived or not; raises NotFound."""
    return _class(db, SchoolClass.public_id == public_id)


def class_by_id(db: Session, class_id: int) -> ClassRow:
    """One class by row id, archived or not; raises NotFound."""
    return _class(db, SchoolClass.id == class_id)


def _class(db: Session, where: Condition) -> ClassRow:
    return one(rows_as(ClassRow, db.execute(sa.select(*_CLASS_COLUMNS).where(where))))


def _staff(db: Session, *where: Condition) -> list[StaffRow]:
    statement = (
        sa.select(
            StaffMember.person_id,
            Person.public_id,
            Person.pseudonym,
            Person.forename,
            Person.surname,
            Person.preferred_forename,
            StaffMember.post,
            StaffMember.staff_group,
            StaffMember.work_email,
            StaffMember.class_id,
            SchoolClass.name.label("class_name"),
            StaffMember.line_manager_id,
            StaffMember.starts_on,
            StaffMember.archived_on,
        )
        .join(Person, Person.id == StaffMember.person_id)
        .outerjoin(SchoolClass, SchoolClass.id == StaffMember.class_id)
        .where(*where)
        .order_by(Person.surname, Person.forename, Person.id)
    )
    return [
        StaffRow(
            person_id=row.person_id,
            public_id=row.public_id,
            pseudonym=row.pseudonym,
            full_name=shown_name(row.forename, row.surname, row.preferred_forename),
            forename=row.preferred_forename or row.forename,
            post=row.post,
            staff_group=row.staff_group,
            work_email=row.work_email,
            class_id=row.class_id,
            class_name=row.class_name or "",
            line_manager_id=row.line_manager_id,
            starts_on=row.starts_on,
            archived_on=row.archived_on,
        )
        for row in db.execute(statement)
    ]


def staff(db: Session) -> tuple[StaffRow, ...]:
    """The current staff, governors and volunteers, by surname."""
    return tuple(_staff(db, StaffMember.archived_on.is_(None)))


def staff_member(db: Session, person_id: int) -> StaffRow:
    """One staff member by person id, archived or not; raises NotFound."""
    return one(_staff(db, StaffMember.person_id == person_id))


def staff_by_email(db: Session, email: str) -> StaffRow:
    """The current staff member with this work email address; raises NotFound."""
    return one(_staff(db, StaffMember.work_email == email.strip().lower(), StaffMember.archived_on.is_(None)))
