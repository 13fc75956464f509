"""Documents that prove who agreed to what, the ledger's health, and the messages on their way."""

from __future__ import annotations

from flask import Response, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, documents, evidence, notifications, people
from oval_aup import reports as readings
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.monitoring import ledger_audit
from oval_aup.web import delivery_status
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go, page_or_partial
from oval_aup.web.unit_of_work import afterwards, settings

FIGURES = "figures_report"
SHOWN = 50
SHOWN_MAIL = 100
TROUBLED = ("failed", "bounced", "uncertain")
ON_THE_WAY = ("queued", "waiting", "sending")


@bp.get("/office/evidence")
@allow("reports.read")
def reports() -> Response:
    """List the documents and the ledger's state, and offer new reports."""
    may_see = current_visitor().may("records.read")
    newest = documents.newest_documents(g.db, SHOWN, kind="" if may_see else FIGURES)
    names = people.persons_by_pseudonym(g.db, [row.subject for row in newest])
    rooms = {row.public_id: row.name for row in people.classes(g.db)}
    head = evidence.head(g.db)
    return page_or_partial(
        "admin/reports.html",
        "admin/_documents.html",
        year=people.school_year(clock.today()),
        late=documents.overdue_documents(g.db),
        failed=documents.pending_documents(g.db).failed,
        documents=newest,
        subjects={row.public_id: _subject(row, names, rooms) for row in newest},
        waiting=any(row.status in ("pending", "rendering") for row in newest),
        classes=people.classes(g.db) if may_see else (),
        head=head,
        checked=ledger_audit.last_check(settings().shared),
        newest=evidence.entries(g.db, [head.size]).get(head.size),
        words=labels,
    )


def _subject(row: documents.DocumentRow, names: dict[str, people.PersonRow], rooms: dict[str, str]) -> str:
    if row.subject in names:
        return names[row.subject].full_name
    if row.subject in rooms:
        return _("Class %(name)s", name=rooms[row.subject])
    return _("Whole school") if row.subject == "school" else ""


@bp.post("/office/evidence")
@allow("reports.make")
def order_report() -> ResponseReturnValue:
    """Order a completion report about a class or the whole school; twice within a minute is one order."""
    year = people.school_year(clock.today())
    chosen = typed("class")
    minute = f"{clock.now():%Y-%m-%dT%H:%M}"
    actor = current_actor("office")
    if chosen:
        room = people.school_class(g.db, chosen)
        documents.request_document(
            g.db,
            kind="class_report",
            subject=room.public_id,
            params={"class_id": room.id, "school_year": year},
            dedupe_key=f"class-report:{room.public_id}:{year}:{minute}",
            requested_by_id=actor.person_id,
        )
    else:
        documents.request_document(
            g.db,
            kind="school_report",
            subject="school",
            params={"school_year": year},
            dedupe_key=f"school-report:{year}:{minute}",
            requested_by_id=actor.person_id,
        )
    flash(_("The report is being prepared. It appears below within a minute."))
    return go(url_for(".reports"))


@bp.post("/office/evidence/figures")
@allow("reports.read")
def order_figures() -> ResponseReturnValue:
    """Order the whole school's figures, which name nobody; twice within a minute is one order."""
    year = people.school_year(clock.today())
    documents.request_document(
        g.db,
        kind=FIGURES,
        subject="school",
        params={"school_year": year},
        dedupe_key=f"{FIGURES}:{year}:{clock.now():%Y-%m-%dT%H:%M}",
        requested_by_id=current_actor("office").person_id,
    )
    flash(_("The report is being prepared. It appears below within a minute."))
    return go(url_for(".reports"))


@bp.get("/office/figures/<public_id>")
@allow("reports.read")
def figures(public_id: str) -> Response:
    """Hand out finished figures; a document that names people is not found here."""
    row = documents.document(g.db, public_id)
    if row.kind != FIGURES:
        raise NotFound
    return _pdf(row)


@bp.get("/office/documents/<public_id>")
@allow("records.read")
def document(public_id: str) -> Response:
    """Hand out a finished document; what went out is kept, whatever newer one follows it."""
    response = _pdf(documents.document(g.db, public_id))
    afterwards(lambda db: documents.note_handed_out(db, public_id))
    return response


def _pdf(row: documents.DocumentRow) -> Response:
    kind = "application/json" if documents.KINDS[row.kind].is_plain else "application/pdf"
    response = Response(documents.document_bytes(g.db, row.public_id), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{readings.file_name(g.db, row)}"'
    return response


@bp.post("/office/documents/<public_id>/retry")
@allow("reports.make")
def retry_document(public_id: str) -> ResponseReturnValue:
    """Put a document back in the queue that could not be made."""
    documents.retry_document(g.db, public_id)
    flash(_("We’re trying it again."))
    return go(url_for(".reports"))


@bp.post("/office/documents/retry")
@allow("reports.make")
def retry_documents() -> ResponseReturnValue:
    """Put every document back in the queue that could not be made; a second press finds none."""
    number = documents.retry_documents(g.db)
    nothing = _("There was nothing to try again.")
    tried = ngettext("One document is tried again.", "%(num)s documents are tried again.", number)
    flash(tried if number else nothing)
    return go(url_for(".reports"))


@bp.get("/office/evidence/check")
@allow("reports.read")
def check_ledger() -> str:
    """Read the whole ledger back and say whether it is what was written."""
    verdict = ledger_audit.check(g.db, settings().shared)
    return render_template("admin/ledger.html", verdict=verdict, checked_at=clock.now())


@bp.get("/office/mail")
@allow("people.read")
def mail() -> str:
    """Show the outcome of the messages; never what they say, nor the links they carry."""
    rows = notifications.messages_in(g.db, TROUBLED, SHOWN_MAIL)
    on_the_way = notifications.messages_in(g.db, ON_THE_WAY, SHOWN_MAIL)
    sent = notifications.messages_in(g.db, ("sent",), SHOWN_MAIL // 4)
    wrong = campaigns.wrong_bounces(g.db)
    year, most = people.school_year(clock.today()), readings.NEED_KINDS["bounced"].most
    bouncing = readings.needs(g.db, year, each=most, kind="bounced").get("bounced", ())  # as the home page counts them
    recipients = {row.recipient for row in (*rows, *on_the_way, *sent)} | {row.pseudonym for row in wrong}
    names = people.persons_by_pseudonym(g.db, recipients)
    return render_template(
        "admin/mail.html",
        troubled=rows,
        on_the_way=on_the_way,
        sent=sent,
        names=names,
        unsent=len(campaigns.unsent_letters(g.db)),
        counts=notifications.outbox_counts(g.db),
        bad=notifications.troubled_addresses(g.db, [row.to_address for row in rows]),
        wrong=wrong,
        bouncing=len(bouncing),
        test=notifications.latest(g.db, "test"),
        state=delivery_status.state,
        words=labels,
    )


@bp.post("/office/mail/<public_id>/retry")
@allow("campaign.run")
def retry_mail(public_id: str) -> ResponseReturnValue:
    """Send a message again that failed, as somebody in the office decided; a message on its way is left alone."""
    row = notifications.message(g.db, public_id)
    said = _("We’re sending it again.")
    if row.status in TROUBLED:
        try:
            campaigns.send_once_more(g.db, public_id)
        except Conflict as refusal:
            said = refusal.message
    flash(said)
    return go(url_for(".mail"))


@bp.post("/office/mail/retry")
@allow("campaign.run")
def retry_unsent() -> ResponseReturnValue:
    """Send again all that failed and still holds; a second press finds none."""
    number = campaigns.send_unsent(g.db)
    nothing = _("There was nothing to send again.")
    sent = ngettext("One message is sent again.", "%(num)s messages are sent again.", number)
    flash(sent if number else nothing)
    return go(url_for(".mail"))
