"""Keeps what the school's lists said of links, classes and staff, and tells what they said at a moment that has passed.

Whatever changes a guardianship, a child's class or who is staff ends with ``keep``: it compares the lists as they are
with the newest state kept of each, and adds the states that differ. So no verb says a second time what it has changed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import UtcDateTime, fetch, table_of
from oval_aup.people.families import children_by_id, guardian_columns, guardian_row
from oval_aup.people.lookups import chunks
from oval_aup.people.models import (
    Child,
    ChildClassState,
    Guardian,
    Guardianship,
    GuardianshipState,
    Person,
    SchoolClass,
    StaffMember,
    StaffState,
)
from oval_aup.people.rows import ChildRow, ClassThen, GuardianshipThen, PartsThen, PersonRow

_link, _child = table_of(Guardianship), table_of(Child)
_class, _staff = table_of(SchoolClass), table_of(StaffMember)
_link_state, _class_state, _staff_state = (
    table_of(model) for model in (GuardianshipState, ChildClassState, StaffState)
)

_at, _since = sa.bindparam("at", type_=UtcDateTime()), sa.bindparam("since", type_=UtcDateTime())
_on = sa.bindparam("on", type_=sa.Date())
_child_ids: sa.BindParameter[Any] = sa.bindparam("child_ids", expanding=True)
_person_ids: sa.BindParameter[Any] = sa.bindparam("person_ids", expanding=True)

_SAID_OF_LINKS = {
    name: _link.c[name] for name in ("relationship_name", "parental_responsibility", "contact_allowed", "ended_on")
}
_SAID_OF_CLASSES = {
    "class_name": sa.func.coalesce(_class.c.name, ""),
    "year_group": _child.c.year_group,
    "left_on": _child.c.archived_on,
}
_SAID_OF_STAFF = {"left_on": _staff.c.archived_on}
_LINK = {"child_id": _link.c.child_id, "guardian_id": _link.c.guardian_id}
_CHILD = {"child_id": _child.c.person_id}
_MEMBER = {"person_id": _staff.c.person_id}

Columns = Mapping[str, sa.ColumnElement[Any]]


def _of(states: sa.FromClause, whose: Columns, *more: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(*(states.c[name] == column for name, column in whose.items()), *more)


def _newest(states: sa.Table, whose: Columns, correlated: sa.FromClause) -> sa.ScalarSelect[Any]:
    every = states.alias()
    return sa.select(sa.func.max(every.c.id)).where(_of(every, whose)).correlate(correlated).scalar_subquery()


def _adding(states: sa.Table, whose: Columns, said: Columns, lists: sa.FromClause, wanted: bool) -> sa.Insert:
    """An insert of a state for everything of which the lists say something else than its newest state, or the first."""
    whom = next(iter(whose.values()))
    newest = states.alias()
    differs = (newest.c[name].is_distinct_from(column) for name, column in said.items())
    changed = (
        sa.select(*whose.values(), *said.values(), _since, sa.false())
        .select_from(lists.outerjoin(newest, newest.c.id == _newest(states, whose, whom.table)))
        .where(sa.or_(newest.c.id.is_(None), *differs))
        .order_by(*whose.values())
    )
    if wanted:
        changed = changed.where(whom.in_(_person_ids))
    return sa.insert(states).from_select([*whose, *said, "since", "taken_over"], changed)


# Built once: putting a statement together costs more than its answer.
_KEEP_ALL, _KEEP_SOME = (
    (
        _adding(_link_state, _LINK, _SAID_OF_LINKS, _link, wanted),
        _adding(_class_state, _CHILD, _SAID_OF_CLASSES, _child.outerjoin(_class), wanted),
        _adding(_staff_state, _MEMBER, _SAID_OF_STAFF, _staff, wanted),
    )
    for wanted in (False, True)
)


def keep(db: Session, person_ids: Iterable[int] | None = None) -> None:
    """Add a state for whatever the lists say differently by now of these children, with their links, and these staff.

    Without ``person_ids`` it is done for everybody.
    """
    now = clock.now()
    if person_ids is None:
        for statement in _KEEP_ALL:
            fetch(db, statement, since=now)
        return
    for piece in chunks(person_ids):
        for statement in _KEEP_SOME:
            fetch(db, statement, since=now, person_ids=piece)


def keep_of_person(db: Session, person_id: int) -> None:
    """``keep`` for everybody of whom one person's part can be told: themselves and the children linked to them."""
    linked = db.scalars(sa.select(_link.c.child_id).where(_link.c.guardian_id == person_id))
    keep(db, [person_id, *linked])


def erase_states(db: Session, person_id: int) -> None:
    """Take out of the kept states what tells who somebody was; when what counted stays, under two pseudonyms."""
    theirs = sa.or_(_link_state.c.child_id == person_id, _link_state.c.guardian_id == person_id)
    db.execute(sa.update(_link_state).where(theirs).values(relationship_name=""))
    db.execute(sa.update(_class_state).where(_class_state.c.child_id == person_id).values(class_name=""))


def _then(states: sa.Table, whose: Columns, correlated: sa.FromClause) -> sa.ColumnElement[int]:
    """The state of a moment; before states were kept, the one taken over; none where nothing was listed yet."""
    every, first = states.alias(), states.alias()
    by_then = sa.select(sa.func.max(every.c.id)).where(_of(every, whose, every.c.since <= _at))
    taken_over = sa.select(sa.func.min(first.c.id)).where(_of(first, whose, first.c.taken_over.is_(True)))
    found = (chosen.correlate(correlated).scalar_subquery() for chosen in (by_then, taken_over))
    return sa.func.coalesce(*found)


def _not_yet(day: sa.ColumnElement[Any], states: sa.Table) -> sa.ColumnElement[bool]:
    """Nothing had ended: of what was taken over, the day of the end is known also from before states were kept."""
    return sa.or_(day.is_(None), sa.and_(states.c.since > _at, day > _on))


_LINKS_THEN = (
    sa.select(
        _link.c.child_id,
        _link_state.c.relationship_name,
        _link_state.c.parental_responsibility,
        _link_state.c.contact_allowed,
        *guardian_columns(Person),
    )
    .select_from(_link)
    .join(_link_state, _link_state.c.id == _then(_link_state, _LINK, _link))
    .join(_class_state, _class_state.c.id == _then(_class_state, {"child_id": _link.c.child_id}, _link))
    .join(Guardian, Guardian.person_id == _link.c.guardian_id)
    .join(Person, Person.id == Guardian.person_id)
    .where(_not_yet(_link_state.c.ended_on, _link_state), _not_yet(_class_state.c.left_on, _class_state))
    # By name: in which order they were written to is not kept, and an order of today must not look like one of then.
    .order_by(_link.c.child_id, Person.surname, Person.forename, Person.id)
)
_GUARDIAN_FROM = 4
_LINKS_OF_CHILDREN_THEN = _LINKS_THEN.where(_link.c.child_id.in_(_child_ids))
_LINKS_OF_GUARDIAN_THEN = _LINKS_THEN.where(_link.c.guardian_id == sa.bindparam("guardian_id"))
_CLASS_THEN = sa.select(
    _class_state.c.class_name, _class_state.c.year_group, _class_state.c.left_on, _class_state.c.since
).where(_class_state.c.id == _then(_class_state, {"child_id": sa.bindparam("child_id")}, _class_state))
_ON_STAFF_THEN = sa.select(_staff_state.c.id).where(
    _staff_state.c.id == _then(_staff_state, {"person_id": sa.bindparam("person_id")}, _staff_state),
    _not_yet(_staff_state.c.left_on, _staff_state),
)
_FIRST_CLASS, _FIRST_STAFF = (
    sa.select(states.c.since, states.c.taken_over).order_by(states.c.id).limit(1)
    for states in (_class_state, _staff_state)
)


def guardians_then(db: Session, child_ids: Iterable[int], at: dt.datetime) -> dict[int, tuple[GuardianshipThen, ...]]:
    """Everyone who stood to these children at a moment, barred ones too; a child who was not on roll then is absent.

    For a moment before ``lists_kept_since`` it is what the lists said when they began to be kept, without what had
    ended by the close of that day.
    """
    found: dict[int, list[GuardianshipThen]] = defaultdict(list)
    for piece in chunks(child_ids):
        for row in fetch(db, _LINKS_OF_CHILDREN_THEN, child_ids=piece, **_moment(at)):
            found[row.child_id].append(
                GuardianshipThen(
                    child_id=row.child_id,
                    guardian=guardian_row(row[_GUARDIAN_FROM:]),
                    relationship_name=row.relationship_name,
                    parental_responsibility=row.parental_responsibility,
                    contact_allowed=row.contact_allowed,
                )
            )
    return {child_id: tuple(links) for child_id, links in found.items()}


def children_then(db: Session, then: PartsThen) -> tuple[ChildRow, ...]:
    """The children on roll at a moment about whom a guardian might be written to then; eldest first, as of today."""
    found = children_by_id(db, then.child_ids)
    return tuple(sorted(found.values(), key=lambda child: (child.born_on, child.full_name, child.person_id)))


def class_then(db: Session, child_id: int, at: dt.datetime) -> ClassThen | None:
    """A child's class at a moment, the first one kept for a moment before; None before the child was on the lists."""
    row = fetch(db, _CLASS_THEN, child_id=child_id, at=at).one_or_none()
    if row is None:
        return None
    class_name, year_group, left_on, since = row
    still_here = left_on is not None and since > at and left_on > clock.london(at).date()
    return ClassThen(class_name, year_group, None if still_here else left_on, since)


def parts_then(db: Session, person: PersonRow, at: dt.datetime) -> PartsThen:
    """Which parts somebody played at a moment; for one before it was kept, as the first states have it."""
    id_, moment = person.person_id, _moment(at)
    placed = class_then(db, id_, at) if person.is_child else None
    links = fetch(db, _LINKS_OF_GUARDIAN_THEN, guardian_id=id_, **moment) if person.is_guardian else ()
    child_ids = tuple(row.child_id for row in links if row.contact_allowed)
    return PartsThen(
        child=placed is not None and placed.left_on is None,
        guardian=bool(child_ids),
        staff=person.is_staff and fetch(db, _ON_STAFF_THEN, person_id=id_, **moment).first() is not None,
        placed=placed,
        child_ids=child_ids,
    )


def lists_kept_since(db: Session) -> dt.datetime | None:
    """When what the lists say of children began to be kept; None where they were empty then: all of it is kept."""
    return _taken_over(db, _FIRST_CLASS)


def staff_kept_since(db: Session) -> dt.datetime | None:
    """``lists_kept_since`` for who was staff, which began to be kept later."""
    return _taken_over(db, _FIRST_STAFF)


def _taken_over(db: Session, first_state: sa.Select[Any]) -> dt.datetime | None:
    first = fetch(db, first_state).one_or_none()
    return first.since if first is not None and first.taken_over else None


def _moment(at: dt.datetime) -> dict[str, object]:
    return {"at": at, "on": clock.london(at).date()}
