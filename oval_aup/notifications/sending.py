"""Sends what is due, so that no crash, time-out or second worker makes a person get the same letter twice.

A message moves queued → sending → delivering → sent. ``sending`` is a lease: nothing has left the school, so another
worker simply takes over from one that died. ``delivering`` is committed in the last moment before the text goes out;
only a worker that dies after that, or a server that falls silent after the final dot, leaves a message ``uncertain``.
Uncertain messages are never sent again by themselves: somebody in the office decides, and the Message-ID stays the
same.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.db import Database
from oval_aup.core.errors import DomainError
from oval_aup.core.i18n import _
from oval_aup.jobs import MESSAGES, LeasedQueue
from oval_aup.notifications import bounced_addresses, outages, smtp_replies
from oval_aup.notifications.channels import (
    Carrier,
    Channel,
    ChannelDown,
    PermanentRefusal,
    TemporaryRefusal,
    UncertainDelivery,
)
from oval_aup.notifications.mime_message import Sender, compose
from oval_aup.notifications.outbox import MessageRow, message, message_table

BACK_OFF = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 720, 1440))
"""How long to wait after the first, second … temporary refusal; after one more, two days on, the message has failed."""

MESSAGE_BACK_OFF = (dt.timedelta(minutes=15), dt.timedelta(hours=4))
"""How long to wait after the first and second time that what a letter says was refused; then it has failed."""

DELIVERY_STALE_AFTER = dt.timedelta(minutes=5)
"""Longer than a server may take to answer after the final dot, so a live worker is not declared dead."""

log = logging.getLogger(__name__)
_message = message_table
_queue = LeasedQueue(
    _message,
    held={"queued": "sending", "sending": "sending"},
    resting={"sending": "queued", "delivering": "queued", "uncertain": "queued"},
    stale_after=dt.timedelta(minutes=2),
    max_attempts=len(BACK_OFF) + 1,
    # what somebody asked for and waits for goes first
    passes=((_message.c.asked_for.is_(True), _message.c.next_attempt_at), (sa.true(), _message.c.next_attempt_at)),
    crashed=lambda: _("The worker stopped each time before this could be sent."),
    back_off=BACK_OFF,
    bell=MESSAGES,
    refusal_needs=("to_address", "asked_for"),
)

Mint = Callable[[Session, MessageRow], str]
Attach = Callable[[Session, str], tuple[str, bytes]]
Refused = Callable[[Session, MessageRow, str, str], None]
Reached = Callable[[Session, MessageRow], None]
Delivered = Callable[[Session, MessageRow], None]


@dataclass(slots=True)
class SendCounts:
    """What one run of sending did; ``trouble`` says why it had to stop or is waiting, if it had to or is."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    uncertain: int = 0
    trouble: str = ""
    paused: bool = False
    """True where nothing was tried, because it is not time yet after the last failure."""

    @property
    def handled(self) -> int:
        """How many messages were taken up."""
        return self.sent + self.retried + self.failed + self.uncertain


class _ClaimLost(Exception):
    """Another worker took the message over; nothing was handed over here."""


def send_due(
    database: Database,
    channel: Channel,
    *,
    sender: Sender,
    mint: Mint,
    attachment: Attach,
    limit: int = 50,
    refused: Refused | None = None,
    reached: Reached | None = None,
    delivered: Delivered | None = None,
    at_once: bool = False,
) -> SendCounts:
    """Send up to ``limit`` messages whose time has come.

    After a failure of the server, or a limit of the school's, nothing is tried for a while, unless ``at_once``.

    ``mint(db, message)`` makes the private link and runs in a write transaction of its own;
    ``attachment(db, public_id)`` gives a file name and the bytes; ``refused(db, message, code, reply)`` runs in the
    transaction that records an address as unreachable, ``reached(db, message)`` in the one that records that mail
    reaches it again, and ``delivered(db, message)`` in the one that records that the message has left. No network is
    touched while a transaction is open.
    """
    note_uncertain(database)
    counts = SendCounts()
    with database.reading() as db:
        known = outages.recorded(db)
    if known is not None and known.retry_at > clock.now() and not at_once:
        counts.trouble, counts.paused = known.reason, True
        return counts
    if known is None and not _queue.anything_due(database):
        return counts
    try:
        with channel.opened() as carrier:  # after an outage also with nothing to send, to see whether it is over
            while counts.handled < limit and (claim := _claim(database)) is not None:
                outcome = _final(claim, _send_one(database, carrier, claim, sender, mint, attachment))
                _settle(database, claim, outcome, refused, reached, delivered)
                _count(counts, outcome)
                if outcome.stops:
                    break
    except ChannelDown as down:
        counts.trouble = str(down)
        with database.writing() as db:
            outages.note(db, down.about, str(down))
    else:
        if known is not None and not counts.trouble and (known.about == smtp_replies.SERVER or not counts.handled):
            with database.writing() as db:
                outages.end(db)
    return counts


def note_uncertain(database: Database) -> None:
    """Mark what was being handed over when its worker died: it may have arrived, and is not sent again by itself."""
    stale = clock.now() - DELIVERY_STALE_AFTER
    begun = sa.and_(_message.c.status == "delivering", _message.c.claimed_at < stale)
    with database.reading() as db:
        if db.execute(sa.select(_message.c.id).where(begun).limit(1)).first() is None:
            return
    why = _("The worker stopped while this was being sent; it may have arrived.")
    with database.writing() as db:  # the lease stays, so that a late answer of its holder still says what became of it
        db.execute(sa.update(_message).where(begun).values(status="uncertain", error=why))


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: str
    error: str = ""
    code: str = ""
    about_address: bool = False
    stops: bool = False
    """True when nothing else can be sent either; then the attempt was not the letter's fault and is not counted."""
    about: str = ""
    """With ``stops``, what the server's refusal was about."""
    waits: tuple[dt.timedelta, ...] = BACK_OFF
    """How long to wait after the first, second … time; after one more the message has failed."""


def _send_one(
    database: Database, carrier: Carrier, claim: MessageRow, sender: Sender, mint: Mint, attach: Attach
) -> _Outcome:
    handed_over = False

    def hand_over() -> None:
        nonlocal handed_over
        _hand_over(database, claim)
        handed_over = True

    try:
        link, file = _prepare(database, claim, mint, attach)
        _check_address(claim.to_address)
        letter = compose(claim, sender=sender, link=link, attachment=file)
        carrier.carry(letter, claim.to_address, hand_over)
    except _ClaimLost:
        return _Outcome("lost")
    except ChannelDown as down:
        if claim.error and _others_left(database, claim):
            return _Outcome("queued", str(down))  # refused before, while others were taken: it is about this letter
        return _Outcome("queued", str(down), stops=True, about=down.about)
    except TemporaryRefusal as refusal:
        return _Outcome("queued", str(refusal))
    except PermanentRefusal as refusal:
        if refusal.about_address:
            return _Outcome("failed", str(refusal), code=refusal.code, about_address=True)
        return _Outcome("queued", str(refusal), code=refusal.code, waits=MESSAGE_BACK_OFF)
    except UncertainDelivery as doubt:
        return _Outcome("uncertain", str(doubt))
    except DomainError as error:
        return _Outcome("failed", _("This message cannot be sent: %(fault)s", fault=error))
    except Exception as error:  # a fault of ours in one letter must not hold up the others
        log.exception("message %s could not be sent", claim.public_id)
        return _Outcome(
            "uncertain" if handed_over else "queued", _("Unexpected fault: %(kind)s", kind=type(error).__name__)
        )
    return _Outcome("sent")


def _final(claim: MessageRow, outcome: _Outcome) -> _Outcome:
    """The outcome itself, or a failure where this was the last time to try."""
    if outcome.status == "queued" and not outcome.stops and claim.attempts > len(outcome.waits):
        return replace(outcome, status="failed")
    return outcome


def _others_left(database: Database, claim: MessageRow) -> bool:
    """Whether another letter has left since the server last refused everything at this one."""
    with database.reading() as db:
        return outages.left_since(db, claim.next_attempt_at - outages.HELD_BACK)


def _check_address(address: str) -> None:
    try:
        Address(addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:  # the standard library raises any of these
        raise PermanentRefusal(_("This is not an email address: %(fault)s", fault=error), code="501") from error


def _prepare(database: Database, claim: MessageRow, mint: Mint, attach: Attach) -> tuple[str, tuple[str, bytes] | None]:
    link, file = "", None
    if claim.link_purpose:
        with database.writing() as db:
            link = mint(db, claim)
    if claim.attachment:
        with database.reading() as db:
            file = attach(db, claim.attachment)
        if not file[1]:
            raise TemporaryRefusal(_("The attachment is empty."))
    return link, file


def _claim(database: Database) -> MessageRow | None:
    with database.writing() as db:
        claimed = _queue.claim(db, refusal=lambda row: _unreachable(db, row))
        return None if claimed is None else message(db, claimed)


def _unreachable(db: Session, row: sa.Row[Any]) -> str:
    reasons = {} if row.asked_for else bounced_addresses.troubled_addresses(db, [row.to_address])
    return (
        _("Not sent, because emails to this address bounce: %(reason)s", reason=reasons[row.to_address])
        if reasons
        else ""
    )


def _hand_over(database: Database, claim: MessageRow) -> None:
    with database.writing() as db:
        if not _queue.renew(db, claim, status="delivering"):
            raise _ClaimLost


def _settle(
    database: Database,
    claim: MessageRow,
    outcome: _Outcome,
    refused: Refused | None,
    reached: Reached | None,
    delivered: Delivered | None,
) -> None:
    if outcome.status == "lost":
        return
    with database.writing() as db:
        if not _end_lease(db, claim, outcome):
            return
        if outcome.status == "sent" and delivered is not None:
            delivered(db, claim)
        if outcome.status == "failed" and outcome.about_address:
            bounced_addresses.notice(db, claim.to_address, outcome.error)
            if refused is not None:
                refused(db, claim, outcome.code, outcome.error)
        if outcome.status == "sent":
            outages.end(db)
            if bounced_addresses.clear_trouble(db, claim.to_address) and reached is not None:
                reached(db, claim)


def _end_lease(db: Session, claim: MessageRow, outcome: _Outcome) -> bool:
    """Note the outcome; also of what was meanwhile called uncertain, but never of what another worker holds."""
    if outcome.stops:
        retry_at = outages.note(db, outcome.about, outcome.error)
        return _queue.defer(db, claim, outcome.error, until=retry_at + outages.HELD_BACK)
    if outcome.status == "queued":
        return _queue.fail(db, claim, outcome.error, back_off=outcome.waits)
    values = {"sent_at": clock.now()} if outcome.status == "sent" else {}
    return _queue.finish(db, claim, outcome.status, error=outcome.error[:2000], **values)


def _count(counts: SendCounts, outcome: _Outcome) -> None:
    if outcome.status == "sent":
        counts.sent += 1
    elif outcome.status == "failed":
        counts.failed += 1
    elif outcome.status == "uncertain":
        counts.uncertain += 1
    else:
        counts.retried += 1
    if outcome.stops:
        counts.trouble = outcome.error
