"""Keeps a fresh record of everybody in stock, and tells the office when papers are not getting made.

A record is wanted soon after something was entered by or about a person, and made when nobody waits for anything
else. So a pack finds nearly all of its records there.
"""

from __future__ import annotations

import logging

from oval_aup import campaigns, evidence, people, reports
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.db import Database

RECORDS_AT_ONCE = 60
"""Records wanted by one call and still to be made: with a call a minute, about one a second."""

log = logging.getLogger("oval_aup.papers")


def keep_records(database: Database, *, most: int = RECORDS_AT_ONCE) -> int:
    """Want the record of those by or about whom something new was entered; how many records that are.

    Only new entries of the ledger are read, and at most ``most`` records wait at any time, so this costs next to
    nothing in a school of any size and leaves the machine to whoever uses it.
    """
    while evidence.follow(database):
        pass
    with database.reading() as db:
        room = most - evidence.waiting_records(db)
        due = evidence.due_records(db, room) if room > 0 else ()
        found = people.persons_by_pseudonym(db, due)
        known = {name: row for name, row in found.items() if not row.erased}
        newest = evidence.newest_seqs(db, known)
        reached = evidence.records_through(db, known)
        old = [name for name in known if reached.get(name, 0) < newest.get(name, 0)]
    if not due:
        return 0
    with database.writing() as db:
        for name in old:
            evidence.want_document(
                db,
                kind="record",
                subject=name,
                params={"person_id": known[name].person_id},
                dedupe_key=reports.record_key(name, newest[name]),
                priority=evidence.SOME_TIME,
            )
        evidence.settle_records(db, due)
    return len(old)


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


def watch(settings: Settings, database: Database) -> None:
    """Write to the office once when papers are a quarter of an hour late, and not again until all was well between."""
    with database.reading() as db:
        late, told_at = evidence.overdue_documents(db), evidence.alarm_since(db)
    if late is None and told_at is not None:
        log.info("papers are made again")
        with database.writing() as db:
            evidence.note_alarm(db, None)
    if late is not None and told_at is None:
        log.critical("%s papers are late: %s", late.number, late.reason)
        with database.writing() as db:
            if evidence.alarm_since(db) is None:  # another worker may have been quicker
                evidence.note_alarm(db, clock.now())
                campaigns.sound_papers_alarm(db, number=late.number, reason=late.reason, school=settings.school)
