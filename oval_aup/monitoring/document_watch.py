"""Tells the office when documents are not getting made, or the sealing certificate is about to end."""

from __future__ import annotations

import logging

from oval_aup import campaigns, documents, evidence
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.db import Database

log = logging.getLogger("oval_aup.monitoring.document_watch")


def watch_certificate(settings: Settings, database: Database) -> None:
    """Warn the office in good time that the sealing certificate ends."""
    with database.reading() as db:
        ending = evidence.ending_certificate(db)
    if ending is None:
        return
    with database.writing() as db:
        campaigns.warn_of_certificate(
            db,
            key_id=ending.key_id,
            ends_on=clock.london(ending.ends_at).date(),
            step=ending.step,
            school=settings.school,
        )


def watch_documents(settings: Settings, database: Database) -> None:
    """Write to the office once when documents are a quarter of an hour late; again only after all was well."""
    with database.reading() as db:
        late, told_at = documents.overdue_documents(db), documents.alarm_since(db)
    if late is None and told_at is not None:
        log.info("documents are made again")
        with database.writing() as db:
            documents.note_alarm(db, None)
    if late is not None and told_at is None:
        log.critical("%s documents are late: %s", late.number, late.reason or "no worker has taken them")
        with database.writing() as db:
            if documents.alarm_since(db) is None:  # another worker may have been quicker
                documents.note_alarm(db, clock.now())
                campaigns.sound_documents_alarm(db, number=late.number, reason=late.reason, school=settings.school)
