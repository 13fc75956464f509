"""Children, guardians and how they stand to each other, in as many statements for a big school as for a small one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from oval_aup.core.db import fetch
from oval_aup.people.lookups import Condition, chunks, one, shown_name
from oval_aup.people.models import Child, Guardian, Guardianship, Person, SchoolClass
from oval_aup.people.rows import ChildRow, GuardianRow, GuardianshipRow, is_asked

_ChildPerson = aliased(Person, name="child_person")
_GuardianPerson = aliased(Person, name="guardian_person")


def _child_columns(person: Any) -> tuple[Any, ...]:
    return (
        Child.person_id,
        person.public_id,
        person.pseudonym,
        person.forename,
        person.surname,
        person.preferred_forename,
        Child.born_on,
        Child.year_group,
        Child.class_id,
        SchoolClass.name,
        Child.archived_on,
    )


def _child_row(values: Sequence[Any]) -> ChildRow:
    id_, public_id, pseudonym, forename, surname, preferred, born_on, year_group, class_id, class_name, ended = values
    return ChildRow(
        person_id=id_,
        public_id=public_id,
        pseudonym=pseudonym,
        full_name=shown_name(forename, surname, preferred),
        forename=preferred or forename or surname,
        born_on=born_on,
        year_group=year_group,
        class_id=class_id,
        class_name=class_name or "",
        archived_on=ended,
    )


def guardian_columns(person: Any) -> tuple[Any, ...]:
    """What a statement selects, with people under this name, for ``guardian_row`` to read."""
    return (
        Guardian.person_id,
        person.public_id,
        person.pseudonym,
        person.forename,
        person.surname,
        person.preferred_forename,
        Guardian.email,
        Guardian.mobile,
        Guardian.language,
        Guardian.archived_on,
        person.title,
        Guardian.writing_stopped,
    )


def guardian_row(values: Sequence[Any]) -> GuardianRow:
    """The row of what ``guardian_columns`` selected."""
    id_, public_id, pseudonym, forename, surname, preferred, email, mobile, language, ended, title, stopped = values
    if not (preferred or forename):
        surname = f"{title} {surname}".strip()  # Mr Reed and Mrs Reed are two people, and are called so
    return GuardianRow(
        person_id=id_,
        public_id=public_id,
        pseudonym=pseudonym,
        full_name=shown_name(forename, surname, preferred),
        forename=preferred or forename or surname,
        email=email,
        mobile=mobile,
        language=language,
        archived_on=ended,
        writing_stopped=stopped,
    )


# Put together once: a page waits longer for a statement of this size to be built than for its answer.
_CHILDREN = (
    sa.select(*_child_columns(Person))
    .join(Person, Person.id == Child.person_id)
    .outerjoin(SchoolClass, SchoolClass.id == Child.class_id)
    .order_by(Person.surname, Person.forename, Person.id)
)


def _children(db: Session, *where: Condition) -> list[ChildRow]:
    return [_child_row(row) for row in fetch(db, _CHILDREN.where(*where))]


def child(db: Session, public_id: str) -> ChildRow:
    """One child by public id, archived or not; raises NotFound."""
    return one(_children(db, Person.public_id == public_id))


def child_by_id(db: Session, child_id: int) -> ChildRow:
    """One child by row id, archived or not; raises NotFound."""
    return one(_children(db, Child.person_id == child_id))


def pupil_number(db: Session, child_id: int) -> str:
    """The unique pupil number (UPN) of one child; empty where the school's lists gave none."""
    return db.scalar(sa.select(Child.upn).where(Child.person_id == child_id)) or ""


def children(db: Session, class_id: int | None = None) -> tuple[ChildRow, ...]:
    """The children on roll, of one class or of the whole school, by surname."""
    where: list[Condition] = [Child.archived_on.is_(None)]
    if class_id is not None:
        where.append(Child.class_id == class_id)
    return tuple(_children(db, *where))


def children_by_id(db: Session, ids: Iterable[int]) -> dict[int, ChildRow]:
    """Many children at once, archived ones included; unknown ids are simply absent."""
    return {row.person_id: row for piece in chunks(ids) for row in _children(db, Child.person_id.in_(piece))}


def _links_statement() -> sa.Select[Any]:
    """Current links of current children, best contact first."""
    return (
        sa.select(
            Guardianship.relationship_name,
            Guardianship.parental_responsibility,
            Guardianship.contact_allowed,
            Guardianship.lives_with,
            Guardianship.priority,
            *_child_columns(_ChildPerson),
            *guardian_columns(_GuardianPerson),
        )
        .join(Child, Child.person_id == Guardianship.child_id)
        .join(_ChildPerson, _ChildPerson.id == Child.person_id)
        .outerjoin(SchoolClass, SchoolClass.id == Child.class_id)
        .join(Guardian, Guardian.person_id == Guardianship.guardian_id)
        .join(_GuardianPerson, _GuardianPerson.id == Guardian.person_id)
        .where(Guardianship.ended_on.is_(None), Child.archived_on.is_(None))
        .order_by(Guardianship.child_id, Guardianship.priority, Guardianship.id)
    )


# Built once: putting the statement together costs more than its answer.
_LINKS = _links_statement()
_LINKS_OF_GUARDIAN = _LINKS.where(
    Guardianship.guardian_id == sa.bindparam("guardian_id"), Guardianship.contact_allowed.is_(True)
)
_LINKS_OF_CHILD = _LINKS.where(Guardianship.child_id == sa.bindparam("child_id"))
_LINKS_OF_CHILDREN = _LINKS.where(Guardianship.child_id.in_(sa.bindparam("child_ids", expanding=True)))
_CHILD_FROM = 5
_GUARDIAN_FROM = _CHILD_FROM + len(_child_columns(_ChildPerson))


def _links(db: Session, statement: sa.Select[Any], **values: object) -> list[GuardianshipRow]:
    return [_link(row) for row in fetch(db, statement, **values)]


def _link(row: sa.Row[*tuple[Any, ...]]) -> GuardianshipRow:
    return GuardianshipRow(
        child=_child_row(row[_CHILD_FROM:_GUARDIAN_FROM]),
        guardian=guardian_row(row[_GUARDIAN_FROM:]),
        relationship_name=row.relationship_name,
        parental_responsibility=row.parental_responsibility,
        contact_allowed=row.contact_allowed,
        lives_with=row.lives_with,
        priority=row.priority,
    )


def children_of(db: Session, guardian_id: int) -> tuple[GuardianshipRow, ...]:
    """The current children a guardian may be written to about, eldest first.

    Left out are children from whom they are barred, and those of whom only the office can say how they stand to them.
    """
    links = [row for row in _links(db, _LINKS_OF_GUARDIAN, guardian_id=guardian_id) if not row.waits_for_office]
    return tuple(sorted(links, key=lambda link: (link.child.born_on, link.child.full_name, link.child.person_id)))


def links_of(db: Session, guardian_id: int) -> tuple[GuardianshipRow, ...]:
    """How a guardian stands to every current child, barred and undecided links too: for the office only."""
    return tuple(_links(db, _LINKS.where(Guardianship.guardian_id == guardian_id)))


def guardians_of(db: Session, child_id: int) -> tuple[GuardianshipRow, ...]:
    """Everyone who stands to a current child in some way, barred ones too: for the office only."""
    return tuple(_links(db, _LINKS_OF_CHILD, child_id=child_id))


def guardians_of_children(db: Session, child_ids: Iterable[int]) -> dict[int, tuple[GuardianshipRow, ...]]:
    """``guardians_of`` for many children at once; a child without guardians is absent."""
    found: dict[int, list[GuardianshipRow]] = defaultdict(list)
    for piece in chunks(child_ids):
        for link in _links(db, _LINKS_OF_CHILDREN, child_ids=piece):
            found[link.child.person_id].append(link)
    return {child_id: tuple(links) for child_id, links in found.items()}


def children_of_guardians(db: Session, guardian_ids: Iterable[int]) -> dict[int, tuple[GuardianshipRow, ...]]:
    """``children_of`` for many guardians at once; a guardian without children is absent."""
    found: dict[int, list[GuardianshipRow]] = defaultdict(list)
    for piece in chunks(guardian_ids):
        for link in _links(
            db, _LINKS.where(Guardianship.guardian_id.in_(piece), Guardianship.contact_allowed.is_(True))
        ):
            if not link.waits_for_office:
                found[link.guardian.person_id].append(link)
    return {
        guardian_id: tuple(sorted(links, key=lambda link: (link.child.born_on, link.child.full_name)))
        for guardian_id, links in found.items()
    }


_ASKED = (
    sa.select(
        Guardianship.guardian_id,
        Child.class_id,
        Guardianship.contact_allowed,
        Guardianship.parental_responsibility,
        Guardianship.relationship_name,
        Guardianship.lives_with,
    )
    .join(Child, Child.person_id == Guardianship.child_id)
    .where(Guardianship.contact_allowed.is_(True), Guardianship.ended_on.is_(None), Child.archived_on.is_(None))
)
"""Guardian, the child's class, and what ``is_asked`` decides by, for every current link of a current child."""


def _asked(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, int | None]]:
    return ((guardian_id, class_id) for guardian_id, class_id, *said in rows if is_asked(*said))


def guardians_asked(db: Session) -> tuple[GuardianRow, ...]:
    """Every guardian who is asked to sign the parents' rules for at least one child on roll."""
    wanted = {guardian_id for guardian_id, _class_id in _asked(fetch(db, _ASKED))}
    return tuple(row for row in _guardians(db, Guardian.archived_on.is_(None)) if row.person_id in wanted)


def undecided_links(db: Session) -> tuple[GuardianshipRow, ...]:
    """Current links of which the office has still to say, or to confirm, whether there is parental responsibility.

    Those are the untold ones whose adult is not a likely parent, and those where the adult said so themselves. A likely
    parent who has not signed yet is not among them: they are asked, and say it while signing.
    """
    undecided = _LINKS.where(
        Guardianship.contact_allowed.is_(True),
        Guardianship.parental_responsibility.in_(("unknown", "declared", "denied")),
    )
    return tuple(_links(db, undecided))


_GUARDIANS = (
    sa.select(*guardian_columns(Person))
    .join(Person, Person.id == Guardian.person_id)
    .order_by(Person.surname, Person.forename, Person.id)
)
_GUARDIAN = _GUARDIANS.where(Guardian.person_id == sa.bindparam("person_id"))
_AT_ADDRESS = sa.select(sa.func.count()).where(Guardian.email == sa.bindparam("email"), Guardian.archived_on.is_(None))


def _guardians(db: Session, *where: Condition) -> list[GuardianRow]:
    return [guardian_row(row) for row in fetch(db, _GUARDIANS.where(*where))]


def guardian(db: Session, person_id: int) -> GuardianRow:
    """One guardian by person id, archived or not; raises NotFound."""
    return one([guardian_row(row) for row in fetch(db, _GUARDIAN, person_id=person_id)])


def guardians_by_id(db: Session, ids: Iterable[int]) -> dict[int, GuardianRow]:
    """Many guardians at once, archived ones included; unknown ids are simply absent."""
    return {row.person_id: row for piece in chunks(ids) for row in _guardians(db, Guardian.person_id.in_(piece))}


def guardians_at(db: Session, email: str) -> tuple[GuardianRow, ...]:
    """The current guardians who are reached at an address, two or more where they share a mailbox."""
    address = email.strip().lower()
    return tuple(_guardians(db, Guardian.email == address, Guardian.archived_on.is_(None))) if address else ()


def mailbox_sharers(db: Session, email: str) -> int:
    """How many current guardians are reached at one address; 2 or more is a shared mailbox."""
    if not email.strip():
        return 0
    return int(fetch(db, _AT_ADDRESS, email=email.strip().lower()).scalar_one())


def class_ids_of_people(db: Session, person_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """The classes people count towards: a child’s own; those of a guardian’s asked children; none for staff.

    In one statement; people without a class are absent.
    """
    return _gathered(row for piece in chunks(person_ids) for row in fetch(db, _CLASSES_OF_SOME, person_ids=piece))


def class_ids_by_person(db: Session) -> dict[int, frozenset[int]]:
    """The same for everybody in two statements; people without a class are absent."""
    return _gathered(row for statement in (_OWN_CLASS, _CLASS_THROUGH_CHILD) for row in fetch(db, statement))


def _gathered(rows: Iterable[Sequence[Any]]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for person_id, class_id in _asked(rows):
        if class_id is not None:
            found[person_id].add(class_id)
    return {person_id: frozenset(class_ids) for person_id, class_ids in found.items()}


_OWN_CLASS = sa.select(
    Child.person_id,
    Child.class_id,
    sa.true(),
    sa.literal("yes"),
    sa.literal(""),
    sa.null(),
).where(Child.archived_on.is_(None), Child.class_id.is_not(None))
"""A child counts towards its class as an adult who is asked does."""
_CLASS_THROUGH_CHILD = _ASKED.where(Child.class_id.is_not(None))
_CLASSES_OF_SOME: sa.CompoundSelect[Any] = sa.union_all(
    _OWN_CLASS.where(Child.person_id.in_(sa.bindparam("person_ids", expanding=True))),
    _CLASS_THROUGH_CHILD.where(Guardianship.guardian_id.in_(sa.bindparam("person_ids", expanding=True))),
)
