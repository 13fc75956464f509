"""One way to hand out work from a table: documents, packs, messages and periodic tasks are all taken by a lease.

A row is taken by an update on condition that nobody took it since it was read, so two workers never hold the same one.
Each lease has a number that only rises: whoever comes back with an older number has lost the row and changes nothing.
A lease whose holder died is taken over after a while, and a row that keeps killing its holder is given up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from oval_aup.core import clock
from oval_aup.core.db import Database, UtcDateTime, rows_changed
from oval_aup.jobs.bells import ring

FAILED = "failed"
_NEEDED = ("id", "public_id", "status", "attempts", "lease_no", "error")
CANDIDATES = 20
"""Rows looked at for one claim: enough to pass over those that another worker takes meanwhile."""


class Leased:
    """The columns of a table whose rows are work."""

    status: Mapped[str] = mapped_column(sa.String(12))
    attempts: Mapped[int] = mapped_column(default=0)
    """Leases that ended in a failure, or in the death of their holder, since somebody last asked for it."""
    lease_no: Mapped[int] = mapped_column(default=0, server_default="0")
    """Rises with each lease, so that a worker that lost the row cannot go on with it."""
    next_attempt_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    claimed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the present holder took the row or last said that it is alive; None while nobody holds it."""
    error: Mapped[str] = mapped_column(sa.Text, default="")


class Claim(Protocol):
    """What a holder shows to change its row."""

    @property
    def public_id(self) -> str:
        """The row's public id."""

    @property
    def lease_no(self) -> int:
        """The number of the lease."""

    @property
    def attempts(self) -> int:
        """Which attempt this is, counted from 1."""


@dataclass(frozen=True, slots=True)
class LeasedQueue:
    """The queue that a table with the columns of ``Leased``, an ``id`` and a ``public_id`` is."""

    table: sa.Table
    held: Mapping[str, str]
    """By each status in which a row can be taken, also over from a holder that died, its status while it is held."""
    resting: Mapping[str, str]
    """By each status while it is held, its status when it goes back into the queue."""
    stale_after: dt.timedelta
    """A lease without a sign of life for so long belongs to a worker that died."""
    max_attempts: int
    """After so many attempts the row is given up."""
    passes: Sequence[tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]]
    """What is taken first: rows that meet the first condition, in its order, then those of the second, and so on."""
    crashed: Callable[[], str]
    """What stands as the reason where every holder died."""
    back_off: Sequence[dt.timedelta] = field(default=())
    """How long to wait after the first, second … failure; a failure after the last gives the row up."""
    bell: str = ""
    """The name by which a worker is woken for it."""
    refusal_needs: Sequence[str] = field(default=())
    """Further columns that the ``refusal`` of a claim looks at."""

    def due(self, now: dt.datetime) -> sa.ColumnElement[bool]:
        """Which rows can be taken at this moment."""
        c = self.table.c
        free = sa.and_(c.claimed_at.is_(None), c.next_attempt_at <= now)
        return sa.and_(c.status.in_(list(self.held)), sa.or_(free, c.claimed_at < now - self.stale_after))

    def anything_due(self, database: Database) -> bool:
        """Whether a claim would find anything; looking first keeps an idle worker off the write lock."""
        mine = sa.or_(*(which for which, _order in self.passes))
        found = sa.select(self.table.c.id).where(self.due(clock.now()), mine).limit(1)
        with database.reading() as db:
            return db.execute(found).first() is not None

    def claim(self, db: Session, *, refusal: Callable[[sa.Row[Any]], str] | None = None) -> str | None:
        """Take the next row that is due and return its public id, or None.

        ``refusal`` may say, in a sentence, why a row must be given up instead.
        """
        now, c = clock.now(), self.table.c
        shown = [
            c[name] for name in ("id", "public_id", "status", "attempts", "lease_no", "error", *self.refusal_needs)
        ]
        for which, order in self.passes:
            due = sa.select(*shown).where(self.due(now), which).order_by(order, c.id).limit(CANDIDATES)
            for row in db.execute(due).all():
                why = self._hopeless(row) or (refusal(row) if refusal is not None else "")
                if self._take(db, row, now, why) and not why:
                    return str(row.public_id)
        return None

    def _take(self, db: Session, row: sa.Row[Any], now: dt.datetime, why: str) -> bool:
        c = self.table.c
        values = (
            {"status": FAILED, "error": why[:2000], "claimed_at": None}
            if why
            else {"status": self.held[row.status], "attempts": row.attempts + 1, "claimed_at": now}
        )
        unchanged = sa.and_(c.id == row.id, c.lease_no == row.lease_no, c.status == row.status)
        taken = sa.update(self.table).where(unchanged).values(lease_no=row.lease_no + 1, **values)
        return rows_changed(db.execute(taken)) == 1

    def _hopeless(self, row: sa.Row[Any]) -> str:
        return (row.error or self.crashed()) if row.attempts >= self.max_attempts else ""

    def renew(self, db: Session, claim: Claim, **values: Any) -> bool:
        """Say that the holder is alive, and change other columns; False where it has lost the row."""
        return self._change(db, claim, claimed_at=clock.now(), **values)

    def finish(self, db: Session, claim: Claim, status: str, **values: Any) -> bool:
        """End the lease with this status; False where the holder has lost the row, and then nothing has changed."""
        return self._change(db, claim, status=status, claimed_at=None, **values)

    def fail(self, db: Session, claim: Claim, error: str, *, back_off: Sequence[dt.timedelta] | None = None) -> bool:
        """Note why an attempt failed; the row is due again after a while, and given up after the last attempt."""
        waits = self.back_off if back_off is None else back_off
        if claim.attempts > len(waits):
            return self._change(db, claim, status=FAILED, claimed_at=None, error=error[:2000])
        return self.put_back(db, claim, until=clock.now() + waits[claim.attempts - 1], error=error[:2000])

    def defer(self, db: Session, claim: Claim, error: str = "", *, until: dt.datetime, **values: Any) -> bool:
        """Put a row back that cannot go on yet; that never counts as an attempt."""
        return self.put_back(db, claim, until=until, error=error[:2000], attempts=claim.attempts - 1, **values)

    def put_back(
        self, db: Session, claim: Claim, *, until: dt.datetime, rest: dt.timedelta = dt.timedelta(), **values: Any
    ) -> bool:
        """End the lease of a row that is due again at ``until``, and change other columns.

        Nobody is woken for it before ``rest`` is over, though whoever comes by may take it.
        """
        c = self.table.c
        status = sa.case(dict(self.resting), value=c.status, else_=c.status) if self.resting else c.status
        if self.bell:
            ring(db, self.bell, after=max(rest, until - clock.now()))
        return self._change(db, claim, status=status, next_attempt_at=until, claimed_at=None, **values)

    def retry(self, db: Session, status: str, *which: sa.ColumnElement[bool], **values: Any) -> int:
        """Put rows that were given up back with this status and a fresh set of attempts; returns how many."""
        afresh = {"status": status, "attempts": 0, "next_attempt_at": clock.now(), "claimed_at": None, **values}
        given_up = sa.update(self.table).where(self.table.c.status == FAILED, *which)
        if self.bell:
            ring(db, self.bell)
        return rows_changed(db.execute(given_up.values(**afresh)))

    def _change(self, db: Session, claim: Claim, **values: Any) -> bool:
        c = self.table.c
        held = sa.and_(c.public_id == claim.public_id, c.lease_no == claim.lease_no, c.claimed_at.is_not(None))
        return rows_changed(db.execute(sa.update(self.table).where(held).values(**values))) == 1
