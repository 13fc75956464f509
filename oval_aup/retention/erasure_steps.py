"""Takes a person, or old things, out of every table; the steps are listed in one place and may be repeated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts, consent, documents, notifications, packs, people, signing, worklist
from oval_aup.core import clock
from oval_aup.core.i18n import gettext_noop
from oval_aup.retention import holds
from oval_aup.retention.erasure_scope import NAMING_REPORTS, Reach
from oval_aup.retention.models import Erasure

MAIL_FOLDER = "mail"
"""Where messages lie below the instance folder while no mail server is set."""

THEIRS = gettext_noop("It was about somebody whose record has been erased.")
SHOWN = gettext_noop("It showed somebody else whose record has been erased. Order a new one if you need it.")
OLD = gettext_noop("Its time was over.")

REMOVED: dict[str, str] = {
    "names": gettext_noop("Name, date of birth, addresses and numbers"),
    "contact": gettext_noop("Email addresses and telephone numbers"),
    "documents": gettext_noop("Documents about the person"),
    "family-documents": gettext_noop("Documents of the family that showed the person"),
    "reports": gettext_noop("Class and school reports that name people"),
    "packs": gettext_noop("Evidence packs"),
    "messages": gettext_noop("Messages: address and words"),
    "log-ins": gettext_noop("Log-ins"),
    "links": gettext_noop("Private links"),
    "visits": gettext_noop("Visits and log-in times"),
    "drafts": gettext_noop("Half-finished answers"),
    "notes": gettext_noop("Notes of where pictures were found"),
    "office-notes": gettext_noop("Notes that the office wrote about the person"),
    "lists": gettext_noop("Uploaded lists that nobody had decided on"),
    "class-codes": gettext_noop("Codes of class sessions"),
}
"""What goes beside the ledger's details, in words."""


@dataclass
class Removed:
    """What went: numbers by kind, and the files below the instance folder that must follow once this is committed."""

    counts: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def add(self, kind: str, number: int) -> None:
        """Count ``number`` more of a kind."""
        if number:
            self.counts[kind] = self.counts.get(kind, 0) + number


Step = Callable[[Session, Reach, Removed], None]


def _messages(db: Session, reach: Reach, removed: Removed) -> None:
    notifications.erase_messages(db, reach.messages, addresses=reach.addresses)
    removed.add("messages", len(reach.messages))
    removed.files += [f"{MAIL_FOLDER}/{notifications.mail_file(one)}" for one in reach.messages]


def _documents(db: Session, reach: Reach, removed: Removed) -> None:
    for kind, ids, why in (
        ("documents", reach.documents, THEIRS),
        ("family-documents", reach.family_documents, SHOWN),
        ("reports", reach.reports, SHOWN),
    ):
        documents.erase_documents(db, ids, why=why)
        removed.add(kind, len(ids))


def _packs(db: Session, _reach: Reach, removed: Removed) -> None:
    """Every pack goes: its tables and reports may name people whose records are not in it. A new one is soon made."""
    for row in packs.packs(db, limit=None):
        packs.erase_pack(db, row.public_id)
        removed.add("packs", 1)
        removed.files.append(f"{packs.PACKS_FOLDER}/{row.public_id}.zip")


def _access(db: Session, reach: Reach, removed: Removed) -> None:
    gone = accounts.erase_access(db, reach.person.person_id)
    removed.add("log-ins", gone.log_ins)
    removed.add("links", gone.links)
    removed.add("visits", gone.sessions)


def _answers(db: Session, reach: Reach, removed: Removed) -> None:
    removed.add("drafts", signing.erase_drafts(db, reach.person.person_id))
    removed.add("notes", consent.erase_places(db, [reach.person.person_id]))
    removed.add("office-notes", worklist.erase_notes(db, reach.person.person_id))


def _lists(db: Session, _reach: Reach, removed: Removed) -> None:
    removed.add("lists", people.discard_undecided_lists(db))


def _own_rows(db: Session, reach: Reach, _removed: Removed) -> None:
    holds.erase_reasons(db, reach.person.person_id)
    db.execute(sa.update(Erasure).where(Erasure.person_id == reach.person.person_id).values(reason=""))


def _name(db: Session, reach: Reach, removed: Removed) -> None:
    people.erase_person(db, reach.person.person_id)
    removed.add("names", 1)


STEPS: tuple[Step, ...] = (_messages, _documents, _packs, _access, _answers, _lists, _own_rows, _name)
"""What is done for one person, the name last. Another place that keeps personal things adds its step here; files it
names in ``removed.files``, relative to the instance folder, are deleted once everything is committed."""


def _contact(db: Session, reach: Reach, removed: Removed) -> None:
    people.erase_contact(db, reach.person.person_id)
    removed.add("contact", 1)


CONTACT_STEPS: tuple[Step, ...] = (_messages, _access, _contact)
"""What is done where only the way to reach a person goes."""


def wipe_contact(db: Session, reach: Reach) -> Removed:
    """Take the way to reach a person, and leave what they answered."""
    removed = Removed()
    for step in CONTACT_STEPS:
        step(db, reach, removed)
    return removed


def wipe(db: Session, reach: Reach) -> Removed:
    """Take everything outside the ledger that ``reach`` names; details are ``evidence.erase_details``'s."""
    removed = Removed()
    for step in STEPS:
        step(db, reach, removed)
    return removed


def wipe_old(db: Session, record_type: str, until: dt.date) -> Removed:
    """Take everything of one kind from before a London day."""
    moment, removed = clock.at_london(until, 0), Removed()
    if record_type == "messages":
        ids = notifications.old_messages(db, queued_before=moment)
        notifications.erase_messages(db, ids)
        removed.add("messages", len(ids))
        removed.files += [f"{MAIL_FOLDER}/{notifications.mail_file(one)}" for one in ids]
    elif record_type == "class-sessions":
        removed.add("class-codes", signing.erase_class_codes(db, opened_before=moment))
    elif record_type == "visits":
        gone = accounts.erase_old_access(db, ended_before=moment)
        removed.add("links", gone.links)
        removed.add("visits", gone.sessions)
    elif record_type == "reports":
        reports = documents.documents_of_kinds(db, NAMING_REPORTS, asked_before=moment)
        documents.erase_documents(db, reports, why=OLD)
        removed.add("reports", len(reports))
    return removed
