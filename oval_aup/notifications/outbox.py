"""Decides what waits to be sent and to whom; one key means one message for ever, and no private link is kept here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import columns_of, insert_once, new_public_id, rows_as, rows_changed, table_of
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _
from oval_aup.jobs import MESSAGES, ring
from oval_aup.notifications import bounced_addresses
from oval_aup.notifications.models import Message

LINK_MARK = "PRIVATE-LINK-GOES-HERE"
"""Stands in a letter's text and HTML where the private link belongs; replaced only in the moment of sending."""

message_table = table_of(Message)
_message = message_table
_ADD = insert_once(_message, "dedupe_key")


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says: a subject without names, a plain text, and the same as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as it stands; ``status`` is explained in ``Message.status``."""

    public_id: str
    kind: str
    recipient: str
    to_address: str
    subject: str
    text: str
    html: str
    link_purpose: str
    attachment: str
    status: str
    attempts: int
    lease_no: int
    error: str
    queued_at: dt.datetime
    next_attempt_at: dt.datetime
    sent_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that could not be sent, though mail reaches its address as far as we know."""

    public_id: str
    kind: str
    recipient: str
    to_address: str


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How the outbox stands; ``oldest_at`` is when the longest-waiting unsent message was queued."""

    waiting: int
    queued: int
    sending: int
    sent: int
    failed: int
    bounced: int
    uncertain: int
    cancelled: int
    oldest_at: dt.datetime | None


def enqueue(
    db: Session,
    *,
    kind: str,
    recipient: str,
    to_address: str,
    letter: Letter,
    link_purpose: str = "",
    attachment: str = "",
    waits: bool = False,
    dedupe_key: str,
    not_before: dt.datetime | None = None,
    asked_for: bool = False,
) -> MessageRow:
    """Put one message in the outbox; a known ``dedupe_key`` returns the message queued first.

    ``recipient`` is a pseudonym, ``attachment`` a document's public id; with ``waits`` the message stays back until
    ``release`` is called for that document; ``asked_for`` says that somebody asked for it just now, so that it goes
    first, and also to an address that mail did not reach. A letter that carries LINK_MARK needs a ``link_purpose`` and
    the reverse.
    """
    has_mark = LINK_MARK in letter.text and LINK_MARK in letter.html
    if has_mark != bool(link_purpose) or (waits and not attachment):
        raise ValueError(
            "a letter needs its link mark exactly when it has a link purpose, and waits only for a document"
        )
    now = clock.now()
    row = {
        "public_id": new_public_id(),
        "kind": kind,
        "recipient": recipient,
        "to_address": to_address.strip(),
        "subject": " ".join(letter.subject.split()),
        "text": letter.text,
        "html": letter.html,
        "link_purpose": link_purpose,
        "attachment": attachment,
        "asked_for": asked_for,
        "dedupe_key": dedupe_key,
        "status": "waiting" if waits else "queued",
        "attempts": 0,
        "lease_no": 0,
        "next_attempt_at": max(now, not_before or now),
        "error": "",
        "queued_at": now,
        "claimed_at": None,
        "sent_at": None,
    }
    if not waits:
        ring(db, MESSAGES, after=max(now, not_before or now) - now)
    if rows_changed(db.execute(_ADD, row)) == 1:
        return message_row(SimpleNamespace(**row))
    known = _by_key(db, dedupe_key)
    if known is None or known.recipient != recipient or known.kind != kind:
        raise Conflict(_("Another message was already queued under this name."))
    return known


def send_at_once(db: Session, public_id: str) -> None:
    """Have a message that waits after a failure, or has failed for good, tried at once as if for the first time."""
    unsent = sa.and_(_message.c.public_id == public_id, _message.c.status.in_(("queued", "failed", "uncertain")))
    afresh = {"status": "queued", "error": "", "attempts": 0, "next_attempt_at": clock.now(), "claimed_at": None}
    db.execute(sa.update(_message).where(unsent).values(**afresh))
    ring(db, MESSAGES)


def release(db: Session, document_public_id: str) -> int:
    """Let go of the messages that waited for this document; returns how many."""
    waited = sa.and_(_message.c.attachment == document_public_id, _message.c.status == "waiting")
    later = sa.case((_message.c.next_attempt_at > clock.now(), _message.c.next_attempt_at), else_=clock.now())
    ring(db, MESSAGES)
    return rows_changed(db.execute(sa.update(_message).where(waited).values(status="queued", next_attempt_at=later)))


def awaited_documents(db: Session, limit: int = 100) -> tuple[str, ...]:
    """The documents that messages are waiting for, so that one that became ready unnoticed can be released."""
    chosen = sa.select(_message.c.attachment).where(_message.c.status == "waiting").distinct().limit(limit)
    return tuple(db.scalars(chosen))


_CANCEL = (
    sa.update(_message)
    .where(
        _message.c.recipient == sa.bindparam("whose"),
        _message.c.kind.in_(sa.bindparam("kinds", expanding=True)),
        sa.or_(_message.c.status == "waiting", _message.c.status == "queued"),
    )
    .values(status="cancelled")
)


def cancel(db: Session, recipient: str, kinds: Iterable[str]) -> int:
    """Take back what has not been sent to a person; returns how many messages."""
    return rows_changed(db.execute(_CANCEL, {"whose": recipient, "kinds": list(kinds)}))


def rewrite(db: Session, public_id: str, letter: Letter, *, link_purpose: str) -> bool:
    """Put other words into a letter that has not been sent; False where it has left, or is about to."""
    unsent = sa.and_(_message.c.public_id == public_id, _message.c.status.in_(("queued", "waiting")))
    words = {"subject": letter.subject, "text": letter.text, "html": letter.html, "link_purpose": link_purpose}
    return rows_changed(db.execute(sa.update(_message).where(unsent).values(**words))) == 1


def retry(db: Session, public_id: str) -> MessageRow:
    """Queue a failed, bounced or uncertain message again, as someone in the office decided.

    Raises Conflict for a message in any other state, or one whose address is still in trouble.
    """
    row = message(db, public_id)
    if row.status not in {"failed", "bounced", "uncertain"}:
        raise Conflict(_("This message is not one that can be sent again."))
    if bounced_addresses.troubled_addresses(db, [row.to_address]):
        raise Conflict(_("Emails to this address are bouncing. Ask the person about it first."))
    again = {"status": "queued", "attempts": 0, "next_attempt_at": clock.now(), "claimed_at": None}
    db.execute(sa.update(_message).where(_message.c.public_id == public_id).values(**again))
    ring(db, MESSAGES)
    return message(db, public_id)


def given_up(db: Session) -> tuple[GivenUp, ...]:
    """Every failed message that ``retry`` would queue again, oldest first; what bounced or may have arrived is not."""
    failed = sa.select(*columns_of(GivenUp, _message)).where(_message.c.status == "failed").order_by(_message.c.id)
    rows = rows_as(GivenUp, db.execute(failed))
    troubled = bounced_addresses.troubled_addresses(db, {row.to_address for row in rows})
    return tuple(row for row in rows if row.to_address not in troubled)


def assume_sent(db: Session) -> None:
    """Mark everything that waits as delivered without sending it: only for a demonstration's made-up past."""
    waiting = _message.c.status.in_(("waiting", "queued"))
    sent = {"status": "sent", "sent_at": clock.now(), "attempts": 1}
    db.execute(sa.update(_message).where(waiting).values(**sent))


def bounce(db: Session, public_id: str, reason: str) -> MessageRow:
    """Record that a message that had been sent came back; nothing automatic goes to that address any more."""
    row = message(db, public_id)
    came_back = {"status": "bounced", "error": reason[:2000]}
    db.execute(sa.update(_message).where(_message.c.public_id == public_id).values(**came_back))
    bounced_addresses.notice(db, row.to_address, reason)
    return message(db, public_id)


def message(db: Session, public_id: str) -> MessageRow:
    """One message by its public id."""
    row = db.execute(sa.select(_message).where(_message.c.public_id == public_id)).first()
    if row is None:
        raise NotFound(_("There is no such message."))
    return message_row(row)


def latest(db: Session, kind: str) -> MessageRow | None:
    """The newest message of one kind, or None."""
    row = db.execute(sa.select(_message).where(_message.c.kind == kind).order_by(_message.c.id.desc()).limit(1)).first()
    return None if row is None else message_row(row)


def messages_to(db: Session, pseudonym: str) -> tuple[MessageRow, ...]:
    """Every message to one person, oldest first."""
    chosen = sa.select(_message).where(_message.c.recipient == pseudonym).order_by(_message.c.id)
    return tuple(message_row(row) for row in db.execute(chosen))


def messages_in(db: Session, statuses: Iterable[str], limit: int = 100) -> tuple[MessageRow, ...]:
    """The newest messages in any of these states."""
    chosen = sa.select(_message).where(_message.c.status.in_(list(statuses)))
    return tuple(message_row(row) for row in db.execute(chosen.order_by(_message.c.id.desc()).limit(limit)))


def outbox_counts(db: Session) -> OutboxCounts:
    """How many messages stand where."""
    grouped = sa.select(_message.c.status, sa.func.count().label("number")).group_by(_message.c.status)
    counts: dict[str, int] = {row.status: row.number for row in db.execute(grouped)}
    unsent = _message.c.status.in_(("waiting", "queued", "sending", "delivering"))
    return OutboxCounts(
        waiting=counts.get("waiting", 0),
        queued=counts.get("queued", 0),
        sending=counts.get("sending", 0) + counts.get("delivering", 0),
        sent=counts.get("sent", 0),
        failed=counts.get("failed", 0),
        bounced=counts.get("bounced", 0),
        uncertain=counts.get("uncertain", 0),
        cancelled=counts.get("cancelled", 0),
        oldest_at=db.scalar(sa.select(sa.func.min(_message.c.queued_at)).where(unsent)),
    )


def message_row(row: Any) -> MessageRow:
    """The frozen form of a fetched row."""
    return MessageRow(
        public_id=row.public_id,
        kind=row.kind,
        recipient=row.recipient,
        to_address=row.to_address,
        subject=row.subject,
        text=row.text,
        html=row.html,
        link_purpose=row.link_purpose,
        attachment=row.attachment,
        status=row.status,
        attempts=row.attempts,
        lease_no=row.lease_no,
        error=row.error,
        queued_at=row.queued_at,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
    )


_BY_KEY = sa.select(_message).where(_message.c.dedupe_key == sa.bindparam("dedupe_key"))


def _by_key(db: Session, dedupe_key: str) -> MessageRow | None:
    row = db.execute(_BY_KEY, {"dedupe_key": dedupe_key}).first()
    return None if row is None else message_row(row)
