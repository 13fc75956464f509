"""Who is logged in at this moment: server-side sessions that end when their row ends, whatever a cookie says."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import people
from oval_aup.accounts import policy
from oval_aup.accounts.links import LinkRow, fingerprint, link_by_id
from oval_aup.accounts.models import AccessSession, Account, PrivateLink
from oval_aup.core import clock
from oval_aup.core.db import fetch, table_of

LASTS = {
    "login": dt.timedelta(hours=10),
    "family": dt.timedelta(hours=2),
    "kiosk": dt.timedelta(hours=2),
    "handover": dt.timedelta(hours=10),
}
IDLE = {"login": dt.timedelta(minutes=90), "family": dt.timedelta(minutes=45), "kiosk": dt.timedelta(hours=1)}
COMES_BACK = dt.timedelta(hours=24)
"""How long a family visit that fell silent goes on after the one question, without its link being opened again."""
TOUCH_EVERY = dt.timedelta(minutes=2)
IN_PERSON = "in-person"
"""The assurance of a guardian who answers on the school's own device, before a named witness."""
IN_PERSON_IDLE = dt.timedelta(minutes=10)
"""What holds where no script of the page can end such a visit sooner."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody logged in, as the web sees them."""

    kind: str
    """``login``, ``family`` or ``kiosk``."""
    role: str
    session_id: int
    person_id: int | None
    pseudonym: str
    """How the ledger names the person; empty for a class device, which is nobody."""
    account_public_id: str
    class_session_key: str
    assurance: str
    sent_to: str
    stale: bool
    """True when the last sign of life is old enough to be written down again."""

    @property
    def on_school_device(self) -> bool:
        """Whether the next person will hold the same device: nothing of this visit may stay behind."""
        return self.assurance == IN_PERSON

    def may(self, permission: str) -> bool:
        """Whether the visitor's role carries a permission."""
        return policy.allows(self.role, permission)


_BEGIN = sa.insert(table_of(AccessSession))


def start(
    db: Session,
    kind: str,
    *,
    person_id: int | None = None,
    account_id: int | None = None,
    link_id: int | None = None,
    class_session_key: str = "",
    assurance: str,
) -> str:
    """Let somebody in and return the secret for their cookie; kept here only as a hash."""
    token = secrets.token_urlsafe(24)
    moment = clock.now()
    begun = {
        "token_sha256": fingerprint(token),
        "kind": kind,
        "person_id": person_id,
        "account_id": account_id,
        "link_id": link_id,
        "class_session_key": class_session_key,
        "assurance": assurance,
        "created_at": moment,
        "last_seen_at": moment,
        "expires_at": moment + LASTS[kind],
    }
    db.execute(_BEGIN, begun)
    return token


# Built once: every request asks this, and putting the statement together costs more than its answer.
_VISITOR = (
    sa.select(
        AccessSession.id,
        AccessSession.person_id,
        AccessSession.class_session_key,
        AccessSession.assurance,
        AccessSession.last_seen_at,
        AccessSession.expires_at,
        AccessSession.ended_at,
        Account.role,
        Account.disabled_at,
        Account.public_id.label("account_public_id"),
        PrivateLink.sent_to,
        people.views.person.c.pseudonym,
    )
    .outerjoin(people.views.person, people.views.person.c.id == AccessSession.person_id)
    .outerjoin(Account, Account.id == AccessSession.account_id)
    .outerjoin(PrivateLink, PrivateLink.id == AccessSession.link_id)
    .where(AccessSession.token_sha256 == sa.bindparam("token_sha256"), AccessSession.kind == sa.bindparam("kind"))
)


def visitor(db: Session, token: str, kind: str) -> Visitor | None:
    """Who holds this secret, or None when it is unknown, ended, idle too long or its account is disabled."""
    row = fetch(db, _VISITOR, token_sha256=fingerprint(token), kind=kind).one_or_none()
    if row is None:
        return None
    moment = clock.now()
    idle = IN_PERSON_IDLE if row.assurance == IN_PERSON else IDLE[kind]
    over = row.ended_at is not None or row.expires_at <= moment or row.last_seen_at + idle <= moment
    if over or row.disabled_at is not None:
        return None
    return Visitor(
        kind=kind,
        role=row.role if kind == "login" else kind,
        session_id=row.id,
        person_id=row.person_id,
        pseudonym=row.pseudonym or "",
        account_public_id=row.account_public_id or "",
        class_session_key=row.class_session_key,
        assurance=row.assurance,
        sent_to=row.sent_to or "",
        stale=row.last_seen_at + TOUCH_EVERY <= moment,
    )


_QUIET_VISIT = sa.select(AccessSession.link_id).where(
    AccessSession.token_sha256 == sa.bindparam("token_sha256"),
    AccessSession.kind == "family",
    AccessSession.ended_at.is_(None),
    AccessSession.last_seen_at > sa.bindparam("since"),
)


def link_of_quiet_visit(db: Session, token: str) -> LinkRow | None:
    """The link by which a family visit came that only fell silent, less than ``COMES_BACK`` ago; None where it is over.

    It lets nobody in by itself: ``pass_family_check`` asks the question of the link again.
    """
    since = clock.now() - COMES_BACK
    link_id = fetch(db, _QUIET_VISIT, token_sha256=fingerprint(token), since=since).scalar_one_or_none()
    held = None if link_id is None else link_by_id(db, link_id)
    return None if held is None or held.expired else held


def same_person(db: Session, token: str, other: str) -> bool:
    """Whether two secrets were handed out to one person, however long ago and whether or not they are over."""
    theirs = sa.select(AccessSession.person_id).where(
        AccessSession.token_sha256.in_({fingerprint(token), fingerprint(other)})
    )
    found = db.scalars(theirs).all()
    return len(found) == 2 and found[0] is not None and found[0] == found[1]


def touch(db: Session, session_id: int) -> None:
    """Write down that the visitor is still there."""
    db.execute(sa.update(AccessSession).where(AccessSession.id == session_id).values(last_seen_at=clock.now()))


def anybody_active(db: Session, *, since: dt.datetime) -> bool:
    """Whether anybody who is let in has shown a sign of life since then; one is written down every ``TOUCH_EVERY``."""
    seen = sa.select(AccessSession.id).where(AccessSession.last_seen_at > since, AccessSession.ended_at.is_(None))
    return db.execute(seen.limit(1)).first() is not None


def end(db: Session, token: str) -> None:
    """End the session behind a secret; unknown ones are ended already."""
    _end_where(db, AccessSession.token_sha256 == fingerprint(token))


def end_all(db: Session, *, person_id: int | None = None, class_session_key: str = "", everybody: bool = False) -> None:
    """End every session of a person, of a class session's devices, or of everybody."""
    if everybody:
        _end_where(db, sa.true())
    if person_id is not None:
        _end_where(db, AccessSession.person_id == person_id)
    if class_session_key:
        _end_where(db, AccessSession.class_session_key == class_session_key)


def _end_where(db: Session, condition: sa.ColumnElement[bool]) -> None:
    db.execute(sa.update(AccessSession).where(condition, AccessSession.ended_at.is_(None)).values(ended_at=clock.now()))
