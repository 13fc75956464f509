"""What of image consent is personal and may go, and who last chose when; decisions hold pseudonyms only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.consent.models import ConsentDecision, TakeDown
from oval_aup.core.db import rows_as, rows_changed, table_of

_decision = table_of(ConsentDecision)
_task = table_of(TakeDown)


@dataclass(frozen=True, slots=True)
class ChoosingRow:
    """One guardian's choices about one child: when they last said anything, and which ledger entries hold it."""

    guardian_id: int
    child_id: int
    last_at: dt.datetime


def choosings(db: Session) -> tuple[ChoosingRow, ...]:
    """Every pair of guardian and child there ever was a choice between."""
    grouped = sa.select(
        _decision.c.guardian_id,
        _decision.c.child_id,
        sa.func.max(_decision.c.decided_at, type_=_decision.c.decided_at.type).label("last_at"),
    ).group_by(_decision.c.guardian_id, _decision.c.child_id)
    return tuple(rows_as(ChoosingRow, db.execute(grouped)))


def choice_seqs(db: Session, person_id: int) -> frozenset[int]:
    """The ledger entries of every choice this person made, or that was made about them."""
    theirs = sa.or_(_decision.c.guardian_id == person_id, _decision.c.child_id == person_id)
    return frozenset(db.scalars(sa.select(_decision.c.ledger_seq).where(theirs).distinct()))


def in_use(db: Session) -> frozenset[int]:
    """Children whose pictures are still to be taken down somewhere."""
    return frozenset(db.scalars(sa.select(_task.c.child_id).where(_task.c.done_at.is_(None)).distinct()))


def erase_places(db: Session, child_ids: Iterable[int]) -> int:
    """Blank where pictures of these children were found; that they were taken down stays. Returns how many."""
    noted = sa.and_(_task.c.child_id.in_(tuple(child_ids)), _task.c.places != "")
    return rows_changed(db.execute(sa.update(_task).where(noted).values(places="")))
