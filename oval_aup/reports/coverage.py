"""How far a school year's asking has come: read from the counts kept beside the requests, never by counting them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, people, signing
from oval_aup.core.db import columns_of, rows_as
from oval_aup.reports import tables as t

MOST_CLASSES = 40


@dataclass(frozen=True, slots=True)
class ClassCoverage:
    """One class: how far its children and its families have come."""

    public_id: str
    name: str
    year_group: str
    children: signing.Counts
    families: signing.Counts


@dataclass(frozen=True, slots=True)
class Overview:
    """Whole-school counts per audience, and the classes shown beside them."""

    school_year: int
    audiences: dict[str, signing.Counts]
    classes: tuple[ClassCoverage, ...]
    more_classes: bool
    """True where there are classes beyond those listed."""


def overview(db: Session, school_year: int, *, most_classes: int | None = MOST_CLASSES) -> Overview:
    """The counts of every audience and of the first classes, youngest year first; costs the same at any size."""
    rows = _classes(db, most_classes + 1 if most_classes is not None else None)
    shown = rows[:most_classes]
    counts = signing.coverage(db, school_year, class_ids=[row.id for row in shown])
    return Overview(
        school_year,
        {key: counts.counts(key) for key in agreements.SIGNED},
        tuple(
            ClassCoverage(
                row.public_id,
                row.name,
                row.year_group,
                counts.counts("children", row.id),
                counts.counts("parents", row.id),
            )
            for row in shown
        ),
        len(rows) > len(shown),
    )


def class_coverage(db: Session, class_public_id: str, school_year: int) -> ClassCoverage:
    """One class; raises NotFound."""
    row = people.school_class(db, class_public_id)
    counts = signing.coverage(db, school_year, class_ids=[row.id])
    return ClassCoverage(
        row.public_id, row.name, row.year_group, counts.counts("children", row.id), counts.counts("parents", row.id)
    )


def _classes(db: Session, limit: int | None) -> list[people.ClassRow]:
    rank = sa.case(
        {year: place for place, year in enumerate(people.YEAR_GROUPS)},
        value=t.school_class.c.year_group,
        else_=len(people.YEAR_GROUPS),
    )
    columns = columns_of(people.ClassRow, t.school_class)
    chosen = sa.select(*columns).where(t.school_class.c.archived_on.is_(None)).order_by(rank, t.school_class.c.name)
    return rows_as(people.ClassRow, db.execute(chosen.limit(limit)))
