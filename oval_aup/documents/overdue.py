"""Notices documents that should have been made by now, and remembers whether the office was told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import table_of
from oval_aup.documents.models import Document
from oval_aup.documents.queue import FOR_A_PACK, NOW
from oval_aup.jobs import watermarks

AFTER = dt.timedelta(minutes=15)
ALARM = "papers-late"
BEGAN = "worker-began"
HOUR = dt.timedelta(hours=1)

_document = table_of(Document)


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many documents are late, since when the first of them is wanted, and why; no reason: no worker took it."""

    number: int
    since: dt.datetime
    reason: str


def overdue_documents(db: Session) -> Overdue | None:
    """The documents that should have been there a quarter of an hour ago, or None.

    Those of a pack may take longer while others are being made: a whole school's need more than a quarter of an hour.
    Nobody waits for those that are made in advance. What waited while no worker ran may wait a quarter of an hour more
    from when one began, unless making it failed.
    """
    now = clock.now()
    began = watermarks.noted_at(db, BEGAN)
    catching_up = began is not None and began <= now < began + AFTER
    failed = _document.c.error != ""
    made = sa.select(_document.c.id).where(_document.c.ready_at > now - AFTER).limit(1)
    latest = NOW if db.scalar(made) is not None else FOR_A_PACK
    late = sa.and_(
        _document.c.status.in_(("pending", "rendering")),
        sa.case((failed, _document.c.requested_at), else_=_document.c.next_attempt_at) <= now - AFTER,
        failed if catching_up else sa.or_(_document.c.priority <= latest, failed),
    )
    count, since = db.execute(sa.select(sa.func.count(), sa.func.min(_document.c.requested_at)).where(late)).one()
    if not count:
        return None
    reasons = sa.select(_document.c.error).where(late, _document.c.error != "").order_by(_document.c.id.desc())
    return Overdue(count, since, db.scalar(reasons.limit(1)) or "")


def note_worker(db: Session) -> None:
    """Remember that a worker began, at most once an hour: one that keeps dying earns no new patience."""
    now, began = clock.now(), watermarks.noted_at(db, BEGAN)
    if began is None or abs(now - began) >= HOUR:
        watermarks.note(db, BEGAN, now)


def alarm_since(db: Session) -> dt.datetime | None:
    """When the office was told of the present trouble, or None."""
    return watermarks.noted_at(db, ALARM)


def note_alarm(db: Session, at: dt.datetime | None) -> None:
    """Remember that the office was told, or with None that all is well again."""
    watermarks.note(db, ALARM, at)
