"""Turns a wanted document into the finished paper to print, from what the rooms know at that moment."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy.orm import Session

from oval_aup import evidence, people, printing
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports import (
    documents_as_at,
    documents_class,
    documents_destroyed,
    documents_person,
    documents_subject_access,
    ledger_acts,
)

_BUILDERS = {
    "receipt": documents_person.receipt_html,
    "record": documents_person.record_html,
    "as_at": documents_as_at.as_at_html,
    "subject_access": documents_subject_access.subject_access_html,
    "class_report": documents_class.class_report_html,
    "school_report": documents_class.school_report_html,
    "figures_report": documents_class.figures_report_html,
    "destruction_certificate": documents_destroyed.certificate_html,
}
_SEQS = {
    "receipt": documents_person.receipt_seqs,
    "record": documents_person.record_seqs,
    "as_at": documents_as_at.as_at_seqs,
    "destruction_certificate": documents_destroyed.certificate_seqs,
}

_FILE_NAMES = {
    "receipt": "receipt",
    "record": "record",
    "as_at": "as-at",
    "subject_access": "subject-access",
    "subject_access_data": "subject-access",
    "class_report": "class-report",
    "school_report": "school-report",
    "figures_report": "school-figures",
    "destruction_certificate": "destruction-certificate",
}


def paper(
    db: Session, document: evidence.DocumentRow, *, school: School, head: evidence.SignedHead
) -> printing.PrintJob:
    """Build one document; receipts and records carry the ledger entries they show as ``record.json``.

    ``head`` is the ledger's as of this unit of work, and its moment is when the document was made: it may have waited
    since it was ordered, and tells nothing of then. Raises NotFound when what it is about is no longer there.
    """
    builder = _BUILDERS.get(document.kind)
    if builder is None:
        raise NotFound(_("There is no such kind of document."))
    html = builder(db, document, school=school, head=head)
    embedded: tuple[printing.EmbeddedFile, ...] = ()
    if document.kind in _SEQS:
        seqs = _SEQS[document.kind](db, document)
        content = ledger_acts.evidence_file(db, seqs, document=document, school=school, head=head)
        embedded = (printing.EmbeddedFile(evidence.RECORD_NAME, _("The ledger entries of this document"), content),)
    if document.kind == "subject_access":
        content = documents_subject_access.subject_access_data(db, document, school=school, made_at=head.signed_at)
        name = documents_subject_access.DATA_NAME
        embedded = (printing.EmbeddedFile(name, _("The same for a computer"), content),)
    return printing.PrintJob(html, head.signed_at, embedded)


def plain_file(db: Session, document: evidence.DocumentRow, *, school: School) -> bytes:
    """Build a document of one of ``evidence.PLAIN_KINDS``; raises NotFound as ``paper`` does."""
    return documents_subject_access.subject_access_data(db, document, school=school, made_at=clock.now())


def file_name(db: Session, document: evidence.DocumentRow) -> str:
    """A file name that says what it is, of which class, when it was asked for and by whom; whose it is, it never says.

    ``class-report-4c-2026-11-22-for-eve-ode-1f0c2a9b.pdf``. Somebody who asked for a document about themselves is not
    named, and what nobody asked for says ``automatic``.
    """
    extension = "json" if document.kind in evidence.PLAIN_KINDS else "pdf"
    room = people.school_class(db, document.subject).name if document.kind == "class_report" else ""
    parts = (
        _FILE_NAMES[document.kind],
        _plain_letters(room),
        f"{document.requested_at:%Y-%m-%d}",
        _asked_by(db, document),
        document.public_id[:8],
    )
    return "-".join(part for part in parts if part) + f".{extension}"


def _asked_by(db: Session, document: evidence.DocumentRow) -> str:
    if document.requested_by_id is None:
        return "automatic"
    person = people.person_by_id(db, document.requested_by_id)
    if document.requested_by_id == document.params.get("person_id") or person.pseudonym == document.subject:
        return ""
    name = _plain_letters(person.full_name)
    return f"for-{name}" if name else ""


def _plain_letters(text: str) -> str:
    """Text in the letters that every system takes in a file name, words joined by hyphens; empty in other scripts."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", bare))
