"""Documents about one person: the receipt they keep, and the record the office keeps."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from oval_aup import agreements, documents, evidence, people, signing
from oval_aup.core import clock, i18n, templating
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports import document_labels as words
from oval_aup.reports import ledger_acts as story
from oval_aup.reports.built import BuiltDocument, builds
from oval_aup.reports.document_labels import Moment
from oval_aup.reports.namesakes import apart
from oval_aup.reports.request_status import RequestStatus, RequestStatuses
from oval_aup.reports.timeline import events

RULES = {key: agreements.AGREEMENTS[key].title for key in agreements.SIGNED}


@builds("receipt")
def build_receipt(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The signer's receipt for what they answered, in the language they read."""
    person, school_year, chosen, entries = _confirmed(db, document)
    language = i18n.languages(chosen)  # of our own sentences; wordings keep theirs
    shown = story.acts(db, entries, language=language)
    if not shown:
        raise NotFound(_("There is nothing that this receipt could confirm."))
    with i18n.use_language(language):
        html = templating.page(
            "pdf/receipt.html",
            school=school,
            document=document,
            head=head,
            language=language,
            title=_("Receipt"),
            person=person,
            school_year=school_year,
            marks=[act for act in shown if act.kind in story.MARKS],
            choices=[act for act in shown if act.kind in story.CHOICES],
            others=[act for act in shown if act.kind not in story.MARKS | story.CHOICES],
            acts=shown,
            wordings=story.wordings_of(shown),
            picture_wordings=story.wordings_of(shown, story.CHOICES),
            clause_kinds=words.CLAUSE_KINDS,
            made_at=Moment(head.signed_at),
        )
    return BuiltDocument(html, evidence.bare_entries(db, [entry.seq for entry in entries]))


@builds("record")
def build_record(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The office's record: everything ever asked of, told to, answered and corrected by or about one person."""
    person = _person_of(db, document)
    entries = _entries_of(db, person.pseudonym)
    everything = story.acts(db, entries)
    shown = [act for act in everything if act.kind in story.MARKS | story.CHOICES]
    html = templating.page(
        "pdf/record.html",
        school=school,
        document=document,
        head=head,
        language="en",
        title=_("Record"),
        person=person,
        parts=identity(db, person),
        standings=_standings(db, person),
        titles=RULES,
        marks=[act for act in shown if act.kind in story.MARKS],
        choices=[act for act in shown if act.kind in story.CHOICES],
        acts=shown,
        wordings=story.wordings_of(shown),
        picture_wordings=story.wordings_of(shown, story.CHOICES),
        clause_kinds=words.CLAUSE_KINDS,
        events=events(db, person, entries),
        made_at=Moment(head.signed_at),
    )
    return BuiltDocument(html, evidence.bare_entries(db, [entry.seq for entry in entries]))


def _confirmed(
    db: Session, document: documents.DocumentRow
) -> tuple[people.PersonRow, int, str, Sequence[evidence.EntryRow]]:
    params = document.params
    person = _person_of(db, document)
    entries = evidence.entries(db, params["entries"])
    year = int(params.get("school_year") or people.school_year(document.requested_at.date()))
    return person, year, str(params.get("language") or "en"), [entries[seq] for seq in sorted(entries)]


def _person_of(db: Session, document: documents.DocumentRow) -> people.PersonRow:
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


def identity(
    db: Session, person: people.PersonRow, *, with_children: bool = True, child: people.ChildRow | None = None
) -> list[tuple[str, str]]:
    """Who a document is about, in labelled facts that tell them apart from anybody of the same name.

    ``child`` is the child's own row, where it has been read already.
    """
    found: list[tuple[str, str]] = []
    if person.is_child:
        child = child or people.child_by_id(db, person.person_id)
        number = people.pupil_number(db, person.person_id)
        found.append((_("Date of birth"), _("erased") if person.erased else templating.day(child.born_on)))
        found += [(_("Unique pupil number (UPN)"), number)] if number else []
        at_school = _("Child, class %(name)s", name=child.class_name) if child.class_name else _("Child")
        found.append((_("At this school"), at_school))
    if person.is_guardian:
        links = people.children_of(db, person.person_id) if with_children else ()
        names = ", ".join(_child_and_class(link.child) for link in links)
        found.append(
            (_("At this school"), _("Parent or carer of %(names)s", names=names) if names else _("Parent or carer"))
        )
    if person.is_staff:
        member = people.staff_member(db, person.person_id)
        post = _("Member of staff: %(post)s", post=member.post) if member.post else _("Member of staff")
        found.append((_("At this school"), post))
    return found


def _child_and_class(child: people.ChildRow) -> str:
    born = _("born %(day)s", day=templating.day(child.born_on))
    return f"{apart(child.full_name)} ({', '.join(part for part in (child.class_name, born) if part)})"


def _standings(db: Session, person: people.PersonRow) -> list[RequestStatus]:
    years = {row.school_year for row in signing.signatures_of(db, person.person_id)}
    now = people.school_year(clock.today())
    read = RequestStatuses(db)
    return [
        read.of(row)
        for year in sorted(years | {now}, reverse=True)
        for row in signing.standing(db, person.person_id, year)
    ]
