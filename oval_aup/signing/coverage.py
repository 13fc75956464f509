"""How many stand where: counts kept beside the requests, so that asking costs the same at any size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.signing.models import CoverageCount, SignatureRequest
from oval_aup.signing.rows import STATUSES, Counts, Coverage

WHOLE_SCHOOL = 0

_ADD = sa.text(
    "INSERT INTO coverage_count (school_year, agreement_key, class_id, status, people)"
    " VALUES (:school_year, :agreement_key, :class_id, :status, :people)"
    " ON CONFLICT (school_year, agreement_key, class_id, status)"
    " DO UPDATE SET people = coverage_count.people + excluded.people"
)


def shift(db: Session, *, school_year: int, agreement_key: str, person_id: int, changes: dict[str, int]) -> None:
    """Add ``changes`` (status to plus or minus people) to the counts of everything this person counts towards."""
    class_ids = (WHOLE_SCHOOL, *sorted(people.class_ids_of(db, person_id)))
    db.execute(
        _ADD,
        [
            {
                "school_year": school_year,
                "agreement_key": agreement_key,
                "class_id": class_id,
                "status": status,
                "people": step,
            }
            for class_id in class_ids
            for status, step in sorted(changes.items())
            if status in STATUSES
        ],
    )


def rebuild_coverage(db: Session, school_year: int) -> None:
    """Count a school year afresh: after requests were opened in bulk, or the roster moved people between classes."""
    class_ids = people.class_ids_by_person(db)
    tally: Counter[tuple[str, int, str]] = Counter()
    rows = db.execute(
        sa.select(SignatureRequest.agreement_key, SignatureRequest.status, SignatureRequest.person_id).where(
            SignatureRequest.school_year == school_year, SignatureRequest.status.in_(STATUSES)
        )
    )
    for agreement_key, status, person_id in rows:
        tally[agreement_key, WHOLE_SCHOOL, status] += 1
        for class_id in class_ids.get(person_id, ()):
            tally[agreement_key, class_id, status] += 1
    db.execute(sa.delete(CoverageCount).where(CoverageCount.school_year == school_year))
    if tally:
        db.execute(
            sa.insert(cast(sa.Table, CoverageCount.__table__)),
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
