"""Sends what is due: mints the private links, attaches the papers, and notes in the ledger what was refused."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from oval_aup import accounts, campaigns, documents, evidence, notifications, people, reports
from oval_aup.config import Settings
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.worker.context import WorkerContext, channel_of

log = logging.getLogger("oval_aup.worker")

LINK_PATHS = {"family": "/f/", "set-password": "/set-password/"}
"""Purpose of a private link to the address it opens, without the secret."""


def send_now(settings: Settings, database: Database) -> str:
    """Send everything that is due at this moment and say the outcome of it."""
    counts = send(settings, database, channel_of(settings), limit=10_000, at_once=True)
    said = _(
        "%(sent)s sent, %(retried)s to be tried again, %(failed)s failed, %(uncertain)s uncertain.",
        sent=counts.sent,
        retried=counts.retried,
        failed=counts.failed,
        uncertain=counts.uncertain,
    )
    return f"{said} {counts.trouble}".strip()


def send_some(context: WorkerContext) -> bool:
    """Send a handful of what is due; whether there was any. Where nothing can be sent, the outbox knows when to try."""
    counts = send(context.settings, context.database, context.channel, limit=50)
    if counts.trouble and not counts.paused:
        log.warning("mail cannot be sent: %s", counts.trouble)
    return counts.handled > 0 and not counts.trouble


def send(
    settings: Settings, database: Database, channel: notifications.Channel, *, limit: int, at_once: bool = False
) -> notifications.SendCounts:
    """Send what is due, at most ``limit`` messages; ``at_once`` does not wait until a failure is to be tried again."""
    return notifications.send_due(
        database,
        channel,
        sender=notifications.Sender(settings.school.name, settings.mail_from),
        mint=lambda db, message: _mint(db, message, settings.school.base_url),
        attachment=_attachment,
        limit=limit,
        refused=_refused,
        reached=campaigns.note_reached,
        delivered=campaigns.note_sent,
        at_once=at_once,
    )


def _mint(db: Session, message: notifications.MessageRow, base_url: str) -> str:
    person = people.persons_by_pseudonym(db, [message.recipient]).get(message.recipient)
    if person is None or person.archived:
        raise NotFound(_("This person is no longer at the school."))
    purpose = message.link_purpose
    token = accounts.mint_link(db, purpose=purpose, person_id=person.person_id, sent_to=message.to_address)
    return f"{base_url}{LINK_PATHS[purpose]}{token}"


def _attachment(db: Session, public_id: str) -> tuple[str, bytes]:
    return reports.file_name(db, documents.document(db, public_id)), documents.document_bytes(db, public_id)


def _refused(db: Session, message: notifications.MessageRow, code: str, reply: str) -> None:
    evidence.append(
        db,
        "bounced",
        subject=message.recipient,
        act={"message": message.public_id, "message_kind": message.kind, "code": code},
        details={"address": message.to_address, "reply": reply},
        idempotency_key=f"bounced:{message.public_id}:{message.lease_no}",
        actor=SYSTEM,
    )
