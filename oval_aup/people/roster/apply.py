"""Carries out a plan in bulk: a fixed number of statements however many people it names, and not one DELETE."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core.db import new_public_id
from oval_aup.people.lookups import chunks
from oval_aup.people.models import Child, Guardian, Guardianship, Person, SchoolClass, StaffMember
from oval_aup.people.names import search_name
from oval_aup.people.roster.plan import CHILD, GUARDIAN, STAFF, Writes

Values = Mapping[int, Mapping[str, Any]]

_NUMBERS = frozenset({"mis_id", "upn", "contact_id", "staff_code"})
"""Unique columns in which an empty string would clash: stored as NULL."""


def carry_out(db: Session, writes: Writes, *, today: dt.date) -> dict[int, int]:
    """Write everything a plan holds; returns the id given to each negative number."""
    ids = _add_persons(db, writes.persons)
    classes = _settle_classes(db, writes, today)

    def placed(values: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {
            name: None if name in _NUMBERS and not value else value for name, value in values.items()
        }
        if "class_name" in row:
            row["class_id"] = classes.get(row.pop("class_name"))
        if row.get("line_manager_id"):
            row["line_manager_id"] = ids.get(row["line_manager_id"], row["line_manager_id"])
        return row

    _change_names(db, writes.person_changes)
    added_to: tuple[tuple[type[Any], Values], ...] = ((Child, writes.children), (Guardian, writes.guardians))
    for model, added in added_to:
        _insert(db, model, [{"person_id": ids.get(ref, ref)} | placed(values) for ref, values in added.items()])
    _add_staff(db, {ids.get(ref, ref): placed(values) for ref, values in writes.staff.items()})
    changed_in: tuple[tuple[type[Any], Values], ...] = (
        (Child, writes.child_changes),
        (Guardian, writes.guardian_changes),
        (StaffMember, writes.staff_changes),
    )
    for model, changes in changed_in:
        _update(db, model, "person_id", {ref: placed(values) for ref, values in changes.items()})
    links = [
        {"child_id": ids.get(child, child), "guardian_id": ids.get(guardian, guardian)} | values
        for (child, guardian), values in writes.links.items()
    ]
    _insert(db, Guardianship, links)
    _update(db, Guardianship, "id", writes.link_changes)
    _update(db, Guardianship, "id", {link: {"ended_on": today} for link in writes.ended_links})
    _settle_archive(db, writes, today)
    db.expire_all()
    return ids


def _insert(db: Session, model: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        db.execute(sa.insert(model), rows)


def _update(db: Session, model: type[Any], key: str, changes: Values) -> None:
    """One statement for each set of columns that changes together."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for id_, values in changes.items():
        if values:
            alike[tuple(sorted(values))].append({key: id_} | dict(values))
    for rows in alike.values():
        db.execute(sa.update(model), rows)


def _add_persons(db: Session, persons: Values) -> dict[int, int]:
    """Insert in bulk and find the ids by the public ones; asking for them row by row would cost a statement each."""
    public_ids = {number: new_public_id() for number in persons}
    _insert(db, Person, [dict(values) | {"public_id": public_ids[number]} for number, values in persons.items()])
    given: dict[str, int] = {}
    for piece in chunks(public_ids.values()):
        found = db.execute(sa.select(Person.public_id, Person.id).where(Person.public_id.in_(piece)))
        given |= dict(found.all())
    return {number: given[public_id] for number, public_id in public_ids.items()}


def _change_names(db: Session, changes: Values) -> None:
    """Rename people and what the search box finds them by."""
    renamed: dict[int, dict[str, Any]] = {}
    columns = ("forename", "preferred_forename", "surname")
    for piece in chunks(changes):
        for row in db.execute(
            sa.select(Person.id, Person.forename, Person.preferred_forename, Person.surname).where(Person.id.in_(piece))
        ):
            names = dict(zip(columns, row[1:], strict=True)) | dict(changes[row[0]])
            renamed[row[0]] = dict(changes[row[0]]) | {"search_name": search_name(*(names[c] for c in columns))}
    _update(db, Person, "id", renamed)


def _add_staff(db: Session, staff: Values) -> None:
    """Staff first and their line managers after, since one new member may manage another."""
    columns = ("staff_code", "post", "staff_group", "work_email", "starts_on", "class_id")
    _insert(
        db, StaffMember, [{"person_id": ref} | {name: row.get(name) for name in columns} for ref, row in staff.items()]
    )
    managed = {
        ref: {"line_manager_id": row["line_manager_id"]} for ref, row in staff.items() if row.get("line_manager_id")
    }
    _update(db, StaffMember, "person_id", managed)


def _settle_classes(db: Session, writes: Writes, today: dt.date) -> dict[str, int]:
    known = {name: id_ for id_, name in db.execute(sa.select(SchoolClass.id, SchoolClass.name))}
    _insert(db, SchoolClass, [{"name": n, "year_group": y} for n, y in writes.classes.items() if n not in known])
    reopened = {known[n]: {"year_group": y, "archived_on": None} for n, y in writes.classes.items() if n in known}
    closed = {known[n]: {"archived_on": today} for n in writes.closed_classes if n in known}
    _update(db, SchoolClass, "id", reopened)
    _update(db, SchoolClass, "id", closed)
    return {name: id_ for id_, name in db.execute(sa.select(SchoolClass.id, SchoolClass.name))}


def _settle_archive(db: Session, writes: Writes, today: dt.date) -> None:
    for kind, model in ((CHILD, Child), (GUARDIAN, Guardian), (STAFF, StaffMember)):
        _stamp(db, model, writes.archived[kind], today)
    _stamp(db, Guardian, writes.revived_guardians, None)


def _stamp(db: Session, model: type[Any], ids: Iterable[int], archived_on: dt.date | None) -> None:
    for piece in chunks(ids):
        db.execute(
            sa.update(model)
            .where(model.person_id.in_(piece))
            .values(archived_on=archived_on)
            .execution_options(synchronize_session=False)
        )
