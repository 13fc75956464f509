"""Who owes which agreement, and the one way in which a request moves from one standing to another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import columns_of, new_public_id, rows_as, rows_changed, table_of
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.signing.coverage import Shift, rebuild_coverage, shift, shift_days
from oval_aup.signing.models import SignatureRequest
from oval_aup.signing.rows import NewRequest, OutstandingRow, RequestRow

_MOVES: dict[str, frozenset[str]] = {
    "open": frozenset({"started", "signed", "declined", "cancelled"}),
    "started": frozenset({"signed", "declined", "cancelled"}),
    "signed": frozenset({"open"}),
    "declined": frozenset({"open", "signed", "cancelled"}),
    "cancelled": frozenset({"open"}),
}
_CHUNK = 5000
_FEW = 20
"""Up to this many new requests are counted one by one; a bulk is counted afresh."""

_request = table_of(SignatureRequest)
_COLUMNS = columns_of(RequestRow, _request)
_ALL = sa.select(*_COLUMNS).order_by(_request.c.agreement_key, _request.c.status, _request.c.id)
# Built once: a page waits longer for a statement to be put together than for its answer.
_BY_ID = sa.select(*_COLUMNS).where(_request.c.id == sa.bindparam("request_id"))
# By person alone, and picked over in Python: with the school year as well, or in order, a planner without statistics
# prefers the index by school year and reads every request of the whole school.
_OF_PEOPLE = sa.select(*_COLUMNS).where(_request.c.person_id.in_(sa.bindparam("person_ids", expanding=True)))
_MOVE = (
    sa.update(_request)
    .where(_request.c.id == sa.bindparam("request_id"), _request.c.status == sa.bindparam("was"))
    .values(status=sa.bindparam("becomes"), settled_at=sa.bindparam("settles_at"))
)


def move(db: Session, row: RequestRow, becomes: str) -> RequestRow:
    """Move a request to another status and every count with it; nothing else changes a status of a single request.

    Raises Conflict where the rules know no such move or somebody else moved it since ``row`` was read.
    """
    return move_all(db, [row], becomes)[0]


def move_all(db: Session, rows: Sequence[RequestRow], becomes: str) -> tuple[RequestRow, ...]:
    """``move`` for several requests at once; either all of them move or Conflict is raised."""
    if any(becomes not in _MOVES[row.status] for row in rows):
        raise Conflict(_("This has been answered already."))
    settled_at = clock.now() if becomes in ("signed", "declined") else None
    places = [{"request_id": row.id, "was": row.status, "becomes": becomes, "settles_at": settled_at} for row in rows]
    if places and rows_changed(db.execute(_MOVE, places)) != len(places):
        raise Conflict(_("Somebody else has just answered this. Please check it again."))
    shift(
        db,
        [
            Shift(row.school_year, row.agreement_key, row.person_id, status, step)
            for row in rows
            for status, step in ((row.status, -1), (becomes, 1))
        ],
    )
    days = [(row, row.settled_at, -1) for row in rows if row.status == "signed"]
    days += [(row, settled_at, 1) for row in rows if becomes == "signed"]
    shift_days(db, [(row.school_year, row.agreement_key, at, step) for row, at, step in days if at is not None])
    return tuple(replace(row, status=becomes, settled_at=settled_at) for row in rows)


def open_requests(
    db: Session, rows: Iterable[NewRequest], *, school_year: int, due_on: dt.date
) -> tuple[RequestRow, ...]:
    """Open a request for everybody in ``rows`` who has none for the school year, and return those opened.

    Safe to repeat. A cancelled request (a leaver who came back) is opened again. Counts are rebuilt once.
    """
    wanted = {(row.person_id, row.agreement_key): row for row in rows}
    known = {
        (row.person_id, row.agreement_key): row
        for piece in _chunks(person_id for person_id, _key in wanted)
        for row in _select(db, _request.c.school_year == school_year, _request.c.person_id.in_(piece), limit=None)
    }
    returning = [known[key] for key in wanted if key in known and known[key].status == "cancelled"]
    fresh = [row for key, row in wanted.items() if key not in known]
    if not returning and not fresh:
        return ()
    public_ids = _insert(db, fresh, school_year=school_year, due_on=due_on)
    for piece in _chunks([row.id for row in returning]):
        db.execute(
            sa.update(_request)
            .where(_request.c.id.in_(piece), _request.c.status == "cancelled")
            .values(status="open", due_on=due_on, asked_at=None, settled_at=None)
        )
    opened = [row for piece in _chunks(public_ids) for row in _select(db, _request.c.public_id.in_(piece), limit=None)]
    opened += [replace(row, status="open", due_on=due_on, asked_at=None, settled_at=None) for row in returning]
    _count_opened(db, opened, school_year)
    return tuple(opened)


def move_due_date(db: Session, school_year: int, *, before: dt.date, to: dt.date) -> None:
    """Give everybody who has not answered the new due date, except those who joined late and have a later one."""
    db.execute(
        sa.update(_request)
        .where(
            _request.c.school_year == school_year,
            _request.c.status.in_(("open", "started")),
            sa.or_(_request.c.due_on == before, _request.c.due_on < to),
        )
        .values(due_on=to)
    )


def _count_opened(db: Session, opened: Sequence[RequestRow], school_year: int) -> None:
    if len(opened) > _FEW:
        rebuild_coverage(db, school_year)
        return
    shift(db, [Shift(school_year, row.agreement_key, row.person_id, "open", 1) for row in opened])


def _insert(db: Session, rows: Sequence[NewRequest], *, school_year: int, due_on: dt.date) -> list[str]:
    values = [
        {
            "public_id": new_public_id(),
            "school_year": school_year,
            "agreement_key": row.agreement_key,
            "person_id": row.person_id,
            "way": row.way,
            "status": "open",
            "due_on": due_on,
        }
        for row in rows
    ]
    if values:
        db.execute(sa.insert(_request), values)
    return [value["public_id"] for value in cast(list[dict[str, str]], values)]


def mark_asked(db: Session, request_ids: Iterable[int], *, at: dt.datetime | None = None) -> None:
    """Note that the people behind these requests were asked; the first asking stays."""
    moment = at or clock.now()
    for piece in _chunks(request_ids):
        db.execute(
            sa.update(_request).where(_request.c.id.in_(piece), _request.c.asked_at.is_(None)).values(asked_at=moment)
        )


def cancel_for_leavers(db: Session, person_ids: Iterable[int], *, agreement_key: str = "") -> int:
    """Cancel what leavers still owe, of one agreement or of all, whatever the school year; returns how many.

    What they signed or declined stays.
    """
    years: set[int] = set()
    count = 0
    for piece in _chunks(person_ids):
        unanswered = sa.and_(_request.c.person_id.in_(piece), _request.c.status.in_(("open", "started")))
        if agreement_key:
            unanswered = sa.and_(unanswered, _request.c.agreement_key == agreement_key)
        years.update(db.scalars(sa.select(_request.c.school_year).where(unanswered).distinct()))
        cancelled = db.execute(sa.update(_request).where(unanswered).values(status="cancelled", settled_at=None))
        count += rows_changed(cancelled)
    for school_year in sorted(years):
        rebuild_coverage(db, school_year)
    return count


def request(db: Session, public_id: str) -> RequestRow:
    """One request by public id; raises NotFound."""
    return _one(_select(db, _request.c.public_id == public_id))


def request_by_id(db: Session, request_id: int) -> RequestRow:
    """One request by row id; raises NotFound."""
    return _one(rows_as(RequestRow, db.execute(_BY_ID, {"request_id": request_id})))


def standing(db: Session, person_id: int, school_year: int) -> tuple[RequestRow, ...]:
    """What one person owes or has answered this school year; cancelled requests are left out."""
    return standing_of(db, (person_id,), school_year).get(person_id, ())


def standing_of(db: Session, person_ids: Iterable[int], school_year: int) -> dict[int, tuple[RequestRow, ...]]:
    """``standing`` for many people at once; a person without requests is absent."""
    found: dict[int, list[RequestRow]] = {}
    for piece in _chunks(person_ids):
        for row in rows_as(RequestRow, db.execute(_OF_PEOPLE, {"person_ids": piece})):
            if row.school_year == school_year and row.status != "cancelled":
                found.setdefault(row.person_id, []).append(row)
    return {person_id: tuple(sorted(rows, key=_place)) for person_id, rows in found.items()}


def standing_of_everybody(db: Session, school_year: int) -> dict[int, tuple[RequestRow, ...]]:
    """``standing`` for all who were asked this school year, in one statement."""
    found: dict[int, list[RequestRow]] = {}
    counts = sa.and_(_request.c.school_year == school_year, _request.c.status != "cancelled")
    for row in rows_as(RequestRow, db.execute(sa.select(*_COLUMNS).where(counts))):
        found.setdefault(row.person_id, []).append(row)
    return {person_id: tuple(sorted(rows, key=_place)) for person_id, rows in found.items()}


def _place(row: RequestRow) -> tuple[str, str, int]:
    return row.agreement_key, row.status, row.id


def unanswered(
    db: Session, school_year: int, *, ways: Collection[str] = ("self", "guardian")
) -> tuple[RequestRow, ...]:
    """Every request of the school year that still waits for an answer: what reminders go by."""
    return tuple(
        _select(
            db,
            _request.c.school_year == school_year,
            _request.c.status.in_(("open", "started")),
            _request.c.way.in_(tuple(ways)),
            limit=None,
        )
    )


def outstanding(
    db: Session,
    school_year: int,
    *,
    agreement_key: str = "",
    person_ids: Collection[int] | None = None,
    statuses: Sequence[str] = ("open", "started", "declined"),
    limit: int = 50,
    offset: int = 0,
) -> tuple[OutstandingRow, ...]:
    """One page of who has not signed and why; ``person_ids`` narrows it, for example to a class.

    Troubled addresses are another room's knowledge and are joined by the caller.
    """
    where = [_request.c.school_year == school_year, _request.c.status.in_(tuple(statuses))]
    if agreement_key:
        where.append(_request.c.agreement_key == agreement_key)
    if person_ids is not None:
        where.append(_request.c.person_id.in_(tuple(person_ids)))
    return tuple(
        OutstandingRow(
            request_id=row.id,
            request_public_id=row.public_id,
            person_id=row.person_id,
            agreement_key=row.agreement_key,
            way=row.way,
            why=_why(row),
            asked_at=row.asked_at,
            due_on=row.due_on,
        )
        for row in _select(db, *where, limit=limit, offset=offset)
    )


def _why(row: RequestRow) -> str:
    if row.status == "open":
        return "asked" if row.asked_at else "not-asked"
    return row.status


def _select(db: Session, *where: sa.ColumnElement[bool], limit: int | None = 1, offset: int = 0) -> list[RequestRow]:
    statement = _ALL.where(*where).limit(limit).offset(offset or None)
    return rows_as(RequestRow, db.execute(statement))


def _one(rows: Sequence[RequestRow]) -> RequestRow:
    if not rows:
        raise NotFound
    return rows[0]


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(dict.fromkeys(values))
    while piece := list(islice(rest, _CHUNK)):
        yield piece
