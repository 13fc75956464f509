"""Who is in each audience on this day, and in which way each of them signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy.orm import Session

from oval_aup import agreements, people, signing
from oval_aup.core.school import School

Member = people.GuardianRow | people.StaffRow | people.ChildRow

_MEMBERS: dict[str, Callable[[Session], Sequence[Member]]] = {
    "guardians": people.guardians_asked,
    "staff": people.staff,
    "children": people.children,
}


def members_of(db: Session, audience: str) -> Sequence[Member]:
    """Everybody in an audience."""
    return _MEMBERS[audience](db)


def needed(db: Session, audiences: Iterable[str], school: School) -> Iterable[signing.NewRequest]:
    """Every request that a sign-up of these audiences needs, of each agreement that has a wording in force."""
    for audience in audiences:
        keys = [key for key in agreements.signed_by(audience) if agreements.is_published(db, key)]
        for member in members_of(db, audience) if keys else ():
            way = way_of(member.year_group, school) if isinstance(member, people.ChildRow) else "self"
            for key in keys:
                yield signing.NewRequest(member.person_id, key, way)


def way_of(year_group: str, school: School) -> str:
    """How children of a year group sign: ``class`` by themselves, or ``guardian`` on their behalf."""
    grown = year_group.isdigit() and int(year_group) >= school.children_sign_from_year
    return "class" if grown else "guardian"
