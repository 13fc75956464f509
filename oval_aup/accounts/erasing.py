"""Takes every trace of how somebody was logged in out of the database: log-in, private links, sessions, wrong tries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.accounts import throttle
from oval_aup.accounts.models import AccessSession, Account, FailedAttempt, PrivateLink
from oval_aup.core.db import rows_changed, table_of

_session = table_of(AccessSession)
_link = table_of(PrivateLink)
_account = table_of(Account)


@dataclass(frozen=True, slots=True)
class Access:
    """How many traces there are, or were."""

    log_ins: int
    links: int
    sessions: int


def access_of(db: Session, person_id: int) -> Access:
    """How many traces one person has left."""
    return Access(
        _count(db, _account, _account.c.person_id == person_id),
        _count(db, _link, _link.c.person_id == person_id),
        _count(db, _session, _theirs(person_id)),
    )


def erase_access(db: Session, person_id: int) -> Access:
    """Delete them all, and the wrong tries counted against them."""
    gone = access_of(db, person_id)
    emails = db.scalars(sa.select(_account.c.email).where(_account.c.person_id == person_id)).all()
    links = db.scalars(sa.select(_link.c.id).where(_link.c.person_id == person_id)).all()
    buckets = [throttle.bucket("account", email) for email in emails]
    buckets += [throttle.bucket("link", link_id) for link_id in links]
    db.execute(sa.delete(FailedAttempt).where(FailedAttempt.bucket.in_(buckets)))
    db.execute(sa.delete(_session).where(_theirs(person_id)))
    db.execute(sa.delete(_link).where(_link.c.person_id == person_id))
    db.execute(sa.delete(_account).where(_account.c.person_id == person_id))
    return gone


def old_access(db: Session, *, ended_before: dt.datetime) -> Access:
    """How many sessions and links were over before this moment."""
    return Access(0, _count(db, _link, _unused(ended_before)), _count(db, _session, _over(ended_before)))


def erase_old_access(db: Session, *, ended_before: dt.datetime) -> Access:
    """Delete sessions and private links that were over before this moment; what they let anybody do stays recorded."""
    sessions = rows_changed(db.execute(sa.delete(_session).where(_over(ended_before))))
    links = rows_changed(db.execute(sa.delete(_link).where(_unused(ended_before))))
    return Access(0, links, sessions)


def _theirs(person_id: int) -> sa.ColumnElement[bool]:
    links = sa.select(_link.c.id).where(_link.c.person_id == person_id)
    own = sa.select(_account.c.id).where(_account.c.person_id == person_id)
    return sa.or_(_session.c.person_id == person_id, _session.c.link_id.in_(links), _session.c.account_id.in_(own))


def _over(before: dt.datetime) -> sa.ColumnElement[bool]:
    return _session.c.expires_at < before


def _unused(before: dt.datetime) -> sa.ColumnElement[bool]:
    opened = sa.exists().where(_session.c.link_id == _link.c.id, _session.c.expires_at >= before)
    return sa.and_(_link.c.expires_at < before, ~opened)


def _count(db: Session, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return int(db.scalar(sa.select(sa.func.count()).select_from(table).where(which)) or 0)
