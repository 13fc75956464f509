"""Finding a person, their whole story, and the small repairs that keep them reachable."""

from __future__ import annotations

import datetime as dt

from flask import Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, campaigns, consent, documents, reports, retention, worklist
from oval_aup import people as school_people
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, Invalid, NotAllowed, NotFound
from oval_aup.core.i18n import _
from oval_aup.reports import told_apart
from oval_aup.web import delivery_status
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go, page_or_partial
from oval_aup.web.unit_of_work import settings

FOUND = 25


@bp.get("/office/people")
@allow("people.read")
def people() -> Response:
    """Find a person by any parts of a name, an email address or a telephone number."""
    sought = request.args.get("q", "").strip()[:100]
    found = school_people.search(g.db, sought, FOUND) if sought else ()
    ids = [row.person_id for row in found]
    return page_or_partial(
        "admin/people.html",
        "admin/_found.html",
        sought=sought,
        found=found,
        names=told_apart(school_people.children_by_id(g.db, [row.person_id for row in found if row.is_child]).values()),
        beside=reports.children_words(g.db, ids) if ids else {},
        phones=school_people.mobiles(g.db, ids),
        most=FOUND,
        roster_url=url_for(".roster_start") if current_visitor().may("roster.import") else "",
    )


@bp.get("/office/people/<public_id>")
@allow("people.read")
def person(public_id: str) -> ResponseReturnValue:
    """Tell one person's whole story; of somebody erased only what was decided: the rest would name their family."""
    if school_people.person(g.db, public_id).erased:
        return go(url_for(".keep_or_erase", public_id=public_id))
    return _page(public_id)


def kept(public_id: str) -> school_people.PersonRow:
    """Somebody there is something to be told about; raises NotFound for an erased person as for a stranger."""
    row = school_people.person(g.db, public_id)
    if row.erased:
        raise NotFound
    return row


def _page(public_id: str, errors: dict[str, str] | None = None, email: str | None = None) -> str:
    year = this_year()
    story = reports.history_of(g.db, public_id, year)
    return render_template(
        "admin/person.html",
        story=story,
        year=year,
        uses=consent.asked_purposes(g.db),
        owed=campaigns.owed_by(g.db, year, {story.person.person_id}).get(story.person.person_id),
        may_remind=_is_open(year),
        errors=errors or {},
        email=story.address if email is None else email,
        hold=retention.held(g.db, [story.person.person_id]).get(story.person.person_id),
        typed=request.form,
        notes=worklist.notes_about(g.db, story.person.person_id),
        staff_names={row.person_id: row.full_name for row in school_people.staff(g.db)},
        words=labels,
        verdicts=reports.VERDICTS,
        joined_to=school_people.joined_to(g.db, story.person.person_id),
        joined_records=school_people.joined_records(g.db, story.person.person_id),
        alike=school_people.possible_doubles(g.db, story.person.person_id),
        take_downs=consent.take_downs(g.db, child_id=story.child.person_id) if story.child else (),
    )


def _is_open(year: int) -> bool:
    row = campaigns.campaign_of(g.db, year)
    return row is not None and row.status == "open"


def this_year() -> int:
    """The school year of today."""
    return school_people.school_year(clock.today())


def back_to(public_id: str) -> ResponseReturnValue:
    """On to the person's page."""
    return go(url_for(".person", public_id=public_id))


def writable(public_id: str) -> school_people.PersonRow:
    """Somebody who may be written to; raises NotFound, or NotAllowed for a barred contact."""
    row = school_people.person(g.db, public_id)
    if row.is_guardian and not row.is_staff and not school_people.children_of(g.db, row.person_id):
        raise NotAllowed(_("This person must not be contacted, or has no child here any more."))
    return row


@bp.post("/office/people/<public_id>/address")
@allow("people.write")
def change_address(public_id: str) -> ResponseReturnValue:
    """Change the email address; links sent to the old one open nothing any more."""
    row = writable(public_id)
    if not (row.is_guardian or row.is_staff):
        raise Conflict(_("A child has no email address here."))
    email = typed("email")
    try:
        school_people.set_email(g.db, row.person_id, email, actor=current_actor("office"))
    except Invalid as problem:
        return _page(public_id, problem.fields, email), 422
    accounts.revoke_links(g.db, row.person_id, purpose="family")
    accounts.follow_addresses(g.db, actor=current_actor("office"))
    flash(_("The new address is saved. Links sent to the old one no longer work."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/address-works")
@allow("people.write")
def address_works(public_id: str) -> ResponseReturnValue:
    """Let mail go to an address again that had come back."""
    story = reports.history_of(g.db, public_id, this_year())
    if story.address:
        campaigns.let_mail_go_again(g.db, story.person, story.address, actor=current_actor("office"))
    flash(_("Mail goes to this address again."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/new-link")
@allow("campaign.run")
def new_link(public_id: str) -> ResponseReturnValue:
    """Send a guardian a fresh private link."""
    guardian = school_people.guardian(g.db, writable(public_id).person_id)
    flash(delivery_status.of_message(campaigns.send_new_link_to(g.db, guardian, school=settings().school)))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/remind")
@allow("campaign.run")
def remind_one(public_id: str) -> ResponseReturnValue:
    """Remind one person of everything they owe; once a day."""
    row = writable(public_id)
    outcome = campaigns.send_reminders(g.db, [row.person_id], school=settings().school, actor=current_actor("office"))
    sentences = {
        "nothing-owed": _("Nothing is left to do for this person."),
        "no-address": _("There is no email address to write to."),
        "stopped": _("The office has stopped writing to this person, so no reminder was sent."),
        "trouble": _("Emails to this address are bouncing. What to do is under “How to reach them”."),
        "reminded-today": _("This person was reminded today already."),
    }
    why = outcome.skipped.get(row.person_id, "")
    flash(sentences[why] if why else delivery_status.of_messages(1, _leaving_at()))
    return back_to(public_id)


def _leaving_at() -> dt.datetime:
    campaign = campaigns.campaign_of(g.db, this_year())
    return campaigns.leaving_at(settings().school, campaign) if campaign else clock.now()


@bp.post("/office/people/<public_id>/record")
@allow("reports.make")
def make_record(public_id: str) -> ResponseReturnValue:
    """Order the record of one person; a second click on the same state of things orders nothing new."""
    row = kept(public_id)
    actor = current_actor("office")
    documents.request_document(
        g.db,
        kind="record",
        subject=row.pseudonym,
        params={"person_id": row.person_id},
        dedupe_key=f"record:{row.public_id}:{clock.now():%Y-%m-%dT%H:%M}",
        requested_by_id=actor.person_id,
    )
    flash(_("The record is being prepared. It appears under Documents within a minute."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/subject-access")
@allow("reports.make")
def order_subject_access(public_id: str) -> ResponseReturnValue:
    """Order everything kept about one person, to read and for a computer; twice within a minute is one order."""
    row = kept(public_id)
    for kind in ("subject_access", "subject_access_data"):
        documents.request_document(
            g.db,
            kind=kind,
            subject=row.pseudonym,
            params={"person_id": row.person_id},
            dedupe_key=f"{kind}:{row.public_id}:{clock.now():%Y-%m-%dT%H:%M}",
            requested_by_id=current_actor("office").person_id,
        )
    flash(_("We’re making the files. They’ll appear under Documents within a minute."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/image-block")
@allow("images.block")
def image_block(public_id: str) -> ResponseReturnValue:
    """Stop every use of a child's pictures, or lift the stop; the reason is kept elsewhere."""
    child = school_people.child(g.db, kept(public_id).public_id)
    blocked = child.person_id in consent.blocked_children(g.db, [child.person_id])
    if request.form.get("act") == "block" and not blocked:
        consent.block(g.db, child, school_year=this_year(), actor=current_actor("office"))
        campaigns.tell_of_changes(g.db, school=settings().school)
        flash(_("No picture of this child may be used from now. Pictures in use are listed to be taken down."))
    elif request.form.get("act") == "lift" and blocked:
        consent.unblock(g.db, child, actor=current_actor("office"))
        flash(_("The stop is lifted. The parents’ choices count again."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/notes")
@allow("notes.write")
def write_note(public_id: str) -> ResponseReturnValue:
    """Write a short note about a person, which they are given if they ask what is kept about them."""
    row = kept(public_id)
    try:
        worklist.add_note(g.db, row.person_id, typed("note", 1001), actor=current_actor("office"))
    except Invalid as problem:
        return _page(public_id, problem.fields), 422
    flash(_("The note is saved."))
    return back_to(public_id)


@bp.post("/office/people/<public_id>/notes/<note_public_id>/remove")
@allow("notes.write")
def remove_note(public_id: str, note_public_id: str) -> ResponseReturnValue:
    """Remove the words of a note."""
    row = kept(public_id)
    worklist.remove_note(g.db, note_public_id, person_id=row.person_id, actor=current_actor("office"))
    flash(_("The note is removed."))
    return back_to(public_id)
