"""What the office put right by hand although the school's lists said otherwise: kept until the lists say so too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.people import lookups, queries
from oval_aup.people.models import Correction

EMAIL, WORK_EMAIL, MOBILE, RESPONSIBILITY, CONTACT, ENDED, LEFT = (
    "email",
    "work_email",
    "mobile",
    "parental_responsibility",
    "contact_allowed",
    "ended",
    "left",
)


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One thing about one person, or about how they stand to a child: what is right, and what the lists said."""

    id: int
    person_id: int
    full_name: str
    child_id: int | None
    child_name: str
    field: str
    value: str
    before: str
    corrected_at: dt.datetime

    @property
    def key(self) -> str:
        """What an answer about it is filed under while a list is looked at."""
        return f"correction:{self.id}"


Corrections = Mapping[tuple[str, int, int | None], CorrectionRow]
"""Field, person and child to the correction that stands."""


def correct(db: Session, person_id: int, field: str, *, before: str, value: str, child_id: int | None = None) -> None:
    """Keep that the office says otherwise than the lists; saying again what the lists said ends it."""
    row = db.scalar(
        sa.select(Correction).where(
            Correction.person_id == person_id,
            Correction.child_id.is_(None) if child_id is None else Correction.child_id == child_id,
            Correction.field == field,
            Correction.settled_at.is_(None),
        )
    )
    if row is None:
        if before != value:
            db.add(
                Correction(
                    person_id=person_id,
                    child_id=child_id,
                    field=field,
                    value=value,
                    before=before,
                    corrected_at=clock.now(),
                )
            )
    elif row.before == value:
        row.settled_at = clock.now()
    else:
        row.value, row.corrected_at = value, clock.now()
    db.flush()


def standing_corrections(db: Session) -> tuple[CorrectionRow, ...]:
    """Everything the lists do not say yet, the newest first."""
    rows = db.scalars(
        sa.select(Correction).where(Correction.settled_at.is_(None)).order_by(Correction.corrected_at.desc())
    ).all()
    named = queries.persons_by_id(db, {id_ for row in rows for id_ in (row.person_id, row.child_id) if id_})
    return tuple(
        CorrectionRow(
            row.id,
            row.person_id,
            named[row.person_id].full_name,
            row.child_id,
            named[row.child_id].full_name if row.child_id else "",
            row.field,
            row.value,
            row.before,
            row.corrected_at,
        )
        for row in rows
        if row.person_id in named and not named[row.person_id].erased
    )


def by_what(rows: Iterable[CorrectionRow]) -> Corrections:
    """The same by what each is about."""
    return {(row.field, row.person_id, row.child_id): row for row in rows}


def settle(db: Session, ids: Iterable[int]) -> None:
    """End these corrections: the lists say the same by now, or the office took what they say."""
    for piece in lookups.chunks(ids):
        db.execute(sa.update(Correction).where(Correction.id.in_(piece)).values(settled_at=clock.now()))
