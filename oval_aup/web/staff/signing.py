"""A staff member's own signing: what is owed, the rules, the check, the signature and the receipt."""

from __future__ import annotations

from flask import Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import agreements, campaigns, documents, people, signing
from oval_aup.core import clock, i18n
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.web import unit_of_work
from oval_aup.web.access import allow, current_actor, current_person
from oval_aup.web.forms import ticked, typed
from oval_aup.web.htmx import go
from oval_aup.web.shown_wording import read_shown
from oval_aup.web.staff.blueprint import bp
from oval_aup.web.staff.forms import DeclarationsForm

AGREEMENT = "staff"


@bp.get("/staff")
@allow("sign.own")
def home() -> str:
    """Show what I owe this school year and what I signed."""
    person = current_person()
    year = people.school_year(clock.today())
    standing = signing.standing(g.db, person.person_id, year)
    signing_session = signing.latest_signing_session(g.db, person.person_id, year, pages=AGREEMENT)
    marks = _marks_of(person)
    return render_template(
        "staff/home.html",
        someone=person,
        year=year,
        owed=next((row for row in standing if row.agreement_key == AGREEMENT), None),
        family_owes=any(row.agreement_key == "parents" and row.is_outstanding for row in standing),
        half_read=signing_session is not None and signing_session.status == "reading",
        receipt=_receipt_of(signing_session),
        marks=marks,
        wordings=_wordings(marks),
    )


def _marks_of(person: people.PersonRow) -> tuple[signing.SignatureRow, ...]:
    """The staff rules this person answered, newest first."""
    rows = signing.signatures_of(g.db, person.person_id)
    own = [row for row in rows if row.agreement_key == AGREEMENT and row.person_id == person.person_id]
    return tuple(row for row in reversed(own) if row.stands and row.outcome in {"signed", "declined"})


def _wordings(marks: tuple[signing.SignatureRow, ...]) -> dict[int, agreements.Wording]:
    return agreements.wordings(g.db, {row.version_text_id for row in marks})


def _receipt_of(signing_session: signing.SigningSessionRow | None) -> documents.DocumentRow | None:
    return documents.document(g.db, signing_session.receipt) if signing_session and signing_session.receipt else None


@bp.post("/staff/rules/start")
@allow("sign.own")
def start() -> ResponseReturnValue:
    """Begin reading, or go on where I stopped; only this post counts as having started."""
    campaigns.begin_for_staff(g.db, current_person().person_id, actor=current_actor())
    return go(url_for(".rules"))


@bp.get("/staff/rules")
@allow("sign.own")
def rules() -> ResponseReturnValue:
    """Show the rules to read and, since the last signature, what changed."""
    signing_session = _signing_session()
    if signing_session.status != "reading":
        return go(url_for(".home"))
    return _rules_page(DeclarationsForm.kept(signing_session.draft), ticked=bool(signing_session.draft.get("read")))


@bp.post("/staff/rules")
@allow("sign.own")
def rules_read() -> ResponseReturnValue:
    """Keep that the rules were read, and whatever was declared with them."""
    signing_session = _signing_session()
    form = DeclarationsForm.read()
    if not ticked("read"):
        return _rules_page(form, errors={"read": _("Tick the box when you have read the rules.")}), 422
    shown = read_shown()
    if not shown:
        raise Conflict(_("These rules were not shown in this visit. Please read them here, then tick the box."))
    draft = {"journey": AGREEMENT, "read": True, "shown_sha256": shown, "declarations": form.told}
    signing.save_draft(g.db, signing_session.public_id, draft)
    return go(url_for(".check"))


def _rules_page(form: DeclarationsForm, *, ticked: bool = False, errors: dict[str, str] | None = None) -> str:
    wording = agreements.current(g.db, AGREEMENT, language=i18n.language())
    marks = tuple(row for row in _marks_of(current_person()) if row.outcome == "signed")
    earlier = _wordings(marks[:1]).get(marks[0].version_text_id) if marks else None
    return render_template(
        "staff/rules.html",
        wording=wording,
        as_html=agreements.as_html,
        last_signed=marks[0] if marks else None,
        changed=agreements.changed_clauses(earlier, wording) if earlier else frozenset(),
        form=form,
        ticked=ticked,
        errors=errors or {},
    )


@bp.get("/staff/rules/answered/<public_id>")
@allow("sign.own")
def rules_answered(public_id: str) -> str:
    """Show the very words of one of my own answers, to read again; NotFound for anybody else’s."""
    row = next((row for row in _marks_of(current_person()) if row.public_id == public_id), None)
    if row is None:
        raise NotFound
    wording = _wordings((row,))[row.version_text_id]
    return render_template("staff/rules-answered.html", wording=wording, row=row, as_html=agreements.as_html)


@bp.get("/staff/rules/check")
@allow("sign.own")
def check() -> ResponseReturnValue:
    """Restate what will be recorded and ask for the name."""
    signing_session = _signing_session()
    if signing_session.status != "reading" or not signing_session.draft.get("read"):
        return go(url_for(".rules"))
    return _check_page(signing_session)


@bp.post("/staff/rules/check")
@allow("sign.own")
def sign() -> ResponseReturnValue:
    """Sign; the same post twice is one signature."""
    signing_session = _signing_session()
    name = typed("typed_name")
    try:
        campaigns.sign_for_staff(
            g.db,
            signing_session,
            typed_name=name,
            mark=signing.read_mark(request.form.get("mark", "")),
            shown_sha256=read_shown(),
            declarations=DeclarationsForm.kept(signing_session.draft).for_the_record,
            school=unit_of_work.settings().school,
            actor=current_actor(),
        )
    except Invalid as refusal:
        return _check_page(signing_session, name=name, errors=refusal.fields), 422
    return go(url_for(".done"))


def _check_page(
    signing_session: signing.SigningSessionRow, *, name: str = "", errors: dict[str, str] | None = None
) -> str:
    return render_template(
        "staff/check.html",
        someone=current_person(),
        signing_session=signing_session,
        wording=agreements.current(g.db, AGREEMENT, language=signing_session.language),
        declared=DeclarationsForm.kept(signing_session.draft).in_words,
        name=name,
        drawn="" if "mark" in (errors or {}) else request.form.get("mark", ""),
        errors=errors or {},
    )


@bp.get("/staff/rules/done")
@allow("sign.own")
def done() -> ResponseReturnValue:
    """Thank, and say what happens next."""
    signing_session = _signing_session()
    if signing_session.status != "signed":
        return go(url_for(".home"))
    member = people.staff_member(g.db, signing_session.person_id)
    return render_template(
        "staff/done.html", member=member, signing_session=signing_session, receipt=_receipt_of(signing_session)
    )


@bp.get("/staff/rules/decline")
@allow("sign.own")
def decline() -> ResponseReturnValue:
    """Ask for a reason, which nobody has to give."""
    if _signing_session().status != "reading":
        return go(url_for(".home"))
    return _decline_page()


@bp.post("/staff/rules/decline")
@allow("sign.own")
def decline_now() -> ResponseReturnValue:
    """Record the refusal and tell the office."""
    reason = typed("reason", longest=4000)
    try:
        campaigns.decline_for_staff(
            g.db,
            _signing_session(),
            reason=reason,
            shown_sha256=read_shown(),
            school=unit_of_work.settings().school,
            actor=current_actor(),
        )
    except Invalid as refusal:
        return _decline_page(reason=reason, errors=refusal.fields), 422
    return go(url_for(".home"))


def _decline_page(*, reason: str = "", errors: dict[str, str] | None = None) -> str:
    wording = agreements.current(g.db, AGREEMENT, language=i18n.language())
    return render_template("staff/decline.html", wording=wording, reason=reason, errors=errors or {})


@bp.get("/staff/receipts/<public_id>")
@allow("sign.own")
def receipt(public_id: str) -> ResponseReturnValue:
    """Hand out my own receipt, or say that it is still being prepared."""
    document = documents.document(g.db, public_id)
    if document.subject != current_person().pseudonym or document.kind != "receipt":
        raise NotFound
    if not document.is_ready:
        unit_of_work.afterwards(lambda db: documents.wait_for(db, public_id), patience=0.1)
        return render_template("staff/receipt-pending.html", document=document), 202
    response = Response(documents.document_bytes(g.db, public_id), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{document.requested_at:%Y-%m-%d}.pdf"'
    return response


def _signing_session() -> signing.SigningSessionRow:
    """This school year's signing session of the person who is logged in; before the first, back to where it starts."""
    year = people.school_year(clock.today())
    signing_session = signing.latest_signing_session(g.db, current_person().person_id, year, pages=AGREEMENT)
    if signing_session is None:
        abort(redirect(url_for(".home"), 303))
    return signing_session
