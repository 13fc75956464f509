"""The destruction certificate: what was destroyed, how much, on which basis, by whom and when; it names nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import documents, evidence, people, retention
from oval_aup.core import templating
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports.built import BuiltDocument, builds
from oval_aup.reports.document_labels import Moment


@dataclass(frozen=True, slots=True)
class Destroyed:
    """One person's record, by its number, or old things of one kind."""

    row: retention.ErasureRow
    number: str
    """The person's pseudonym; empty for old things."""
    name: str
    """What kind of old things."""
    at: Moment
    entry: evidence.EntryRow


@builds("destruction_certificate")
def build_certificate(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The certificate of one decision, carried out; raises NotFound where nothing of it was."""
    rows = _rows(db, document)
    if not rows:
        raise NotFound(_("There is nothing that this certificate could state."))
    first = rows[0].row
    html = templating.page(
        "pdf/destruction_certificate.html",
        school=school,
        document=document,
        head=head,
        language="en",
        title=_("Destruction certificate"),
        rows=rows,
        entries=sum(each.row.entries for each in rows),
        removed=_totals(rows),
        removed_words=retention.REMOVED,
        basis=_(retention.BASES[first.basis]),
        received_on=first.received_on,
        decided_by=_decider(db, first),
        decided_at=Moment(first.ordered_at),
        approved_by=people.person_by_id(db, first.approved_by_id).full_name if first.approved_by_id else "",
        approved_at=Moment(first.approved_at) if first.approved_at else None,
        made_at=Moment(head.signed_at),
    )
    return BuiltDocument(html, evidence.bare_entries(db, [each.entry.seq for each in rows]))


def _rows(db: Session, document: documents.DocumentRow) -> Sequence[Destroyed]:
    wanted = set(document.params["erasures"])
    found = [
        row
        for row in reversed(retention.erasures(db, batch=document.subject, limit=10_000))
        if row.public_id in wanted and row.ledger_seq is not None
    ]
    persons = people.persons_by_id(db, [row.person_id for row in found if row.person_id is not None])
    entries = evidence.entries(db, [row.ledger_seq or 0 for row in found])
    return [
        Destroyed(
            row,
            persons[row.person_id].pseudonym if row.person_id in persons else "",
            _(retention.RECORD_TYPES[row.what].name) if row.what in retention.RECORD_TYPES else "",
            Moment(entries[row.ledger_seq or 0].at),
            entries[row.ledger_seq or 0],
        )
        for row in found
    ]


def _totals(rows: Sequence[Destroyed]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in rows:
        for kind, number in each.row.removed.items():
            totals[kind] = totals.get(kind, 0) + number
    return {kind: totals[kind] for kind in retention.REMOVED if kind in totals}


def _decider(db: Session, row: retention.ErasureRow) -> str:
    if row.ordered_by_id is None:
        return _("the school office, by command on the server")
    return people.person_by_id(db, row.ordered_by_id).full_name
