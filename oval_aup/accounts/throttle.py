"""How often a door may be tried; counted in the database, so that every worker process counts alike."""

from __future__ import annotations

import datetime as dt
import hashlib

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.accounts.models import FailedAttempt
from oval_aup.core import clock
from oval_aup.core.db import fetch
from oval_aup.core.errors import DomainError
from oval_aup.core.i18n import _

WINDOW = dt.timedelta(minutes=15)
LIMITS = {"link": 5, "account": 8, "address": 30, "code": 100, "proof": 60, "probe": 3, "all": 200}
"""Wrong answers allowed per kind of bucket within the window; ``all`` is for guessing spread over many addresses.

``code`` is for class codes: a whole school mistypes them from one address, and must not lock its teachers out.
``proof`` counts files and heads brought to be checked, right or wrong, since each costs a process."""


class TooMany(DomainError):
    """Too many wrong answers; ``retry_after`` is in seconds."""

    def __init__(self) -> None:
        self.retry_after = int(WINDOW.total_seconds())
        super().__init__(_("Too many attempts. Please wait 15 minutes, then try again."))


def bucket(kind: str, value: str | int = "") -> str:
    """The name under which tries are counted; addresses and emails are kept only as a hash."""
    if kind in {"address", "account", "code", "proof", "probe"}:
        value = hashlib.sha256(str(value).encode()).hexdigest()[:32]
    return f"{kind}:{value}"


_FAILURES = (
    sa.select(FailedAttempt.bucket, sa.func.count())
    .where(
        FailedAttempt.bucket.in_(sa.bindparam("buckets", expanding=True)),
        FailedAttempt.failed_at > sa.bindparam("since"),
    )
    .group_by(FailedAttempt.bucket)
)


def failures(db: Session, name: str) -> int:
    """Wrong answers in the window so far."""
    return _failures(db, name).get(name, 0)


def check(db: Session, *names: str) -> None:
    """Raise TooMany when any of the buckets is full."""
    if any(count >= LIMITS[name.split(":")[0]] for name, count in _failures(db, *names).items()):
        raise TooMany


def _failures(db: Session, *names: str) -> dict[str, int]:
    found = fetch(db, _FAILURES, buckets=names, since=clock.now() - WINDOW)
    return {row[0]: row[1] for row in found}


def note_failure(db: Session, *names: str) -> None:
    """Count one wrong answer in each bucket and forget the old ones."""
    moment = clock.now()
    db.add_all(FailedAttempt(bucket=name, failed_at=moment) for name in names)
    db.execute(sa.delete(FailedAttempt).where(FailedAttempt.failed_at < moment - 4 * WINDOW))
