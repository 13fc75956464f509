"""How many stand where: counts kept beside the requests, so that asking costs the same at any size."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.core import clock
from oval_aup.core.db import table_of
from oval_aup.signing.models import CoverageCount, CoverageDay, SignatureRequest
from oval_aup.signing.rows import STATUSES, Counts, Coverage

WHOLE_SCHOOL = 0

_ADD = sa.text(
    "INSERT INTO coverage_count (school_year, agreement_key, class_id, status, people)"
    " VALUES (:school_year, :agreement_key, :class_id, :status, :people)"
    " ON CONFLICT (school_year, agreement_key, class_id, status)"
    " DO UPDATE SET people = coverage_count.people + excluded.people"
)
_ADD_DAY = sa.text(
    "INSERT INTO coverage_day (school_year, agreement_key, signed_on, people)"
    " VALUES (:school_year, :agreement_key, :signed_on, :people)"
    " ON CONFLICT (school_year, agreement_key, signed_on) DO UPDATE SET people = coverage_day.people + excluded.people"
).bindparams(sa.bindparam("signed_on", type_=sa.Date))


class Shift(NamedTuple):
    """One person comes to stand (``step`` 1), or stands no longer (-1), at a status of an agreement's requests."""

    school_year: int
    agreement_key: str
    person_id: int
    status: str
    step: int


def shift(db: Session, shifts: Collection[Shift]) -> None:
    """Move the counts of the whole school and of each class that these people count towards."""
    if not shifts:
        return
    class_ids = people.class_ids_of_people(db, {each.person_id for each in shifts})
    steps: Counter[tuple[int, str, int, str]] = Counter()
    for each in shifts:
        if each.status in STATUSES:
            for class_id in (WHOLE_SCHOOL, *class_ids.get(each.person_id, ())):
                steps[each.school_year, each.agreement_key, class_id, each.status] += each.step
    names = ("school_year", "agreement_key", "class_id", "status")
    # Always in the same order, so that two transactions never wait for each other.
    values = [dict(zip(names, place, strict=True)) | {"people": step} for place, step in sorted(steps.items()) if step]
    if values:
        db.execute(_ADD, values)


def shift_days(db: Session, signed: Iterable[tuple[int, str, dt.datetime, int]]) -> None:
    """Count what was signed (1) or is signed no longer (-1): school year, agreement key, when, and which of the two."""
    steps: Counter[tuple[int, str, dt.date]] = Counter()
    for school_year, agreement_key, signed_at, step in signed:
        steps[school_year, agreement_key, clock.london(signed_at).date()] += step
    names = ("school_year", "agreement_key", "signed_on")
    values = [dict(zip(names, place, strict=True)) | {"people": step} for place, step in sorted(steps.items()) if step]
    if values:
        db.execute(_ADD_DAY, values)


def rebuild_coverage(db: Session, school_year: int) -> None:
    """Count a school year afresh: after requests were opened in bulk, or the roster moved people between classes."""
    class_ids = people.class_ids_by_person(db)
    tally: Counter[tuple[str, int, str]] = Counter()
    days: Counter[tuple[str, dt.date]] = Counter()
    rows = db.execute(
        sa.select(
            SignatureRequest.agreement_key,
            SignatureRequest.status,
            SignatureRequest.person_id,
            SignatureRequest.settled_at,
        ).where(SignatureRequest.school_year == school_year, SignatureRequest.status.in_(STATUSES))
    )
    for agreement_key, status, person_id, settled_at in rows:
        if status == "signed" and settled_at is not None:
            days[agreement_key, clock.london(settled_at).date()] += 1
        tally[agreement_key, WHOLE_SCHOOL, status] += 1
        for class_id in class_ids.get(person_id, ()):
            tally[agreement_key, class_id, status] += 1
    db.execute(sa.delete(CoverageCount).where(CoverageCount.school_year == school_year))
    if tally:
        db.execute(
            sa.insert(table_of(CoverageCount)),
            [
                {
                    "school_year": school_year,
                    "agreement_key": agreement_key,
                    "class_id": class_id,
                    "status": status,
                    "people": count,
                }
                for (agreement_key, class_id, status), count in sorted(tally.items())
            ],
        )
    _rebuild_days(db, school_year, days)


def _rebuild_days(db: Session, school_year: int, days: Counter[tuple[str, dt.date]]) -> None:
    db.execute(sa.delete(CoverageDay).where(CoverageDay.school_year == school_year))
    if days:
        db.execute(
            sa.insert(table_of(CoverageDay)),
            [
                {"school_year": school_year, "agreement_key": agreement_key, "signed_on": day, "people": count}
                for (agreement_key, day), count in sorted(days.items())
            ],
        )


def signed_by_day(db: Session, school_year: int) -> dict[str, tuple[tuple[dt.date, int], ...]]:
    """How many signed on which London day, oldest first, per agreement key."""
    rows = db.execute(
        sa.select(CoverageDay.agreement_key, CoverageDay.signed_on, CoverageDay.people)
        .where(CoverageDay.school_year == school_year, CoverageDay.people != 0)
        .order_by(CoverageDay.signed_on)
    )
    found: dict[str, list[tuple[dt.date, int]]] = {}
    for agreement_key, day, count in rows:
        found.setdefault(agreement_key, []).append((day, count))
    return {agreement_key: tuple(days) for agreement_key, days in found.items()}


def coverage(db: Session, school_year: int, *, class_ids: Iterable[int] | None = None) -> Coverage:
    """How far the school year has come; ``class_ids`` limits the classes looked at (empty: the whole school only)."""
    statement = sa.select(
        CoverageCount.class_id, CoverageCount.agreement_key, CoverageCount.status, CoverageCount.people
    ).where(CoverageCount.school_year == school_year)
    if class_ids is not None:
        statement = statement.where(CoverageCount.class_id.in_((WHOLE_SCHOOL, *class_ids)))
    found: dict[int, dict[str, dict[str, int]]] = {}
    for class_id, agreement_key, status, count in db.execute(statement):
        found.setdefault(class_id, {}).setdefault(agreement_key, {})[status] = count
    by_class = {
        class_id: {agreement_key: Counts(**counts) for agreement_key, counts in by_key.items()}
        for class_id, by_key in found.items()
    }
    return Coverage(school_year, whole=by_class.pop(WHOLE_SCHOOL, {}), by_class=by_class)
