"""Turns a wanted document into the finished paper to print, from what the rooms know at that moment."""

from __future__ import annotations

import importlib
import pkgutil
import re
import unicodedata
from pathlib import Path

from sqlalchemy.orm import Session

from oval_aup import documents, evidence, people, printing
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports import documents_subject_access, ledger_acts
from oval_aup.reports.built import BUILDERS
from oval_aup.verifier.rules import RECORD_NAME

for _module in pkgutil.iter_modules([str(Path(__file__).parent)]):
    if _module.name.startswith("documents_"):  # where each builder says of which kind of document it is
        importlib.import_module(f"oval_aup.reports.{_module.name}")


def paper(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> printing.PrintJob:
    """Build one document; receipts and records carry the ledger entries they show as ``record.json``.

    ``head`` is the ledger's as of this unit of work, and its moment is when the document was made: it may have waited
    since it was ordered, and tells nothing of then. Raises NotFound when what it is about is no longer there.
    """
    builder = BUILDERS.get(document.kind)
    if builder is None:
        raise NotFound(_("There is no such kind of document."))
    built = builder(db, document, school=school, head=head)
    embedded: list[printing.EmbeddedFile] = []
    if built.entries is not None:
        content = ledger_acts.evidence_file(db, built.entries, document=document, school=school, head=head)
        embedded.append(printing.EmbeddedFile(RECORD_NAME, _("The ledger entries of this document"), content))
    if built.data:
        name = documents_subject_access.DATA_NAME
        embedded.append(printing.EmbeddedFile(name, _("The same for a computer"), built.data))
    return printing.PrintJob(built.html, head.signed_at, tuple(embedded))


def plain_file(db: Session, document: documents.DocumentRow, *, school: School) -> bytes:
    """Build a document of a kind that is plain; raises NotFound as ``paper`` does."""
    return documents_subject_access.subject_access_data(db, document, school=school, made_at=clock.now())


def file_name(db: Session, document: documents.DocumentRow) -> str:
    """A file name that says what it is, of which class, when it was asked for and by whom; whose it is, it never says.

    ``class-report-4c-2026-11-22-for-eve-ode-1f0c2a9b.pdf``. Somebody who asked for a document about themselves is not
    named, and what nobody asked for says ``automatic``.
    """
    kind = documents.KINDS[document.kind]
    room = people.school_class(db, document.subject).name if document.kind == "class_report" else ""
    parts = (
        kind.file_name,
        _plain_letters(room),
        f"{document.requested_at:%Y-%m-%d}",
        _asked_by(db, document),
        document.public_id[:8],
    )
    return "-".join(part for part in parts if part) + (".json" if kind.is_plain else ".pdf")


def _asked_by(db: Session, document: documents.DocumentRow) -> str:
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
