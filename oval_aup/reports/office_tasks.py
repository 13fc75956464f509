"""What only a person in the office can put right: the kinds of task, how many of each wait, and how each is handled.

A new kind of task is one entry in ``NEED_KINDS`` with its finder and its words.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import consent, documents, evidence, jobs, notifications, packs, people, retention, signing, worklist
from oval_aup.core import clock
from oval_aup.core.i18n import _, gettext_noop, ngettext
from oval_aup.reports import tables as t
from oval_aup.reports.outstanding import OutstandingPerson, children_words, newest_people, newest_rows

EACH = 6
MOST_COUNTED = 1000
"""Beyond this tasks of one kind are shown as “1,000+” and not counted further."""
MOST_ADDRESSES = 200
"""Troubled addresses looked at; a school with more has another problem."""
NOT_HANDLED = worklist.Handling()
STATES = ("open", "snoozed", "closed")
"""The outcome of a task; one that was put off is open again on its day."""


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
    person_id: int | None = None
    """Row id of the person it is about, where it is about one."""
    occurrence: str = ""
    """What tells it from an earlier task of the kind about the same: closed for one cause, it is open for the next."""
    handling: worklist.Handling = NOT_HANDLED

    @property
    def is_late(self) -> bool:
        """Whether the deadline of the task has passed."""
        return self.due_on is not None and self.due_on < clock.today()

    @property
    def key(self) -> worklist.TaskKey:
        """By what the task is handled."""
        return worklist.TaskKey(self.kind, self.public_id, self.occurrence, self.person_id)


Finder = Callable[[Session, int, int], list[Need]]
"""From a school year and a limit to tasks, the newest first."""
Tally = Callable[[Session, int, int], list[tuple[str, str]]]
"""From a school year and a limit to the subject and occurrence of each task."""


Counted = Callable[[int, str], str]
"""From a number, and how it is written, to a sentence: “37 people have no address”."""


@dataclass(frozen=True, slots=True)
class NeedKind:
    """One kind of task: how to find its tasks, and what may be done about them."""

    key: str
    find: Finder
    label: str
    """What it is about, in English."""
    act: str
    """The link that leads to where it is done, in English."""
    count: Counted | None = None
    """How many wait, as a sentence; None where the label and the number say it."""
    tone: str = "wait"
    page: str = ""
    """The office’s page where it is done; empty where that is the person’s."""
    tally: Tally | None = None
    """Finds the keys alone, where finding the tasks themselves costs more."""
    is_closable: bool = True
    """Whether a person may close it with a note; otherwise only what it is about ends it."""
    has_own_page: bool = False
    """Whether its tasks are listed and handled on a page of their own."""
    most: int = MOST_COUNTED


@dataclass(frozen=True, slots=True)
class NeedGroup:
    """The open tasks of one kind: how many, how many of them the reader's own, and the newest of them."""

    kind: str
    number: int
    is_capped: bool
    """Whether there are more than were counted."""
    mine: int
    snoozed: int
    rows: tuple[Need, ...]


def needs(
    db: Session, school_year: int, *, each: int = EACH, kind: str = "", state: str = "open"
) -> dict[str, tuple[Need, ...]]:
    """The tasks in a state by kind, at most ``each`` of one, kinds without any left out; ``kind`` asks for one."""
    handled = worklist.handlings(db, kind)
    found = {
        one.key: _in_state(db, school_year, one, handled.get(one.key, {}), state)[:each]
        if state != "open"
        else _open(db, school_year, one, handled.get(one.key, {}), each)
        for one in NEED_KINDS.values()
        if kind in ("", one.key)
    }
    return {name: rows for name, rows in found.items() if rows}


def need_groups(db: Session, school_year: int, *, shown: int, viewer_id: int | None) -> tuple[NeedGroup, ...]:
    """Each kind of task that waits, with its number and its newest; most pressing kinds first."""
    handled = worklist.handlings(db)
    groups = []
    for kind in NEED_KINDS.values():
        mine = handled.get(kind.key, {})
        rows: tuple[Need, ...] = ()
        if kind.tally is None:
            rows = _handled(kind.find(db, school_year, kind.most + 1), mine)
            states = [row.handling for row in rows]
        else:
            states = [mine.get(key, NOT_HANDLED) for key in kind.tally(db, school_year, kind.most + 1)]
        number = sum(1 for one in states if one.state == "open")
        if not number:
            continue
        if kind.tally is not None:
            rows = _open(db, school_year, kind, mine, shown)
        groups.append(
            NeedGroup(
                kind=kind.key,
                number=min(number, kind.most),
                is_capped=len(states) > kind.most,
                mine=sum(1 for one in states if one.state == "open" and viewer_id and one.owner_id == viewer_id),
                snoozed=sum(1 for one in states if one.state == "snoozed"),
                rows=tuple(row for row in rows if row.handling.state == "open")[:shown],
            )
        )
    return tuple(groups)


def _open(
    db: Session, school_year: int, kind: NeedKind, handled: dict[tuple[str, str], worklist.Handling], limit: int
) -> tuple[Need, ...]:
    hidden = sum(1 for one in handled.values() if one.state != "open")
    rows = _handled(kind.find(db, school_year, limit + hidden), handled)
    return tuple(row for row in rows if row.handling.state == "open")[:limit]


def _in_state(
    db: Session, school_year: int, kind: NeedKind, handled: dict[tuple[str, str], worklist.Handling], state: str
) -> tuple[Need, ...]:
    if not any(one.state == state for one in handled.values()):
        return ()
    rows = _handled(kind.find(db, school_year, kind.most), handled)
    return tuple(row for row in rows if row.handling.state == state)


def _handled(rows: Iterable[Need], handled: dict[tuple[str, str], worklist.Handling]) -> tuple[Need, ...]:
    """Each task once, with what was done about it."""
    once = {(row.public_id, row.occurrence): row for row in reversed(list(rows))}
    return tuple(
        replace(row, handling=handled[key]) if (key := (row.public_id, row.occurrence)) in handled else row
        for row in reversed(once.values())
    )


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
            row.child.person_id,
            clock.iso(row.opened_at),
            worklist.Handling(owner_id=row.owner_id),
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
            person_id=row.child.person_id,
            occurrence=_short([str(school_year), *sorted(row.purpose_keys)]),
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
        Need(
            "bounced",
            public_id,
            name,
            _beside_bounced(children.get(person_id) or address, troubled[address].reason),
            troubled[address].noticed_at,
            person_id=person_id,
            occurrence=clock.iso(troubled[address].noticed_at),
        )
        for person_id, public_id, name, address in found
    ]
    return sorted(needs, key=lambda need: need.since or clock.now(), reverse=True)[:limit]


def _beside_bounced(whose: str, reason: str) -> str:
    return _("%(whose)s, mailbox full", whose=whose) if notifications.mailbox_is_full(reason) else whose


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


def _responsibility(db: Session, _school_year: int, limit: int) -> list[Need]:
    """Adults of whom only the office can say, or has to confirm, whether they have parental responsibility."""
    waiting = [link for link in people.undecided_links(db) if not link.must_declare]
    return [
        Need(
            "responsibility",
            link.guardian.public_id,
            link.guardian.full_name,
            _("%(tie)s of %(child)s", tie=link.relationship_name or _("Contact"), child=link.child.full_name),
            person_id=link.guardian.person_id,
            occurrence=link.child.public_id,
        )
        for link in waiting[:limit]
    ]


def _no_address(db: Session, school_year: int, limit: int) -> list[Need]:
    rows = newest_rows(db, school_year, "no-address", limit=limit)
    return [_of_person("no-address", row, school_year) for row in rows]


def _declined(db: Session, school_year: int, limit: int) -> list[Need]:
    rows = newest_rows(db, school_year, "declined", limit=limit)
    return [_of_person("declined", row, school_year) for row in rows]


def _other_names(db: Session, school_year: int, limit: int) -> list[Need]:
    """Who typed quite another name than theirs and confirmed it: was it really them?"""
    signing_sessions = signing.signed_under_other_names(db, school_year, limit)
    signers = people.persons_by_id(db, [row.person_id for row in signing_sessions])
    children = children_words(db, list(signers))
    return [
        Need(
            "other-name",
            signers[row.person_id].public_id,
            signers[row.person_id].full_name,
            children.get(row.person_id, ""),
            row.finished_at,
            person_id=row.person_id,
            occurrence=row.public_id,
        )
        for row in signing_sessions
        if row.person_id in signers
    ]


def _of_person(kind: str, row: OutstandingPerson, school_year: int) -> Need:
    return Need(
        kind,
        row.public_id,
        row.full_name,
        ", ".join(part for part in (row.children, row.mobile if kind == "no-address" else "") if part),
        row.since,
        person_id=row.person_id,
        occurrence=str(school_year),
    )


def _tally_no_address(db: Session, school_year: int, limit: int) -> list[tuple[str, str]]:
    return [(row, str(school_year)) for row in newest_people(db, school_year, "no-address", limit=limit)]


def _tally_declined(db: Session, school_year: int, limit: int) -> list[tuple[str, str]]:
    return [(row, str(school_year)) for row in newest_people(db, school_year, "declined", limit=limit)]


def _short(parts: list[str]) -> str:
    """One key made of several, of a length that a column holds."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


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
            person_id=names[row.recipient].person_id if row.recipient in names else None,
        )
        for row in rows
        if row.kind != "test"  # its outcome stands beside the button
    ]


def _papers_late(db: Session, _school_year: int, _limit: int) -> list[Need]:
    """One task however many papers wait: what holds them up is one thing."""
    late = documents.overdue_documents(db)
    if late is None:
        return []
    waiting = ngettext("One document", "%(num)s documents", late.number)
    reason = late.reason or _("The background worker is not running, or has fallen behind.")
    return [Need("papers-late", "", waiting, reason, late.since, occurrence=clock.iso(late.since))]


def _certificate(db: Session, _school_year: int, _limit: int) -> list[Need]:
    ending = evidence.ending_certificate(db)
    if ending is None:
        return []
    what = _(
        "No document can be sealed after that day. Ask whoever looks after the system to set up a new certificate."
    )
    ends_on = clock.london(ending.ends_at).date()
    return [Need("certificate", "", _("The sealing certificate"), what, None, ends_on, occurrence=str(ends_on))]


def _early_erasures(db: Session, _school_year: int, limit: int) -> list[Need]:
    """Records that somebody wants to erase before their time: one task a decision, however many people are in it."""
    rows = {row.batch: row for row in retention.waiting_for_approval(db)}
    names = people.persons_by_id(db, [row.person_id for row in rows.values() if row.person_id])
    return [
        Need(
            "early-erasure",
            batch,
            names[row.person_id].full_name if row.person_id in names else "",
            _("Needs approval by a second person; one of the two must be the head"),
            row.ordered_at,
            person_id=row.person_id,
        )
        for batch, row in list(rows.items())[:limit]
    ]


def _packs_failed(db: Session, _school_year: int, limit: int) -> list[Need]:
    rows = packs.failed_packs(db)[:limit]
    return [Need("pack-failed", row.public_id, str(row.scope["title"]), row.error, row.ordered_at) for row in rows]


def _background_tasks(db: Session, _school_year: int, _limit: int) -> list[Need]:
    """What the worker does again and again and has failed several times in a row."""
    return [
        Need("background-task", "", task.public_id, task.error, occurrence=task.public_id)
        for task in jobs.failing_tasks(db)
    ]


def _documents_failed(db: Session, _school_year: int, limit: int) -> list[Need]:
    rows = documents.failed_documents(db)[:limit]
    names = people.persons_by_pseudonym(db, [row.subject for row in rows])
    return [
        Need(
            "document-failed",
            row.public_id,
            names[row.subject].full_name if row.subject in names else "",
            row.kind,
            row.requested_at,
            person_id=names[row.subject].person_id if row.subject in names else None,
        )
        for row in rows
    ]


def _probing(db: Session, school_year: int, limit: int) -> list[Need]:
    """One task a person and day: several of their tries were refused, which is more than a slip."""
    said = {
        "address": _("Asked several times for a page that is not theirs"),
        "wording": _("Sent rules several times that had not been shown to them"),
    }
    since = clock.at_london(people.school_year_starts(school_year), 0)
    entries = [one for one in evidence.entries_of_kind(db, "probed") if one.at is not None and one.at >= since]
    names = people.persons_by_pseudonym(db, [one.body["subject"]["pseudonym"] for one in entries])
    needs = []
    for one in reversed(entries[-limit:]):
        person = names.get(one.body["subject"]["pseudonym"])
        needs.append(
            Need(
                "probing",
                person.public_id if person else "",
                person.full_name if person else _("A class device"),
                said.get(one.body["act"]["what"], ""),
                one.at,
                person_id=person.person_id if person else None,
                occurrence=str(one.seq),
            )
        )
    return needs


NEED_KINDS: dict[str, NeedKind] = {
    one.key: one
    for one in (
        NeedKind(
            "take-down",
            _take_downs,
            label=gettext_noop("Take pictures down"),
            act=gettext_noop("Deal with this"),
            count=lambda number, num: ngettext(
                "%(num)s child’s pictures to take down", "%(num)s children’s pictures to take down", number, num=num
            ),
            tone="no",
            page="take_downs",
            is_closable=False,
            has_own_page=True,
        ),
        NeedKind(
            "conflict",
            _conflicts,
            label=gettext_noop("Parents disagree"),
            act=gettext_noop("Review"),
            count=lambda number, num: ngettext(
                "Parents of %(num)s child disagree", "Parents of %(num)s children disagree", number, num=num
            ),
            most=100,
        ),
        NeedKind(
            "probing",
            _probing,
            label=gettext_noop("Refused several times"),
            act=gettext_noop("Look into it"),
            count=lambda number, num: ngettext(
                "%(num)s person tried to open or change something that isn’t theirs",
                "%(num)s people tried to open or change something that isn’t theirs",
                number,
                num=num,
            ),
        ),
        NeedKind(
            "early-erasure",
            _early_erasures,
            label=gettext_noop("Early erasure to approve"),
            act=gettext_noop("Review"),
            count=lambda number, num: ngettext(
                "%(num)s early erasure waits for approval", "%(num)s early erasures wait for approval", number, num=num
            ),
            page="erasure",
            is_closable=False,
        ),
        NeedKind(
            "responsibility",
            _responsibility,
            label=gettext_noop("Parental responsibility to decide"),
            act=gettext_noop("Decide"),
            page="responsibility",
            is_closable=False,
            has_own_page=True,
        ),
        NeedKind(
            "bounced",
            _bounced,
            label=gettext_noop("Bounced"),
            act=gettext_noop("Deal with this"),
            count=lambda number, num: ngettext(
                "Emails to %(num)s person are bouncing", "Emails to %(num)s people are bouncing", number, num=num
            ),
        ),
        NeedKind(
            "no-address",
            _no_address,
            label=gettext_noop("No address"),
            act=gettext_noop("Record an answer"),
            count=lambda number, num: ngettext(
                "%(num)s person has no address", "%(num)s people have no address", number, num=num
            ),
            tally=_tally_no_address,
        ),
        NeedKind(
            "declined",
            _declined,
            label=gettext_noop("Declined"),
            act=gettext_noop("Open"),
            count=lambda number, num: ngettext("%(num)s person declined", "%(num)s people declined", number, num=num),
            tone="no",
            tally=_tally_declined,
        ),
        NeedKind(
            "other-name",
            _other_names,
            label=gettext_noop("Signed under another name"),
            act=gettext_noop("Review"),
            count=lambda number, num: ngettext(
                "%(num)s person signed under another name", "%(num)s people signed under another name", number, num=num
            ),
        ),
        NeedKind(
            "mail-failed",
            _mail_failed,
            label=gettext_noop("Message not sent"),
            act=gettext_noop("Open"),
            count=lambda number, num: ngettext(
                "%(num)s message was not sent", "%(num)s messages were not sent", number, num=num
            ),
            page="mail",
        ),
        NeedKind(
            "papers-late",
            _papers_late,
            label=gettext_noop("Documents not sealed"),
            act=gettext_noop("Open"),
            count=lambda _number, _num: _("Documents are waiting to be sealed"),
            page="reports",
            is_closable=False,
        ),
        NeedKind(
            "document-failed",
            _documents_failed,
            label=gettext_noop("Document not made"),
            act=gettext_noop("Try again"),
            count=lambda number, num: ngettext(
                "%(num)s document could not be made", "%(num)s documents could not be made", number, num=num
            ),
            page="reports",
        ),
        NeedKind(
            "pack-failed",
            _packs_failed,
            label=gettext_noop("Pack not made"),
            act=gettext_noop("Open"),
            count=lambda number, num: ngettext(
                "%(num)s pack could not be made", "%(num)s packs could not be made", number, num=num
            ),
            page="packs",
        ),
        NeedKind(
            "background-task",
            _background_tasks,
            label=gettext_noop("Background task failing"),
            act=gettext_noop("Open"),
            count=lambda number, num: ngettext(
                "%(num)s background task keeps failing; tell whoever looks after the system",
                "%(num)s background tasks keep failing; tell whoever looks after the system",
                number,
                num=num,
            ),
            is_closable=False,
        ),
        NeedKind(
            "certificate",
            _certificate,
            label=gettext_noop("Certificate ends"),
            act=gettext_noop("Open"),
            count=lambda _number, _num: _("The sealing certificate is about to end"),
            page="reports",
            is_closable=False,
        ),
    )
}
"""Every kind of task by its key, the most pressing first."""
