"""The statement of what stood for one person at a moment, as a document."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from oval_aup import documents, evidence, people
from oval_aup.core import templating
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports import ledger_acts as story
from oval_aup.reports.as_at import AsAt, as_at_of
from oval_aup.reports.built import BuiltDocument, builds
from oval_aup.reports.document_labels import Moment
from oval_aup.reports.documents_person import RULES, identity
from oval_aup.reports.exports import VERDICTS
from oval_aup.reports.request_status import STATES


@builds("as_at")
def build_as_at(
    db: Session, document: documents.DocumentRow, *, school: School, head: evidence.SignedHead
) -> BuiltDocument:
    """The statement; raises Conflict for a moment before the record began, of which there is nothing to state."""
    statement = _statement(db, document)
    if statement.before_record:
        raise Conflict(_("Nothing had been recorded by then, so there is nothing to state."))
    shown = set(statement.entries)
    acts = [act for act in statement.acts if act.seq in shown]
    html = templating.page(
        "pdf/as_at.html",
        school=school,
        document=document,
        head=head,
        language="en",
        title=_("Position on a past date"),
        statement=statement,
        asked=Moment(statement.past.at),
        made_at=Moment(head.signed_at),
        titles=RULES,
        parts=identity(db, statement.person, child=statement.child_row),
        states=STATES,
        verdicts=VERDICTS,
        acts=acts,
        wordings=story.wordings_of(acts, story.MARKS | story.CHOICES),
    )
    return BuiltDocument(html, tuple(entry for entry in statement.bare if entry.seq in shown))


def _statement(db: Session, document: documents.DocumentRow) -> AsAt:
    person = people.person_by_id(db, int(document.params["person_id"]))
    return as_at_of(db, person, dt.datetime.fromisoformat(document.params["at"]))
