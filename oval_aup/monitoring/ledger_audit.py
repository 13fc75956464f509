"""Reads the whole ledger back each day and, on school days, sends its signed head to people outside the office.

Whoever can change the database could also write its history anew. What they cannot change is a head that somebody
else keeps: in a mailbox, on a printed receipt, or in the file beside the database that this module adds a line to.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from oval_aup import campaigns, evidence, verification
from oval_aup.config import Settings
from oval_aup.core import append_only, clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.i18n import _, ngettext
from oval_aup.core.school import School

EVERY = dt.timedelta(hours=24)
FROM_HOUR = 6
"""London hour from which a head is issued: before the school day, after the night's backup."""

IN_ORDER, NOT_IN_ORDER = "in-order", "not-in-order"
"""What the note of the daily check says after its time."""

log = logging.getLogger("oval_aup.monitoring.ledger_audit")


def keep_watch(settings: Settings, database: Database, seals: evidence.SealPress) -> None:
    """Read the ledger back when a day has passed since the last time, and issue a head when one is due; safe to repeat.

    A head is signed only over a ledger that was found in order. One that is not is told to the office and to every
    witness, once a day, until it is in order again.
    """
    note = settings.shared / evidence.CHECK_NOTE
    with database.reading() as db:
        due = bool(settings.witnesses) and _is_due(db, settings.school)
    if not due and not _is_older(note):
        return
    with database.reading() as db:
        verdict = check(db, settings.shared)
    state = IN_ORDER if verdict.ok else NOT_IN_ORDER
    note.write_text(f"{clock.iso(clock.now())} {state} {verdict.sentence}\n", encoding="utf-8")
    if not verdict.ok:
        with database.writing() as db:
            sound_alarm(db, settings, verdict.reason)
        return
    with database.writing() as db:
        head = _issue(db, settings, seals) if due else seals.head(db)
    evidence.keep_head(settings.shared, head)


@dataclass(frozen=True, slots=True)
class LastCheck:
    """When the record was last read back by itself, and whether it was in order."""

    at: dt.datetime
    ok: bool


def last_check(instance: Path) -> LastCheck | None:
    """What the last daily check found, or None where there has been none."""
    try:
        at, state, *_sentence = (instance / evidence.CHECK_NOTE).read_text("utf-8").split(maxsplit=2)
        moment = dt.datetime.fromisoformat(at)
    except (OSError, ValueError):
        return None
    return LastCheck(moment, state == IN_ORDER) if state in (IN_ORDER, NOT_IN_ORDER) else None


def check(db: Session, instance: Path, brought: Iterable[verification.HeadFinding] = ()) -> evidence.LedgerVerdict:
    """Read the whole ledger back now, against every head that is kept beside the database or was brought along.

    Also whether the database still refuses to change what was written.

    A head that the school did not sign says nothing about its ledger and is left out. So is one of a time that the
    ledger itself says was lost: the head's own finding tells it, and today's entries are no less in order for it.
    """
    told = (one for one in brought if one.verdict != "not_ours" and not one.owned_up)
    signed = (evidence.Head(one.size, one.entry_hash) for one in told)
    return _with_guards(db, evidence.verify(db, known_heads=(*evidence.kept_heads(instance), *signed)))


def _with_guards(db: Session, verdict: evidence.LedgerVerdict) -> evidence.LedgerVerdict:
    """The finding, and what is missing of the triggers that keep entries as they are: nothing of ours removes one."""
    gone = sorted(append_only.missing(db.connection()))
    if not gone:
        return verdict
    said = ngettext(
        "The database lacks %(num)s guard that keeps history from being changed: %(names)s.",
        "The database lacks %(num)s guards that keep history from being changed: %(names)s.",
        len(gone),
        names=", ".join(gone),
    )
    kept = _("The entries themselves are as they were written.") if verdict.ok else verdict.reason
    mend = _("Find out who removed them; then “.venv/bin/flask db upgrade” puts them back.")
    return replace(verdict, ok=False, fault=verdict.fault or "unguarded", reason=f"{kept} {said} {mend}")


def sound_alarm(db: Session, settings: Settings, finding: str) -> None:
    """Tell the office and every witness that the ledger is not what it was; once a day, however often it is found."""
    log.critical("%s", finding)
    told = (settings.school.email, *settings.witnesses)
    campaigns.sound_ledger_alarm(db, told, finding=finding, school=settings.school)


def _is_due(db: Session, school: School) -> bool:
    here = clock.london(clock.now())
    today = here.date()
    return (
        here.hour >= FROM_HOUR
        and campaigns.is_school_day(school, today)
        and evidence.find(db, f"head:{today.isoformat()}") is None
    )


def _issue(db: Session, settings: Settings, seals: evidence.SealPress) -> evidence.SignedHead:
    today = clock.today()
    head = seals.head(db)
    evidence.append(
        db,
        "head_issued",
        subject="school",
        act={"size": head.size, "entry_hash": head.entry_hash, "key": head.key, "witnesses": len(settings.witnesses)},
        idempotency_key=f"head:{today.isoformat()}",
        actor=SYSTEM,
    )
    campaigns.tell_witnesses(db, settings.witnesses, size=head.size, line=head.text, school=settings.school)
    return head


def _is_older(note: Path) -> bool:
    try:
        written = dt.datetime.fromisoformat(note.read_text(encoding="utf-8").split(" ", 1)[0])
    except (OSError, ValueError):
        return True
    return abs(clock.now() - written) >= EVERY
