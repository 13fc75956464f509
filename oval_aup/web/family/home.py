"""The family page: what waits, what I signed, what I chose for each child, and my receipts."""

from __future__ import annotations

from flask import Response, g, render_template
from flask.typing import ResponseReturnValue

from oval_aup import agreements, campaigns, consent, documents, people, signing
from oval_aup.core.errors import NotFound
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.login import begin
from oval_aup.web.family.visits import guardian_id, listed, this_year
from oval_aup.web.htmx import go


@bp.get("/family")
@allow("family")
def home() -> str:
    """Show everything of mine, and what I can still do."""
    family = campaigns.family(g.db, guardian_id(), this_year())
    signing_session = campaigns.signing_session_of_family(g.db, guardian_id(), this_year())
    marks = _marks(family)
    uses = agreements.current(g.db, consent.AGREEMENT, language=family.guardian.language)
    return render_template(
        "family/home.html",
        family=family,
        half_done=signing_session is not None and signing_session.status == "reading",
        younger=listed([each.child.forename for each in family.younger]),
        refused_for=listed([each.child.forename for each in family.refused_for]),
        undeclared=listed([each.child.forename for each in family.undeclared]),
        choosing=listed([each.child.forename for each in family.choosing]),
        not_in_use=campaigns.not_in_use(g.db, family),
        marks=marks,
        names={each.child.person_id: each.child.forename for each in family.children},
        wordings=agreements.wordings(g.db, {row.version_text_id for row in marks}),
        wording=uses,
        uses=[use for use in consent.purposes_in(uses) if use.basis == "consent"],
        as_html=agreements.as_html,
        receipts=_receipts(family.guardian) if family.children else (),
    )


def _marks(family: campaigns.Family) -> tuple[signing.SignatureRow, ...]:
    """What this guardian answered for themselves and on behalf of their children, newest first."""
    guardian, mine = family.guardian.person_id, {each.child.person_id for each in family.children}
    return tuple(
        row
        for row in reversed(signing.signatures_of(g.db, guardian))
        if mine
        and row.agreement_key != "staff"
        and row.stands
        and row.outcome in ("signed", "declined")
        and row.signed_by_id == guardian
        and (row.person_id == guardian or row.person_id in mine)
    )


@bp.get("/family/answers/<public_id>")
@allow("family")
def answered(public_id: str) -> str:
    """Show the words that one of my answers was about, as they were then."""
    family = campaigns.family(g.db, guardian_id(), this_year())
    row = next((row for row in _marks(family) if row.public_id == public_id), None)
    if row is None:
        raise NotFound
    return render_template(
        "family/answered.html",
        row=row,
        wording=agreements.wording(g.db, row.version_text_id),
        as_html=agreements.as_html,
        name=next((each.child.forename for each in family.children if each.child.person_id == row.person_id), ""),
    )


def _receipts(guardian: people.GuardianRow) -> tuple[documents.DocumentRow, ...]:
    return tuple(row for row in documents.documents_about(g.db, guardian.pseudonym) if row.kind == "receipt")


@bp.post("/family/start")
@allow("family")
def start() -> ResponseReturnValue:
    """Begin what waits, or go on where I stopped."""
    return go(begin(guardian_id()))


@bp.get("/family/receipts/<public_id>")
@allow("family")
def receipt(public_id: str) -> ResponseReturnValue:
    """Hand out my own receipt, or say that it is still being prepared."""
    document = documents.document(g.db, public_id)
    guardian = people.guardian(g.db, guardian_id())
    closed = not people.children_of(g.db, guardian.person_id)
    if closed or document.subject != guardian.pseudonym or document.kind != "receipt":
        raise NotFound
    if not document.is_ready:
        unit_of_work.afterwards(lambda db: documents.wait_for(db, public_id), patience=0.1)
        return render_template("family/receipt-pending.html", document=document), 202
    name = f"receipt-{document.requested_at:%Y-%m-%d}.pdf"
    return Response(
        documents.document_bytes(g.db, public_id),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
