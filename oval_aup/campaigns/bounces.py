"""What becomes of a bounce later: mail reaches the address again, or the address was never the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import evidence, notifications
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _


@dataclass(frozen=True, slots=True)
class WrongBounce:
    """An entry that says a message did not arrive, though the server had not spoken of the recipient."""

    seq: int
    pseudonym: str
    message: str
    address: str
    reply: str


def note_reached(db: Session, message: notifications.MessageRow) -> None:
    """Enter that a message was accepted for an address which had bounced; that it had bounced stays true."""
    bounced = [entry for entry in evidence.entries_about(db, message.recipient) if entry.kind == "bounced"]
    evidence.append(
        db,
        "reached",
        subject=message.recipient,
        act={"message": message.public_id, "message_kind": message.kind},
        details={"address": message.to_address},
        refs=[evidence.Ref(entry.seq, "reached") for entry in bounced[-1:]],
        idempotency_key=f"reached:{message.public_id}:{message.lease_no}",
        actor=SYSTEM,
    )


def wrong_bounces(db: Session) -> tuple[WrongBounce, ...]:
    """The bounces in the ledger, corrected ones left out, whose reply was not about the recipient; oldest first."""
    bounced = evidence.entries_of_kind(db, "bounced")
    details = evidence.details(db, [entry.seq for entry in bounced])
    found = []
    for entry in bounced:
        wrong = _wrong(db, entry, details.get(entry.seq))
        if wrong is not None and evidence.find(db, _key(entry.seq)) is None:
            found.append(wrong)
    return tuple(found)


def _key(seq: int) -> str:
    return f"bounce-corrected:{seq}"


def _wrong(db: Session, entry: evidence.EntryRow, details: dict[str, Any] | None) -> WrongBounce | None:
    """None where the address was the reason, or where it was erased what the server said."""
    if not details:
        return None
    public_id = entry.body["act"]["message"]
    reply = str(details.get("reply") or "")
    if not reply:
        try:
            reply = notifications.message(db, public_id).error
        except NotFound:
            return None
    if not reply or notifications.spoke_of_recipient(reply):
        return None
    return WrongBounce(entry.seq, entry.body["subject"]["pseudonym"], public_id, str(details["address"]), reply)


def correct_wrong_bounces(db: Session, *, actor: Actor) -> int:
    """Correct each of ``wrong_bounces`` by a later entry and let mail go to its address again; returns how many.

    An address that mail does not reach for a reason of its own stays marked.
    """
    wrong = wrong_bounces(db)
    troubled = notifications.troubled_addresses(db, {row.address for row in wrong})
    for row in wrong:
        evidence.append(
            db,
            "corrected",
            subject=row.pseudonym,
            act={"corrects": "bounced", "message": row.message},
            details={"reason": _("The mail server had refused the school’s messages as a whole, not this address.")},
            refs=[evidence.Ref(row.seq, "corrected")],
            idempotency_key=_key(row.seq),
            actor=actor,
        )
        reason = troubled.get(row.address, "")
        if reason and not notifications.spoke_of_recipient(reason):
            notifications.clear_trouble(db, row.address)
    return len(wrong)
