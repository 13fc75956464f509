"""Takes the address and the words out of messages; that one of this kind went at this time stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.notifications.bounced_addresses import clear_trouble
from oval_aup.notifications.outbox import message_table as _message

UNSENT = ("waiting", "queued", "failed", "bounced", "uncertain")
"""States in which a message could still be sent, by itself or by hand."""


def messages_with_words(db: Session, recipients: Iterable[str]) -> tuple[str, ...]:
    """Public ids of messages to these people that still say something."""
    return _ids(db, sa.and_(_message.c.recipient.in_(tuple(recipients)), _has_words()))


def old_messages(db: Session, *, queued_before: dt.datetime) -> tuple[str, ...]:
    """Public ids of messages from before this moment that still say something."""
    return _ids(db, sa.and_(_message.c.queued_at < queued_before, _has_words()))


def erase_messages(db: Session, public_ids: Sequence[str], *, addresses: Iterable[str] = ()) -> None:
    """Blank these messages, take back those not sent, and forget trouble with ``addresses``; safe to repeat."""
    for start in range(0, len(public_ids), 500):
        chosen = _message.c.public_id.in_(public_ids[start : start + 500])
        db.execute(sa.update(_message).where(chosen, _message.c.status.in_(UNSENT)).values(status="cancelled"))
        blank = dict.fromkeys(("to_address", "subject", "text", "html", "error", "link_purpose"), "")
        # Some keys are made of the address; this one keeps the row unique and says nothing.
        key = sa.literal("erased:") + _message.c.public_id
        with_address = sa.and_(chosen, _message.c.dedupe_key.contains("@"))
        db.execute(sa.update(_message).where(with_address).values(dedupe_key=key))
        db.execute(sa.update(_message).where(chosen).values(**blank))
    for address in addresses:
        clear_trouble(db, address)


def mail_file(public_id: str) -> str:
    """The name under which ``FolderChannel`` keeps a message."""
    return f"{public_id}.eml"


def _has_words() -> sa.ColumnElement[bool]:
    return sa.or_(_message.c.to_address != "", _message.c.text != "", _message.c.html != "")


def _ids(db: Session, which: sa.ColumnElement[bool]) -> tuple[str, ...]:
    return tuple(db.scalars(sa.select(_message.c.public_id).where(which).order_by(_message.c.id)))
