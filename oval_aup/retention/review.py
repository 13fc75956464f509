"""The review list: who and what is due, why, and since when. It only lists; a person decides."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from oval_aup import consent, people, signing
from oval_aup.core import clock
from oval_aup.retention.erasure_scope import OldThings, old_things
from oval_aup.retention.holds import HoldRow, held
from oval_aup.retention.models import Erasure
from oval_aup.retention.periods import RECORD_TYPES, add_months, periods

T = TypeVar("T")
THINGS = tuple(key for key, kind in RECORD_TYPES.items() if not kind.of_person)


@dataclass(frozen=True, slots=True)
class Due:
    """One person whose time is over: ``record_types`` says as what, the last of them since ``due_on``."""

    person: people.PersonRow
    left_on: dt.date
    record_types: tuple[str, ...]
    due_on: dt.date
    hold: HoldRow | None
    is_going: bool = False
    """Whether it has been decided that the record goes, which the worker sees to within a minute."""


@dataclass(frozen=True, slots=True)
class NotDue:
    """Why a leaver is not due: ``picture``, ``others`` or ``time``, with the day on which that is over.

    ``picture``: one of them, or of a child they answered for, is still to be taken down. ``others``: somebody they
    answered for has not left.
    """

    reason: str
    due_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class _School:
    """What the whole list is worked out from, read once."""

    left_on: Mapping[int, dt.date]
    signed_about: Mapping[int, frozenset[int]]
    chosen_about: Mapping[int, frozenset[int]]
    last_choice: Mapping[int, dt.date]
    in_use: frozenset[int]


def due_people(db: Session, on: dt.date) -> tuple[Due, ...]:
    """Everybody who is due on a London day and not erased, longest overdue first; held people are shown as held."""
    months = {key: row.months for key, row in periods(db).items()}
    leavers = people.leavers(db)
    school = _school(db, leavers)
    found: dict[int, tuple[people.LeaverRow, dict[str, dt.date]]] = {}
    for leaver in leavers:
        ends = {} if leaver.erased else _ends(leaver, school, months)
        if ends and max(ends.values()) <= on:
            found[leaver.person_id] = leaver, ends
    persons, standing, going = people.persons_by_id(db, found), held(db, found), _going(db, Erasure.person_id)
    rows = [
        Due(
            persons[person_id],
            leaver.left_on,
            tuple(ends),
            max(ends.values()),
            standing.get(person_id),
            person_id in going,
        )
        for person_id, (leaver, ends) in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.due_on, row.person.person_id)))


def not_due(db: Session, person_id: int, on: dt.date) -> NotDue | None:
    """Why somebody who has left is not due on a London day; None for whoever is due, erased or still here."""
    leavers = people.leavers(db)
    leaver = next((row for row in leavers if row.person_id == person_id and not row.erased), None)
    if leaver is None:
        return None
    school = _school(db, leavers)
    if waits := _waits_for(leaver, school):
        return NotDue(waits)
    ends = _ends(leaver, school, {key: row.months for key, row in periods(db).items()})
    return NotDue("time", max(ends.values())) if max(ends.values()) > on else None


def things_going(db: Session) -> frozenset[str]:
    """The kinds of old things of which it has been decided that they go, and which are not gone yet."""
    return frozenset(_going(db, Erasure.what)) & frozenset(THINGS)


def _going(db: Session, column: InstrumentedAttribute[T]) -> set[T]:
    return set(db.scalars(sa.select(column).where(Erasure.status == "ordered")))


def due_things(db: Session, on: dt.date) -> tuple[OldThings, ...]:
    """Old items of each kind that are due on a London day; kinds without any are left out."""
    found = (old_things(db, key, cut_off(key, row.months, on)) for key, row in periods(db).items() if key in THINGS)
    return tuple(one for one in found if one.number)


def cut_off(record_type: str, months: int, on: dt.date) -> dt.date:
    """The first London day whose things of this kind are not due yet."""
    if record_type != "class-sessions":
        return add_months(on, -months)
    year = people.school_year(add_months(on, -months))
    return people.school_year_starts(year)


def _school(db: Session, leavers: Iterable[people.LeaverRow]) -> _School:
    chosen: dict[int, set[int]] = defaultdict(set)
    last: dict[int, dt.date] = {}
    for row in consent.choosings(db):
        day = clock.london(row.last_at).date()
        for person_id in (row.guardian_id, row.child_id):
            chosen[person_id].add(row.child_id)
            last[person_id] = max(day, last.get(person_id, day))
    return _School(
        left_on={row.person_id: row.left_on for row in leavers},
        signed_about=signing.signed_about(db),
        chosen_about={person_id: frozenset(children) for person_id, children in chosen.items()},
        last_choice=last,
        in_use=consent.in_use(db),
    )


def _about(leaver: people.LeaverRow, school: _School) -> tuple[frozenset[int], frozenset[int]]:
    """For whom they signed and for whom they chose."""
    signed = school.signed_about.get(leaver.person_id, frozenset())
    return signed, school.chosen_about.get(leaver.person_id, frozenset())


def _waits_for(leaver: people.LeaverRow, school: _School) -> str:
    """The reason of ``NotDue`` for which the person cannot be due at all, whatever the day; empty without one."""
    about = frozenset({leaver.person_id}).union(*_about(leaver, school))
    if about & school.in_use:
        return "picture"
    return "" if about <= school.left_on.keys() else "others"


def _ends(leaver: people.LeaverRow, school: _School, months: Mapping[str, int]) -> dict[str, dt.date]:
    """Record type to the day its time is over; empty while anything about the person cannot be due at all."""
    if _waits_for(leaver, school):
        return {}
    signed, chosen = _about(leaver, school)
    begins = max(school.left_on[person_id] for person_id in signed | chosen | {leaver.person_id})
    if not (signed or chosen):
        return {"unanswered": add_months(begins, months["unanswered"])}
    parts = (("children", leaver.is_child), ("parents", leaver.is_guardian), ("staff", leaver.is_staff))
    ends = {part: add_months(begins, months[part]) for part, is_so in parts if is_so and signed}
    if chosen:
        ends["images"] = add_months(max(begins, school.last_choice[leaver.person_id]), months["images"])
    return ends
