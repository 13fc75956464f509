"""The review list: who and what is due, why, and since when. It only lists; a person decides."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import consent, people, signing
from oval_aup.core import clock
from oval_aup.retention.holds import HoldRow, held
from oval_aup.retention.periods import RECORD_TYPES, add_months, periods
from oval_aup.retention.reach import OldThings, old_things

THINGS = tuple(key for key, kind in RECORD_TYPES.items() if not kind.of_person)


@dataclass(frozen=True, slots=True)
class Due:
    """One person whose time is over: ``record_types`` says as what, the last of them since ``due_on``."""

    person: people.PersonRow
    left_on: dt.date
    record_types: tuple[str, ...]
    due_on: dt.date
    hold: HoldRow | None


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
    persons, standing = people.persons_by_id(db, found), held(db, found)
    rows = [
        Due(persons[person_id], leaver.left_on, tuple(ends), max(ends.values()), standing.get(person_id))
        for person_id, (leaver, ends) in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.due_on, row.person.person_id)))


def due_things(db: Session, on: dt.date) -> tuple[OldThings, ...]:
    """Old things of each kind that are due on a London day; kinds without any are left out."""
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


def _ends(leaver: people.LeaverRow, school: _School, months: Mapping[str, int]) -> dict[str, dt.date]:
    """Record type to the day its time is over; empty while anything about the person cannot be due at all."""
    signed = school.signed_about.get(leaver.person_id, frozenset())
    chosen = school.chosen_about.get(leaver.person_id, frozenset())
    about = signed | chosen | {leaver.person_id}
    if about & school.in_use or not about <= school.left_on.keys():
        return {}  # a picture is still out there, or somebody they answered for is still here
    begins = max(school.left_on[person_id] for person_id in about)
    if not (signed or chosen):
        return {"unanswered": add_months(begins, months["unanswered"])}
    parts = (("children", leaver.is_child), ("parents", leaver.is_guardian), ("staff", leaver.is_staff))
    ends = {part: add_months(begins, months[part]) for part, is_so in parts if is_so and signed}
    if chosen:
        ends["images"] = add_months(max(begins, school.last_choice[leaver.person_id]), months["images"])
    return ends
