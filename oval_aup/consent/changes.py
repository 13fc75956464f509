"""Keeps when permission to use a child's pictures began or ended, by whichever way, so that teachers can be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.consent.history import batches
from oval_aup.consent.models import ConsentDecision, PermissionChange
from oval_aup.consent.permissions import permissions
from oval_aup.consent.purposes import asked_purposes, has_uses
from oval_aup.consent.resolve import SHOWN
from oval_aup.consent.takedowns import open_take_downs
from oval_aup.core import clock
from oval_aup.core.db import columns_of, rows_as, table_of

_change = table_of(PermissionChange)
_ADD = sa.insert(_change)

Values = Mapping[int, Mapping[str, str]]
"""Child to use to ``yes``, ``no``, ``missing`` or ``blocked``: what a class is shown."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One child's permission for one use became another: ``was`` and ``now`` are what a class is shown."""

    id: int
    child_id: int
    school_year: int
    purpose_key: str
    was: str
    now: str
    cause: str
    changed_at: dt.datetime

    @property
    def ended(self) -> bool:
        """Whether something that was allowed is not any more."""
        return self.was == "yes" and self.now != "yes"

    @property
    def urgent(self) -> bool:
        """Whether the teacher must know at once; what lapses with the school year can wait for the day's list."""
        return self.ended and self.cause != "lapse"

    @property
    def worth_telling(self) -> bool:
        """Whether the new value says more than that an answer is awaited where none was a yes."""
        return self.now != "missing" or self.ended


def shown_values(db: Session, child_ids: Iterable[int], school_year: int) -> dict[int, dict[str, str]]:
    """What a class is shown at this moment, for the uses that families are asked about; empty before there are any."""
    if not has_uses(db):
        return {}
    asked = {use.key for use in asked_purposes(db)}
    return {
        child_id: {key: each.shown for key, each in found.items() if key in asked}
        for child_id, found in permissions(db, child_ids, school_year).items()
    }


@contextmanager
def following(db: Session, child_ids: Iterable[int] | None, school_year: int, *, cause: str) -> Iterator[None]:
    """Compare permission before and after whatever is done inside, and keep each change; None means every child.

    For anything that alters who may choose for a child: an import, a link, a responsibility, a bar (``cause`` is then
    ``roster``, and what was allowed and is left without an answer opens a take-down). Answers and blocks need it not.
    """
    wanted = _current_ids(db) if child_ids is None else sorted(set(child_ids))
    before = shown_values(db, wanted, school_year)
    yield
    db.flush()
    wanted = sorted(set(wanted) & set(_current_ids(db)))
    note_changes(db, before, shown_values(db, wanted, school_year), school_year, cause=cause)


def _current_ids(db: Session) -> list[int]:
    return [child.person_id for child in people.children(db)]


def note_changes(db: Session, before: Values, after: Values, school_year: int, *, cause: str) -> None:
    """Keep each difference between two looks at the same children; nothing where nothing changed."""
    now = clock.now()
    rows = []
    for child_id, values in after.items():
        known = before.get(child_id)
        if known is None:
            continue
        rows += [
            _values(child_id, school_year, key, known.get(key, "missing"), value, cause, now)
            for key, value in values.items()
            if known.get(key, "missing") != value
        ]
        if cause == "roster":
            lost = {key for key, value in values.items() if known.get(key) == "yes" and value == "missing"}
            open_take_downs(db, child_id, lost)
    if rows:
        db.execute(_ADD, rows)


class ChangeValues(TypedDict):
    """The columns of a change that is to be kept."""

    child_id: int
    school_year: int
    purpose_key: str
    was: str
    """``yes``, ``no``, ``missing`` or ``blocked``, as is ``now``."""
    now: str
    cause: str
    """``answer``, ``block``, ``roster`` or ``lapse``."""
    changed_at: dt.datetime


def _values(child_id: int, school_year: int, key: str, was: str, now: str, cause: str, at: dt.datetime) -> ChangeValues:
    return {
        "child_id": child_id,
        "school_year": school_year,
        "purpose_key": key,
        "was": was,
        "now": now,
        "cause": cause,
        "changed_at": at,
    }


def unrecorded(
    db: Session, school_year: int, *, since_entry: int | None = None, child_ids: Collection[int] | None = None
) -> list[ChangeValues]:
    """Changes that nothing has kept yet: first answers of a family, what lapsed with the year, anything forgotten.

    Looks at every current child, or only at those whose choices have an entry in the ledger after ``since_entry``.
    """
    wanted = set(_current_ids(db)) if child_ids is None else set(child_ids)
    if since_entry is not None:
        chosen = sa.select(ConsentDecision.child_id).where(ConsentDecision.ledger_seq > since_entry).distinct()
        wanted &= set(db.scalars(chosen))
    if not wanted:
        return []
    last = _last_kept(db, wanted)
    decided = _decided_at(db, wanted, school_year)
    rows = []
    for child_id, values in shown_values(db, wanted, school_year).items():
        for key, value in values.items():
            kept = last.get((child_id, key))
            was = kept.now if kept is not None else "missing"
            if was != value:
                rows.append(_noticed(child_id, school_year, key, was, value, kept, decided.get((child_id, key))))
    return rows


def _noticed(
    child_id: int,
    school_year: int,
    key: str,
    was: str,
    value: str,
    kept: ChangeRow | None,
    decided_at: dt.datetime | None,
) -> ChangeValues:
    if decided_at is not None and (kept is None or decided_at > kept.changed_at):
        return _values(child_id, school_year, key, was, value, "answer", decided_at)
    lapsed = kept is not None and kept.school_year < school_year and value == "missing"
    return _values(child_id, school_year, key, was, value, "lapse" if lapsed else "roster", clock.now())


def record_changes(db: Session, school_year: int, *, since_entry: int | None = None) -> int:
    """Keep what ``unnoticed`` finds, and return how much; a no in the new year to last year's yes opens a take-down."""
    rows = unrecorded(db, school_year, since_entry=since_entry)
    if rows:
        db.execute(_ADD, rows)
    ended: dict[int, set[str]] = {}
    for row in rows:
        if row["was"] == "yes" and _ends_use(db, row):
            ended.setdefault(row["child_id"], set()).add(row["purpose_key"])
    for child_id, keys in ended.items():
        open_take_downs(db, child_id, keys)
    return len(rows)


def _ends_use(db: Session, row: ChangeValues) -> bool:
    """Whether pictures must come down: not for a lapse yet, nor where another adult's first no met a yes this year."""
    if row["cause"] == "roster":
        return row["now"] == "missing"
    if row["cause"] != "answer" or row["now"] == "yes":
        return False
    agreed = sa.select(ConsentDecision.id).where(
        ConsentDecision.child_id == row["child_id"],
        ConsentDecision.purpose_key == row["purpose_key"],
        ConsentDecision.school_year == row["school_year"],
        ConsentDecision.act == "given",
    )
    return db.scalar(agreed.limit(1)) is None


def settle_lapses(db: Session, school_year: int, *, overdue: bool) -> int:
    """Decide about each use that lapsed with the last school year whether pictures must come down; returns how many.

    Answered yes again: no. Answered no: yes. Not answered: once ``overdue``, when the family has had its time.
    """
    waiting = sa.and_(_change.c.cause == "lapse", _change.c.was == "yes", _change.c.settled_at.is_(None))
    rows = db.execute(sa.select(_change.c.id, _change.c.child_id, _change.c.purpose_key).where(waiting)).all()
    if not rows:
        return 0
    values = shown_values(db, {row.child_id for row in rows}, school_year)
    settled, ended = [], dict[int, set[str]]()
    for row in rows:
        value = values.get(row.child_id, {}).get(row.purpose_key, "missing")
        if value == "missing" and not overdue:
            continue
        settled.append(row.id)
        if value != "yes":
            ended.setdefault(row.child_id, set()).add(row.purpose_key)
    for child_id, keys in ended.items():
        open_take_downs(db, child_id, keys)
    for batch in batches(settled):
        db.execute(sa.update(_change).where(_change.c.id.in_(batch)).values(settled_at=clock.now()))
    return sum(map(len, ended.values()))


def lapses_wait(db: Session) -> bool:
    """Whether any use that lapsed is still to be decided about."""
    waiting = sa.and_(_change.c.cause == "lapse", _change.c.was == "yes", _change.c.settled_at.is_(None))
    return db.scalar(sa.select(_change.c.id).where(waiting).limit(1)) is not None


def unsent_changes(db: Session) -> tuple[ChangeRow, ...]:
    """Changes that no teacher has been told of, oldest first."""
    return _rows(db, _change.c.told_at.is_(None))


def mark_notified(db: Session, change_ids: Iterable[int]) -> None:
    """Write down that these changes have been told."""
    for batch in batches(change_ids):
        db.execute(sa.update(_change).where(_change.c.id.in_(batch)).values(told_at=clock.now()))


def changes(db: Session, child_ids: Iterable[int], *, since: dt.datetime) -> dict[int, dict[str, ChangeRow]]:
    """The newest change of each child and use since a moment: child to use to change."""
    found: dict[int, dict[str, ChangeRow]] = {}
    for batch in batches(child_ids):
        for row in _rows(db, _change.c.child_id.in_(batch), _change.c.changed_at >= since):
            found.setdefault(row.child_id, {})[row.purpose_key] = row
    return found


def _last_kept(db: Session, child_ids: Iterable[int]) -> dict[tuple[int, str], ChangeRow]:
    newest = sa.select(sa.func.max(_change.c.id)).group_by(_change.c.child_id, _change.c.purpose_key)
    found = {}
    for batch in batches(child_ids):
        for row in _rows(db, _change.c.id.in_(newest.where(_change.c.child_id.in_(batch)))):
            found[row.child_id, row.purpose_key] = row
    return found


def _decided_at(db: Session, child_ids: Iterable[int], school_year: int) -> dict[tuple[int, str], dt.datetime]:
    """When a choice about each child and use was last recorded this year."""
    newest = sa.func.max(ConsentDecision.decided_at, type_=ConsentDecision.decided_at.type)
    found: dict[tuple[int, str], dt.datetime] = {}
    for batch in batches(child_ids):
        rows = db.execute(
            sa.select(ConsentDecision.child_id, ConsentDecision.purpose_key, newest)
            .where(ConsentDecision.child_id.in_(batch), ConsentDecision.school_year == school_year)
            .group_by(ConsentDecision.child_id, ConsentDecision.purpose_key)
        )
        found.update({(child_id, key): at for child_id, key, at in rows})
    return found


def _rows(db: Session, *where: sa.ColumnElement[bool]) -> tuple[ChangeRow, ...]:
    chosen = sa.select(*columns_of(ChangeRow, _change)).where(*where).order_by(_change.c.id)
    return tuple(rows_as(ChangeRow, db.execute(chosen)))


def of_answers(
    child_id: int, school_year: int, was: Mapping[str, str], now: Mapping[str, str], cause: str
) -> list[ChangeValues]:
    """What an answer changed, ready to be kept; ``was`` and ``now`` are verdicts by use."""
    moment = clock.now()
    shown = {key: (SHOWN.get(was[key], was[key]), SHOWN.get(value, value)) for key, value in now.items()}
    return [
        _values(child_id, school_year, key, before, after, cause, moment)
        for key, (before, after) in shown.items()
        if before != after
    ]


def keep(db: Session, rows: list[ChangeValues]) -> None:
    """Keep changes that an answer made, in one statement."""
    if rows:
        db.execute(_ADD, rows)
