"""A device that a member of staff hands to a class or a family, and gets back with a PIN instead of the password."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.accounts import passwords, sessions
from oval_aup.accounts.links import fingerprint
from oval_aup.accounts.models import AccessSession, Account
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _

KIND = "handover"
TRIES = 5
"""Wrong PINs after which only the password gives the device back."""
SHORTEST, LONGEST = 4, 8


@dataclass(frozen=True, slots=True)
class HandOver:
    """Who handed a device over, and how often the PIN may still be tried; a PIN that was never chosen opens nothing."""

    person_id: int
    has_pin: bool
    tries_left: int


def set_pin(db: Session, person_id: int, pin: str, *, actor: Actor) -> None:
    """Choose the PIN that gives devices back, or with an empty one remove it; raises Invalid for the field ``pin``.

    Only for oneself: the actor is the person. Raises NotFound for somebody without a log-in.
    """
    row = db.scalar(sa.select(Account).where(Account.person_id == person_id, Account.disabled_at.is_(None)))
    if row is None or actor.person_id != person_id:
        raise NotFound
    if pin:
        _judge(pin)
    row.pin_hash = passwords.hash_password(pin) if pin else ""
    db.flush()


def _judge(pin: str) -> None:
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise Invalid(fields={"pin": _("Use 4 to 8 digits.")})
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        raise Invalid(fields={"pin": _("This PIN is easy to guess. Choose digits that are not in a row.")})


def has_pin(db: Session, person_id: int) -> bool:
    """Whether this person has chosen a PIN."""
    return bool(db.scalar(sa.select(Account.pin_hash).where(Account.person_id == person_id)))


def hand_over(db: Session, account_public_id: str) -> str:
    """Remember who hands this device over; returns the secret for its cookie, which opens nothing without the PIN.

    It ends when the log-in would have ended anyway. Raises NotFound for an unknown or closed log-in.
    """
    row = db.scalar(sa.select(Account).where(Account.public_id == account_public_id, Account.disabled_at.is_(None)))
    if row is None:
        raise NotFound
    return sessions.start(db, KIND, person_id=row.person_id, account_id=row.id, assurance="staff-login")


_HELD = (
    sa.select(
        AccessSession.id,
        AccessSession.person_id,
        AccessSession.account_id,
        AccessSession.expires_at,
        AccessSession.ended_at,
        AccessSession.pin_tries,
        Account.pin_hash,
        Account.disabled_at,
    )
    .join(Account, Account.id == AccessSession.account_id)
    .where(AccessSession.kind == KIND)
)


def _held(db: Session, token: str) -> Any:
    """The row behind a device's secret while its log-in would have lasted; None once it is over."""
    row: Any = db.execute(_HELD.where(AccessSession.token_sha256 == fingerprint(token))).one_or_none()
    if row is None or row.ended_at is not None or row.disabled_at is not None or row.expires_at <= clock.now():
        return None
    return row


def handed_over(db: Session, token: str) -> HandOver | None:
    """Who handed this device over, or None where nobody did, it was too long ago or the PIN was wrong too often."""
    row = _held(db, token)
    if row is None or row.pin_tries >= TRIES:
        return None
    return HandOver(row.person_id, bool(row.pin_hash), TRIES - row.pin_tries)


def claim_try(db: Session, token: str) -> HandOver | None:
    """Use up one try before it is looked at, so that many at once are no more than ``TRIES``; None where none is left.

    To be committed before ``pin_holds`` is asked.
    """
    held = handed_over(db, token)
    if held is None:
        return None
    which = sa.and_(AccessSession.token_sha256 == fingerprint(token), AccessSession.kind == KIND)
    counted = AccessSession.pin_tries + 1
    db.execute(sa.update(AccessSession).where(which, AccessSession.pin_tries < TRIES).values(pin_tries=counted))
    return HandOver(held.person_id, held.has_pin, held.tries_left - 1)


def pin_holds(db: Session, token: str, pin: str) -> bool:
    """Compare a typed PIN; slow by design, so call it outside a write transaction."""
    row = _held(db, token)
    return len(pin) <= LONGEST and passwords.matches(row.pin_hash if row is not None else "", pin)


def take_back(db: Session, token: str) -> str:
    """Give the device back once the PIN has held: a log-in that ends when the one before would have; its secret.

    Raises NotFound where the device can no longer be given back this way.
    """
    row = _held(db, token)
    if row is None:
        raise NotFound
    secret = sessions.start(db, "login", person_id=row.person_id, account_id=row.account_id, assurance="staff-login")
    db.flush()
    db.execute(
        sa.update(AccessSession)
        .where(AccessSession.token_sha256 == fingerprint(secret))
        .values(expires_at=row.expires_at)
    )
    sessions.end(db, token)
    return secret
