"""Two records of one adult become one: whose children, which numbers and spellings, and what stays where it was."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.people import history, queries
from oval_aup.people.families import guardian_columns, guardian_row
from oval_aup.people.models import Child, Guardian, Guardianship, Person, StaffMember
from oval_aup.people.roster.grouping import are_alike
from oval_aup.people.rows import GuardianRow, PersonRow
from oval_aup.people.service import enter_link, said_of
from oval_aup.people.telephones import telephone_key


def check_joining(db: Session, *, kept_id: int, joined_id: int) -> None:
    """Raise Conflict, in a sentence for the office, where these two records cannot be one adult."""
    kept, joined = (db.get(Person, person_id) for person_id in (kept_id, joined_id))
    if kept is None or joined is None:
        raise NotFound
    if kept_id == joined_id:
        raise Conflict(_("These are the same record already."))
    if kept.joined_to_id or joined.joined_to_id or kept.erased_on or joined.erased_on:
        raise Conflict(_("One of these records was joined or erased before."))
    if db.get(Guardian, kept_id) is None or db.get(Guardian, joined_id) is None:
        raise Conflict(_("Only parents and carers can be joined."))
    if db.get(StaffMember, joined_id) is not None:
        raise Conflict(_("The other one works here. Open their page, and join this record to theirs."))
    if db.get(Child, kept_id) is not None or db.get(Child, joined_id) is not None:
        raise Conflict(_("Only parents and carers can be joined."))


def take_over_children(db: Session, *, kept_id: int, joined_id: int, actor: Actor) -> tuple[int, ...]:
    """Give one adult the current children of the other and fill blank addresses; returns the children's ids.

    Beside a child of both, a bar on either counts, and a known responsibility outweighs an unknown one.
    """
    kept, joined = db.get_one(Guardian, kept_id), db.get_one(Guardian, joined_id)
    kept.email, kept.mobile = kept.email or joined.email, kept.mobile or joined.mobile
    children = []
    theirs_now = _links(db, joined_id)
    before = {link.child_id: said_of(_link(db, link.child_id, kept_id)) for link in theirs_now}
    for theirs in theirs_now:
        children.append(theirs.child_id)
        mine = _link(db, theirs.child_id, kept_id)
        if mine is None:
            told = {name: getattr(theirs, name) for name in _carried()}
            db.add(Guardianship(**told | {"guardian_id": kept_id}))
            continue
        if mine.ended_on is not None:
            for name in _carried() - {"child_id"}:
                setattr(mine, name, getattr(theirs, name))
            mine.ended_on = None
            continue
        mine.contact_allowed = mine.contact_allowed and theirs.contact_allowed
        if mine.parental_responsibility == "unknown":
            mine.parental_responsibility = theirs.parental_responsibility
        mine.relationship_name = mine.relationship_name or theirs.relationship_name
        mine.lives_with = theirs.lives_with if mine.lives_with is None else mine.lives_with
        mine.priority = min(mine.priority, theirs.priority)
    kept.archived_on = None if children else kept.archived_on
    db.flush()
    history.keep(db, children)
    for child_id, then in before.items():
        link = _link(db, child_id, kept_id)
        if link is not None:
            enter_link(db, link.child.person, kept.person, then, said_of(link), actor=actor)
    return tuple(children)


def close_joined(db: Session, *, kept_id: int, joined_id: int, actor: Actor) -> None:
    """End the other record, which keeps all that was done under it and says whose it is from now on."""
    today = clock.today()
    for link in _links(db, joined_id):
        before = said_of(link)
        link.ended_on = today
        enter_link(db, link.child.person, link.guardian.person, before, said_of(link), actor=actor)
    db.get_one(Guardian, joined_id).archived_on = today
    db.get_one(Person, joined_id).joined_to_id = kept_id
    db.flush()
    history.keep_of_person(db, joined_id)
    history.keep_of_person(db, kept_id)


def joined_records(db: Session, person_id: int) -> tuple[PersonRow, ...]:
    """Earlier records of the same adult."""
    ids = db.scalars(sa.select(Person.id).where(Person.joined_to_id == person_id)).all()
    return tuple(queries.persons_by_id(db, ids).values())


def joined_to(db: Session, person_id: int) -> PersonRow | None:
    """The record that goes on where this one was joined to it."""
    kept_id = db.scalar(sa.select(Person.joined_to_id).where(Person.id == person_id))
    return queries.person_by_id(db, kept_id) if kept_id else None


def possible_doubles(db: Session, person_id: int) -> tuple[GuardianRow, ...]:
    """Current guardians with the same address or telephone and a name alike: perhaps the same adult."""
    me = db.get(Guardian, person_id)
    if me is None:
        return ()
    telephone = telephone_key(me.mobile)
    others = db.execute(
        sa.select(*guardian_columns(Person), Person.forename.label("first"), Person.surname.label("last"))
        .join(Guardian, Guardian.person_id == Person.id)
        .where(Guardian.archived_on.is_(None), Guardian.person_id != person_id, Person.joined_to_id.is_(None))
        .order_by(Person.surname, Person.forename, Person.id)
    )
    found = []
    for row in others:
        other = guardian_row(row[:-2])
        same = (me.email and other.email == me.email) or (telephone and telephone_key(other.mobile) == telephone)
        if same and are_alike(me.person, _Name(row.first, row.last)):
            found.append(other)
    return tuple(found)


class _Name:
    def __init__(self, forename: str, surname: str) -> None:
        self.forename, self.surname = forename, surname


def _links(db: Session, guardian_id: int) -> list[Guardianship]:
    """The links of a guardian to children on roll."""
    current = (
        sa.select(Guardianship)
        .join(Child, Child.person_id == Guardianship.child_id)
        .where(Guardianship.guardian_id == guardian_id, Guardianship.ended_on.is_(None), Child.archived_on.is_(None))
    )
    return list(db.scalars(current.order_by(Guardianship.id)))


def _link(db: Session, child_id: int, guardian_id: int) -> Guardianship | None:
    mine = sa.and_(Guardianship.child_id == child_id, Guardianship.guardian_id == guardian_id)
    return db.scalars(sa.select(Guardianship).where(mine)).one_or_none()


def _carried() -> set[str]:
    """Whatever is known of a link, apart from whose it is and when it ended."""
    columns: Any = Guardianship.__table__.columns
    return {column.key for column in columns} - {"id", "guardian_id", "ended_on"}
