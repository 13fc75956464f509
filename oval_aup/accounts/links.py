"""Private links: minted when a message leaves, known here only by their hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.accounts.models import AccessSession, Account, PrivateLink
from oval_aup.core import clock
from oval_aup.core.db import fetch
from oval_aup.core.errors import NotFound

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Letters and digits alone, so that no mail program cuts an address short, and none that look like one another."""
LENGTH = 22
"""57 to the power of 22 is more than 128 bits: nobody finds a link by trying."""
OLDER_LENGTH = 32
"""Links sent before this alphabet was chosen are this long."""
STUCK_ON = ".,;:!?()[]{}<>\"'“”‘’*"
"""What mail programs and writers leave at the ends of an address; no secret contains any of it."""

LIFETIMES = {"family": dt.timedelta(days=60), "set-password": dt.timedelta(days=3)}


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link somebody presented."""

    id: int
    purpose: str
    person_id: int
    sent_to: str
    expired: bool
    """True past its last day or once revoked: it opens nothing but may be replaced."""


FIRST_PASSWORD = dt.timedelta(days=14)
"""How long the link to choose a first password lives: it comes with the first letter, which may lie for a while."""


def fingerprint(token: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def mint_link(db: Session, *, purpose: str, person_id: int, sent_to: str) -> str:
    """Make a new secret for a person; this return value is the only place it ever exists in full."""
    token = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
    moment = clock.now()
    db.add(
        PrivateLink(
            token_sha256=fingerprint(token),
            purpose=purpose,
            person_id=person_id,
            sent_to=sent_to,
            created_at=moment,
            expires_at=moment + _lifetime(db, purpose, person_id),
        )
    )
    return token


def _lifetime(db: Session, purpose: str, person_id: int) -> dt.timedelta:
    if purpose == "set-password":
        password = db.scalar(sa.select(Account.password_hash).where(Account.person_id == person_id))
        return FIRST_PASSWORD if password == "" else LIFETIMES[purpose]
    return LIFETIMES[purpose]


_ANY_LINK = sa.select(
    PrivateLink.id,
    PrivateLink.purpose,
    PrivateLink.person_id,
    PrivateLink.sent_to,
    PrivateLink.revoked_at,
    PrivateLink.expires_at,
)
_LINK = _ANY_LINK.where(
    PrivateLink.token_sha256 == sa.bindparam("token_sha256"), PrivateLink.purpose == sa.bindparam("purpose")
)
_LINK_BY_ID = _ANY_LINK.where(PrivateLink.id == sa.bindparam("link_id"))


def link(db: Session, token: str, *, purpose: str) -> LinkRow:
    """The link behind a secret, expired ones included; raises NotFound for one we never made."""
    row = fetch(db, _LINK, token_sha256=fingerprint(token.strip(STUCK_ON)), purpose=purpose).one_or_none()
    if row is None:
        raise NotFound
    return _read(row)


def looks_cut(token: str) -> bool:
    """Whether a secret that we do not know is shorter than one of ours: its end was probably lost on the way."""
    found = len(token.strip(STUCK_ON))
    return 0 < found < LENGTH or LENGTH < found < OLDER_LENGTH


def link_by_id(db: Session, link_id: int) -> LinkRow:
    """A link of ours, expired ones included, for whoever came by it before."""
    return _read(fetch(db, _LINK_BY_ID, link_id=link_id).one())


def _read(row: Any) -> LinkRow:
    expired = row.revoked_at is not None or row.expires_at <= clock.now()
    return LinkRow(row.id, row.purpose, row.person_id, row.sent_to, expired)


def revoke_links(db: Session, person_id: int, *, purpose: str) -> None:
    """Make every link of a person and purpose useless from now, and end the sessions it has opened."""
    held = sa.select(PrivateLink.id).where(PrivateLink.person_id == person_id, PrivateLink.purpose == purpose)
    db.execute(
        sa.update(AccessSession)
        .where(AccessSession.link_id.in_(held), AccessSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
    db.execute(
        sa.update(PrivateLink)
        .where(PrivateLink.person_id == person_id, PrivateLink.purpose == purpose, PrivateLink.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def hand_links_on(db: Session, person_id: int, to_person_id: int | None) -> None:
    """Let the family links of one record open another from now; without one they open nothing. Visits end."""
    if to_person_id is None:
        revoke_links(db, person_id, purpose="family")
        return
    db.execute(
        sa.update(AccessSession)
        .where(AccessSession.person_id == person_id, AccessSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
    theirs = sa.and_(PrivateLink.person_id == person_id, PrivateLink.purpose == "family")
    db.execute(sa.update(PrivateLink).where(theirs).values(person_id=to_person_id))
