"""Legal holds: while one stands nothing about the person is destroyed; setting, reviewing and lifting are acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import evidence, people
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.retention.models import LegalHold

REASON_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold and its life."""

    public_id: str
    person_id: int
    reason: str
    review_on: dt.date
    placed_at: dt.datetime
    placed_by_id: int | None
    lifted_at: dt.datetime | None

    @property
    def is_to_review(self) -> bool:
        """Whether its day has come; it holds on all the same until somebody lifts it."""
        return self.lifted_at is None and self.review_on <= clock.today()


def hold(db: Session, person: people.PersonRow, *, reason: str, review_on: dt.date, actor: Actor) -> HoldRow:
    """Hold everything about a person; raises Invalid for a missing reason or a day in the past, Conflict if held."""
    why = _reason(reason, review_on)
    if held(db, [person.person_id]):
        raise Conflict(_("This person’s record is held already."))
    if person.erased:
        raise Conflict(_("This person has been erased; nothing is left to be held."))
    row = LegalHold(
        person_id=person.person_id,
        reason=why,
        review_on=review_on,
        placed_at=clock.now(),
        placed_by_id=actor.person_id,
    )
    db.add(row)
    db.flush()
    _enter(db, person, row, "placed", why, key=f"held:{row.public_id}", actor=actor)
    return _row(row)


def review_hold(db: Session, public_id: str, *, reason: str, review_on: dt.date, actor: Actor) -> HoldRow:
    """Hold on: the reason was looked at and stands, until the next day of review. Raises as ``hold`` does."""
    row = _standing(db, public_id)
    row.reason, row.review_on = _reason(reason, review_on), review_on
    db.flush()
    key = f"held:{public_id}:reviewed:{clock.now():%Y-%m-%dT%H:%M}:{review_on}"
    _enter(db, people.person_by_id(db, row.person_id), row, "reviewed", row.reason, key=key, actor=actor)
    return _row(row)


def lift_hold(db: Session, public_id: str, *, actor: Actor) -> HoldRow:
    """Let go: what is due may be destroyed again by somebody's decision. Raises NotFound, or Conflict once lifted."""
    row = _standing(db, public_id)
    row.lifted_at, row.lifted_by_id = clock.now(), actor.person_id
    db.flush()
    person = people.person_by_id(db, row.person_id)
    _enter(db, person, row, "lifted", "", key=f"held:{public_id}:lifted", actor=actor)
    return _row(row)


def held(db: Session, person_ids: Iterable[int]) -> dict[int, HoldRow]:
    """Which of these people are held, and how."""
    rows = db.scalars(
        sa.select(LegalHold).where(LegalHold.person_id.in_(tuple(person_ids)), LegalHold.lifted_at.is_(None))
    )
    return {row.person_id: _row(row) for row in rows}


def all_holds(db: Session) -> tuple[HoldRow, ...]:
    """Every hold that stands, those to review first."""
    rows = db.scalars(sa.select(LegalHold).where(LegalHold.lifted_at.is_(None)).order_by(LegalHold.review_on))
    return tuple(map(_row, rows))


def hold_row(db: Session, public_id: str) -> HoldRow:
    """One hold by public id, lifted or not; raises NotFound."""
    return _row(_any(db, public_id))


def erase_reasons(db: Session, person_id: int) -> None:
    """Empty the reasons of a person's holds, which are all lifted by then."""
    db.execute(sa.update(LegalHold).where(LegalHold.person_id == person_id).values(reason=""))


def _any(db: Session, public_id: str) -> LegalHold:
    row = db.scalar(sa.select(LegalHold).where(LegalHold.public_id == public_id))
    if row is None:
        raise NotFound
    return row


def _standing(db: Session, public_id: str) -> LegalHold:
    row = _any(db, public_id)
    if row.lifted_at is not None:
        raise Conflict(_("This hold was lifted already."))
    return row


def _reason(reason: str, review_on: dt.date) -> str:
    problems = {}
    if not reason.strip():
        problems["reason"] = _("Say in a few words why.")
    if len(reason) > REASON_LENGTH:
        problems["reason"] = _("Please use 2,000 letters or fewer.")
    if review_on <= clock.today():
        problems["review"] = _("Choose a day in the future on which the hold is reviewed.")
    if problems:
        raise Invalid(fields=problems)
    return reason.strip()


def _enter(
    db: Session, person: people.PersonRow, row: LegalHold, act: str, reason: str, *, key: str, actor: Actor
) -> None:
    # Not called “reason”: unlike those it is not told to a person who asks for everything about them.
    evidence.append(
        db,
        "held",
        subject=person.pseudonym,
        act={"act": act, "hold": row.public_id, "review_on": row.review_on.isoformat()},
        details={"hold_reason": reason} if reason else None,
        idempotency_key=key,
        actor=actor,
    )


def _row(row: LegalHold) -> HoldRow:
    return HoldRow(
        row.public_id, row.person_id, row.reason, row.review_on, row.placed_at, row.placed_by_id, row.lifted_at
    )
