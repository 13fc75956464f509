"""Documents about one person: the receipt they keep, and the record the office keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import evidence, notifications, people, signing
from oval_aup.core import clock, i18n, render
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _, later
from oval_aup.core.school import School
from oval_aup.reports import documents_story as story
from oval_aup.reports import documents_words as words
from oval_aup.reports.documents_words import Moment

RULES = {
    "staff": later("Rules for staff"),
    "parents": later("Rules for parents and carers"),
    "children": later("Rules for children"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a person's whole story."""

    at: Moment
    what: str
    more: str
    seq: int
    """Its number in the ledger, or 0 for a message, which the ledger does not hold."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person was asked for in one school year and how it stands."""

    school_year: int
    title: str
    status: str
    status_words: str
    asked_at: dt.datetime | None
    due_on: dt.date
    settled_at: dt.datetime | None


def receipt_html(db: Session, document: evidence.DocumentRow, *, school: School, head: evidence.SignedHead) -> str:
    """The signer's receipt for what they answered, in the language they read."""
    person, school_year, chosen, entries = _confirmed(db, document)
    language = i18n.spoken(chosen)  # of our own sentences; wordings keep theirs
    shown = story.acts(db, entries, language=language)
    if not shown:
        raise NotFound(_("There is nothing that this receipt could confirm."))
    with i18n.speaking(language):
        return render.page(
            "pdf/receipt.html",
            school=school,
            document=document,
            head=head,
            language=language,
            title=_("Receipt"),
            person=person,
            school_year=school_year,
            marks=[act for act in shown if act.kind in story.MARKS],
            choice_sets=story.choice_sets(shown),
            others=[act for act in shown if act.kind not in story.MARKS | story.CHOICES],
            acts=shown,
            wordings=story.wordings_of(shown),
            picture_wordings=story.wordings_of(shown, story.CHOICES),
            clause_kinds=words.CLAUSE_KINDS,
            made_at=Moment(head.signed_at),
        )


def receipt_seqs(db: Session, document: evidence.DocumentRow) -> tuple[int, ...]:
    """The ledger entries that a receipt confirms."""
    return tuple(entry.seq for entry in _confirmed(db, document)[3])


def record_html(db: Session, document: evidence.DocumentRow, *, school: School, head: evidence.SignedHead) -> str:
    """The office's record: everything ever asked of, told to, answered and corrected by or about one person."""
    person = _person_of(db, document)
    entries = _entries_of(db, person.pseudonym)
    everything = story.acts(db, entries)
    shown = [act for act in everything if act.kind in story.MARKS | story.CHOICES]
    return render.page(
        "pdf/record.html",
        school=school,
        document=document,
        head=head,
        language="en",
        title=_("Record"),
        person=person,
        parts=_parts(db, person),
        standings=_standings(db, person),
        marks=[act for act in shown if act.kind in story.MARKS],
        choice_sets=story.choice_sets(shown),
        acts=shown,
        wordings=story.wordings_of(shown),
        picture_wordings=story.wordings_of(shown, story.CHOICES),
        clause_kinds=words.CLAUSE_KINDS,
        events=events(db, person, entries),
        made_at=Moment(head.signed_at),
    )


def record_seqs(db: Session, document: evidence.DocumentRow) -> tuple[int, ...]:
    """Every ledger entry by or about the person of a record."""
    return tuple(entry.seq for entry in _entries_of(db, _person_of(db, document).pseudonym))


def _confirmed(
    db: Session, document: evidence.DocumentRow
) -> tuple[people.PersonRow, int, str, Sequence[evidence.EntryRow]]:
    params = document.params
    person = _person_of(db, document)
    entries = evidence.entries(db, params["entries"])
    year = int(params.get("school_year") or people.school_year(document.requested_at.date()))
    return person, year, str(params.get("language") or "en"), [entries[seq] for seq in sorted(entries)]


def _person_of(db: Session, document: evidence.DocumentRow) -> people.PersonRow:
    if "person_id" in document.params:
        return people.person_by_id(db, int(document.params["person_id"]))
    found = people.persons_by_pseudonym(db, [document.subject])
    if document.subject not in found:
        raise NotFound(_("There is no such person."))
    return found[document.subject]


def _entries_of(db: Session, pseudonym: str) -> list[evidence.EntryRow]:
    both = {entry.seq: entry for entry in evidence.entries_about(db, pseudonym)}
    both |= {entry.seq: entry for entry in evidence.entries_by(db, pseudonym)}
    recorded = [entry for entry in both.values() if entry.kind != "exported"]
    return sorted(recorded, key=lambda entry: entry.seq)


def _parts(db: Session, person: people.PersonRow) -> list[str]:
    """What the person is to the school, in words that tell them apart from a namesake."""
    found: list[str] = []
    if person.is_child:
        child = people.child_by_id(db, person.person_id)
        found.append(_("Child, class %(name)s", name=child.class_name) if child.class_name else _("Child"))
    if person.is_guardian:
        links = people.children_of(db, person.person_id)
        names = ", ".join(f"{link.child.full_name} ({link.child.class_name})" for link in links)
        found.append(_("Parent or carer of %(names)s", names=names) if names else _("Parent or carer"))
    if person.is_staff:
        member = people.staff_member(db, person.person_id)
        found.append(_("Member of staff: %(post)s", post=member.post) if member.post else _("Member of staff"))
    return found


def _standings(db: Session, person: people.PersonRow) -> list[Standing]:
    years = {row.school_year for row in signing.signatures_of(db, person.person_id)}
    now = people.school_year(clock.today())
    found: list[Standing] = []
    for year in sorted(years | {now}, reverse=True):
        found.extend(
            Standing(
                year,
                words.channel_of(row.agreement_key, RULES),
                row.status,
                words.channel_of(row.status, words.REQUESTS),
                row.asked_at,
                row.due_on,
                row.settled_at,
            )
            for row in signing.standing(db, person.person_id, year)
        )
    return found


def events(db: Session, person: people.PersonRow, entries: Sequence[evidence.EntryRow]) -> list[Event]:
    """What happened to and by a person, acts and messages in one line of time, oldest first."""
    told = [
        Event(
            Moment(row.sent_at or row.queued_at),
            _("E-mail: %(subject)s", subject=row.subject),
            f"{row.to_address}, {words.channel_of(row.status, words.MESSAGES)}",
            0,
        )
        for row in notifications.messages_to(db, person.pseudonym)
    ]
    done = [Event(act.at, act.headline, _about(act, person), act.seq) for act in story.acts(db, entries)]
    return sorted(done + told, key=lambda event: (event.at.at, event.seq))


def _about(act: story.Act, person: people.PersonRow) -> str:
    parts: list[str] = []
    if act.wording is not None:
        parts.append(_("%(title)s, version %(number)s", title=act.wording.title, number=act.wording.version))
    if act.about and act.about != person.full_name:
        parts.append(_("for %(name)s", name=act.about))
    if act.by and act.by != person.full_name:
        parts.append(_("by %(name)s", name=act.by))
    if act.recorded_by:
        parts.append(_("recorded by %(name)s", name=act.recorded_by))
    parts.append(act.channel)
    if act.reason:
        parts.append(f"“{act.reason}”")
    return ", ".join(parts)
