"""What only a person in the office can put right, newest first, with the one step that does it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import consent, evidence, notifications, people
from oval_aup.core import clock
from oval_aup.core.i18n import _, ngettext
from oval_aup.reports import tables as t
from oval_aup.reports.outstanding import OutstandingPerson, children_words, newest_rows

KINDS = (
    "take-down",
    "conflict",
    "bounced",
    "no-address",
    "declined",
    "mail-failed",
    "papers-late",
    "document-failed",
    "pack-failed",
    "certificate",
)
"""The kinds of task, most pressing first."""

EACH = 6
MOST_ADDRESSES = 200
"""Troubled addresses looked at; a school with more has another problem."""


@dataclass(frozen=True, slots=True)
class Need:
    """One task: who it is about and since when; ``public_id`` is the person's, or the message's or document's."""

    kind: str
    public_id: str
    full_name: str
    beside: str
    """Children and classes, an image use, or what went wrong: what tells one task from the next."""
    since: dt.datetime | None = None
    due_on: dt.date | None = None

    @property
    def is_late(self) -> bool:
        """Whether the deadline of the task has passed."""
        return self.due_on is not None and self.due_on < clock.today()


def needs(db: Session, school_year: int, *, each: int = EACH, kind: str = "") -> dict[str, tuple[Need, ...]]:
    """The tasks by kind, at most ``each`` of one, kinds without any left out; ``kind`` narrows them to one."""
    finders = {
        "take-down": _take_downs,
        "conflict": _conflicts,
        "bounced": _bounced,
        "no-address": _no_address,
        "declined": _declined,
        "mail-failed": _mail_failed,
        "papers-late": _papers_late,
        "certificate": _certificate,
        "document-failed": _documents_failed,
        "pack-failed": _packs_failed,
    }
    found = {name: tuple(finders[name](db, school_year, each)) for name in KINDS if kind in ("", name)}
    return {name: rows for name, rows in found.items() if rows}


def _take_downs(db: Session, _school_year: int, limit: int) -> list[Need]:
    """One task a child, whatever the number of uses, with the earliest deadline; the newest first."""
    headings = {use.key: use.heading for use in consent.purposes(db)}
    return [
        Need(
            "take-down",
            row.child.public_id,
            f"{row.child.full_name} {row.child.class_name}".strip(),
            _uses([headings.get(key, key) for key in row.purpose_keys]),
            row.opened_at,
            row.due_on,
        )
        for row in consent.take_downs(db, limit=limit)
    ]


def _conflicts(db: Session, school_year: int, limit: int) -> list[Need]:
    headings = {use.key: use.heading for use in consent.purposes(db)}
    return [
        Need(
            "conflict",
            row.child.public_id,
            f"{row.child.full_name} {row.child.class_name}".strip(),
            _uses([headings[key] for key in row.purpose_keys]),
        )
        for row in consent.conflicts(db, school_year, limit)
    ]


def _uses(headings: list[str]) -> str:
    """One use by its name, several by their number."""
    if len(headings) == 1:
        return headings[0]
    return ngettext("%(num)s use of pictures", "%(num)s uses of pictures", len(headings))


def _bounced(db: Session, _school_year: int, limit: int) -> list[Need]:
    troubled = {row.address: row for row in notifications.all_trouble(db, MOST_ADDRESSES)}
    found = _at_addresses(db, list(troubled))
    children = children_words(db, [person_id for person_id, *_rest in found])
    needs = [
        Need("bounced", public_id, name, children.get(person_id) or address, troubled[address].noticed_at)
        for person_id, public_id, name, address in found
    ]
    return sorted(needs, key=lambda need: need.since or clock.now(), reverse=True)[:limit]


def _at_addresses(db: Session, addresses: list[str]) -> list[tuple[int, str, str, str]]:
    """The current adults who are written to at these addresses: row id, public id, name, address."""
    found: dict[int, tuple[int, str, str, str]] = {}
    for part, email in ((t.staff_member, t.staff_member.c.work_email), (t.guardian, t.guardian.c.email)):
        statement = (
            sa.select(t.person.c.id, t.person.c.public_id, t.shown_name(), email)
            .join(part, part.c.person_id == t.person.c.id)
            .where(email.in_(addresses), part.c.archived_on.is_(None))
        )
        found.update({row[0]: row for row in db.execute(statement)})
    return list(found.values())


def _no_address(db: Session, school_year: int, limit: int) -> list[Need]:
    return [_of_person("no-address", row) for row in newest_rows(db, school_year, "no-address", limit=limit)]


def _declined(db: Session, school_year: int, limit: int) -> list[Need]:
    return [_of_person("declined", row) for row in newest_rows(db, school_year, "declined", limit=limit)]


def _of_person(kind: str, row: OutstandingPerson) -> Need:
    return Need(kind, row.public_id, row.full_name, row.children, row.since)


def _mail_failed(db: Session, _school_year: int, limit: int) -> list[Need]:
    rows = notifications.messages_in(db, ("failed", "uncertain"), limit)
    names = people.persons_by_pseudonym(db, [row.recipient for row in rows])
    return [
        Need(
            "mail-failed",
            row.public_id,
            names[row.recipient].full_name if row.recipient in names else row.to_address,
            row.subject,
            row.queued_at,
        )
        for row in rows
    ]


def _papers_late(db: Session, _school_year: int, _limit: int) -> list[Need]:
    """One task however many papers wait: what holds them up is one thing."""
    late = evidence.overdue_documents(db)
    if late is None:
        return []
    waiting = ngettext("One document", "%(num)s documents", late.number)
    reason = late.reason or _("The background worker is not running, or has fallen behind.")
    return [Need("papers-late", "", waiting, reason, late.since)]


def _certificate(db: Session, _school_year: int, _limit: int) -> list[Need]:
    ending = evidence.ending_certificate(db)
    if ending is None:
        return []
    what = _("Nothing is sealed after that day. Whoever looks after the system sets up a new one.")
    return [Need("certificate", "", _("The sealing certificate"), what, None, clock.london(ending.ends_at).date())]


def _packs_failed(db: Session, _school_year: int, limit: int) -> list[Need]:
    rows = evidence.failed_packs(db)[:limit]
    return [Need("pack-failed", row.public_id, str(row.scope["title"]), row.error, row.ordered_at) for row in rows]


def _documents_failed(db: Session, _school_year: int, limit: int) -> list[Need]:
    rows = evidence.failed_documents(db)[:limit]
    names = people.persons_by_pseudonym(db, [row.subject for row in rows])
    return [
        Need(
            "document-failed",
            row.public_id,
            names[row.subject].full_name if row.subject in names else "",
            row.kind,
            row.requested_at,
        )
        for row in rows
    ]
