"""Remembers since when no message can leave and why, when sending is tried again, and how many messages wait."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import fetch, table_of
from oval_aup.core.i18n import _
from oval_aup.jobs import MESSAGES, ring
from oval_aup.notifications import smtp_replies
from oval_aup.notifications.models import MailOutage, Message

_outage = table_of(MailOutage)
_message = table_of(Message)

LATE = dt.timedelta(minutes=2)
"""A due message that has waited this long, while nothing else left, means that nobody is sending."""

HELD_BACK = dt.timedelta(minutes=5)
"""How much longer than the pause the message waits at which the server said no: another one is tried first."""

_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>]+>?")

_PAUSES = {
    smtp_replies.SERVER: (15, 30, 60),
    smtp_replies.SENDER: (300, 900, 1800),
}
"""Seconds until the next try after the first, second, third and every later failure; a limit takes longer to lift."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing can be sent: since when, why in words, and when it is tried again.

    ``about`` is ``server``, ``sender``, or ``worker`` where nothing is trying to send.
    """

    since: dt.datetime
    about: str
    reason: str
    retry_at: dt.datetime
    waiting: int = 0
    """Messages that would have left by now."""


def outage(db: Session) -> Outage | None:
    """Whether messages are stuck just now, and why; None while they leave, or while there is nothing to send."""
    now = clock.now()
    row = _open(db)
    if row is not None:
        return Outage(row.since, row.about, row.reason, row.retry_at, _waiting(db, max(now, row.retry_at + HELD_BACK)))
    oldest = min(filter(None, fetch(db, _OLDEST_DUE, until=now).one()), default=None)
    if oldest is None or oldest > now - LATE:
        return None
    left = db.scalar(sa.select(sa.func.max(_message.c.sent_at)))
    if left is not None and left > now - LATE:
        return None
    reason = _("The background worker, which sends them, is not running or cannot keep up.")
    return Outage(max(oldest, left or oldest), "worker", reason, now, _waiting(db, now))


_UNSENT = ("queued", "sending")


def _oldest_due(status: str) -> sa.ScalarSelect[Any]:
    until = sa.bindparam("until", type_=_message.c.next_attempt_at.type)
    oldest = sa.select(sa.func.min(_message.c.next_attempt_at))
    return oldest.where(_message.c.status == status, _message.c.next_attempt_at <= until).scalar_subquery()


# A question for each status: so it is the first row of an index, where both together read every message that waits.
_OLDEST_DUE = sa.select(*map(_oldest_due, _UNSENT))
_OPEN = (
    sa.select(_outage.c.id, _outage.c.since, _outage.c.about, _outage.c.reason, _outage.c.tries, _outage.c.retry_at)
    .where(_outage.c.ended_at.is_(None))
    .order_by(_outage.c.id)
    .limit(1)
)


def _unsent(until: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_message.c.status.in_(_UNSENT), _message.c.next_attempt_at <= until)


def _waiting(db: Session, until: dt.datetime) -> int:
    return db.scalar(sa.select(sa.func.count()).select_from(_message).where(_unsent(until))) or 0


def _open(db: Session) -> Any:
    return db.execute(_OPEN).first()


def recorded(db: Session) -> Outage | None:
    """The outage that sending has noted and that is not over, without counting what waits."""
    row = _open(db)
    return None if row is None else Outage(row.since, row.about, row.reason, row.retry_at)


def note(db: Session, about: str, reason: str) -> dt.datetime:
    """Note that nothing can be sent, and return when it is to be tried again; later and later while it lasts."""
    now, row = clock.now(), _open(db)
    tries = 1 if row is None or row.about != about else row.tries + 1
    pauses = _PAUSES[about]
    retry_at = now + dt.timedelta(seconds=pauses[min(tries, len(pauses)) - 1])
    values = {"about": about, "reason": _without_addresses(reason), "tries": tries, "retry_at": retry_at}
    if row is None:
        db.execute(sa.insert(_outage), {"since": now, "ended_at": None, **values})
    else:
        db.execute(sa.update(_outage).where(_outage.c.id == row.id).values(**values))
    ring(db, MESSAGES, after=retry_at - now)
    return retry_at


def _without_addresses(reason: str) -> str:
    """A server may name the recipient it was asked about; this table is about nobody."""
    return _ADDRESS.sub("<…>", reason)[:2000]


def end(db: Session) -> None:
    """Messages leave again."""
    db.execute(sa.update(_outage).where(_outage.c.ended_at.is_(None)).values(ended_at=clock.now()))


def try_now(db: Session) -> None:
    """End the pause, because somebody wants to see whether messages leave again."""
    db.execute(sa.update(_outage).where(_outage.c.ended_at.is_(None)).values(retry_at=clock.now()))
    ring(db, MESSAGES)


def left_since(db: Session, moment: dt.datetime) -> bool:
    """Whether any message has left at or after this moment."""
    chosen = sa.select(_message.c.id).where(_message.c.sent_at >= moment).limit(1)
    return db.execute(chosen).first() is not None
