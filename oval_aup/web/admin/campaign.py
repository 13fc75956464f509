"""The sign-up of a school year: planned, checked, sent, and what goes next."""

from __future__ import annotations

import datetime as dt

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, notifications, people, signing
from oval_aup.agreements import AUDIENCES
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.i18n import _
from oval_aup.web import delivery_status
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.forms import as_typed, ticked, typed, typed_date
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings

USUAL_DAYS = "7, 14, 21"
SHOWN = 100


def _year() -> int:
    """The school year that the page or form is about: the present one, or the next where it can be planned."""
    asked = request.values.get("year", "")
    years = campaigns.years_to_plan(clock.today())
    return next((year for year in years if str(year) == asked), years[0])


def _page_url(endpoint: str) -> str:
    """The address of a page about the same school year."""
    year = _year()
    return url_for(endpoint) if year == people.school_year(clock.today()) else url_for(endpoint, year=year)


@bp.get("/office/campaign")
@allow("people.read")
def campaign() -> str:
    """Show how far the sign-up has come and what it sends next."""
    return _page()


def _page(errors: dict[str, str] | None = None) -> str:
    year = _year()
    row = campaigns.campaign_of(g.db, year)
    is_open = row is not None and row.status == "open"
    on = clock.today()
    planned = (
        campaigns.remind(g.db, on=on, dry_run=True, school=settings().school, actor=current_actor("office"))
        if is_open
        else ()
    )
    tomorrow = on + dt.timedelta(days=1)
    usual_start, usual_due = campaigns.usual_dates(settings().school, year)
    next_day = campaigns.terms_of(settings().school, row).first_school_day_from(tomorrow) if row else tomorrow
    return render_template(
        "admin/campaign.html",
        year=year,
        campaign=row,
        years=campaigns.years_to_plan(on),
        coverage=signing.coverage(g.db, year, class_ids=()),
        outbox=notifications.outbox_counts(g.db),
        planned=planned[:SHOWN],
        planned_count=len(planned),
        next_day=next_day,
        errors=errors or {},
        typed=request.form,
        opens=as_typed("opens", row.opens_on if row else usual_start),
        due=as_typed("due", row.due_on if row else usual_due),
        audiences=request.form.getlist("audience") or (row.audiences if row else AUDIENCES),
        days=request.form.get("days", ", ".join(map(str, row.reminder_days)) if row else USUAL_DAYS),
        words=labels,
    )


@bp.post("/office/campaign")
@allow("campaign.run")
def plan_campaign() -> ResponseReturnValue:
    """Save the plan; nothing is sent by saving it."""
    try:
        saved = _plan()
    except Invalid as problem:
        return _page({_FIELDS.get(name, name): words for name, words in problem.fields.items()}), 422
    except Conflict as problem:
        return _page({"opens": problem.message}), 422
    flash(_("The plan is saved. Nothing has been sent."))
    for sentence in campaigns.odd_dates(saved, settings().school):
        flash(f"{sentence} {_('Change it if you didn’t mean that.')}")
    return go(_page_url(".campaign_preview" if saved.status == "planned" else ".campaign"))


_FIELDS = {"opens_on": "opens", "due_on": "due", "reminder_days": "days"}


def _plan() -> campaigns.CampaignRow:
    faults: dict[str, str] = {}
    dates: dict[str, dt.date] = {}
    for name in ("opens", "due"):
        try:
            dates[name] = typed_date(name)
        except Invalid as problem:
            faults.update(problem.fields)
    days = [part.strip() for part in typed("days", 40).replace(" ", ",").split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in days):
        faults["days"] = _("Give numbers of days, such as 7, 14, 21.")
    if faults:
        raise Invalid(fields=faults)
    return campaigns.plan(
        g.db,
        school_year=_year(),
        audiences=[one for one in request.form.getlist("audience") if one in AUDIENCES],
        opens_on=dates["opens"],
        due_on=dates["due"],
        reminder_days=[int(part) for part in days],
        actor=current_actor("office"),
    )


@bp.get("/office/campaign/preview")
@allow("campaign.run")
def campaign_preview() -> ResponseReturnValue:
    """Show how many will be asked and who cannot be reached, before anything is sent."""
    row = campaigns.campaign_of(g.db, _year())
    if row is None or row.status != "planned":
        return go(_page_url(".campaign"))
    return render_template(
        "admin/campaign-preview.html",
        campaign=row,
        year=_year(),
        reach=_reach(row),
        list_from=campaigns.list_loaded_on(g.db) if campaigns.list_is_old(g.db, row.school_year) else None,
        words=labels,
    )


def _reach(row: campaigns.CampaignRow) -> dict[str, object]:
    """How many of each audience there are, and the adults whom no mail can reach."""
    guardians = people.guardians_asked(g.db) if "guardians" in row.audiences else ()
    staff = people.staff(g.db) if "staff" in row.audiences else ()
    children = people.children(g.db) if "children" in row.audiences else ()
    addresses = [one.email for one in guardians if one.email] + [one.work_email for one in staff if one.work_email]
    troubled = notifications.troubled_addresses(g.db, addresses)
    at_work = {one.person_id for one in staff if one.work_email}
    no_address = [one for one in guardians if not one.email and one.person_id not in at_work]
    bounced = [one for one in guardians if one.email in troubled]
    stopped = [one for one in guardians if one.writing_stopped]
    return {
        "guardians": len(guardians),
        "staff": len(staff),
        "children": len(children),
        "in_class": sum(1 for one in children if campaigns.way_of(one.year_group, settings().school) == "class"),
        "untold": people.roster.untold_now(people.undecided_links(g.db)) if guardians else (),
        "no_address": no_address[:SHOWN],
        "no_address_count": len(no_address),
        "bounced": bounced[:SHOWN],
        "bounced_count": len(bounced),
        "stopped": stopped[:SHOWN],
        "stopped_count": len(stopped),
        "messages": campaigns.planned_letters(g.db, row, school=settings().school),
    }


@bp.post("/office/campaign/open")
@allow("campaign.run")
def open_campaign() -> ResponseReturnValue:
    """Open the sign-up, or one that was ended; doing it again asks only those who joined since."""
    row = campaigns.campaign_of(g.db, _year())
    if row is None:
        raise Conflict(_("Plan the sign-up first."))
    asked = campaigns.open_campaign(
        g.db,
        row,
        again=ticked("again"),
        old_list=ticked("old_list"),
        school=settings().school,
        actor=current_actor("office"),
    )
    flash(delivery_status.of_messages(asked, campaigns.leaving_at(settings().school, row)))
    return go(_page_url(".campaign"))


@bp.post("/office/campaign/joiners")
@allow("campaign.run")
def ask_joiners() -> ResponseReturnValue:
    """Ask everybody who joined since the sign-up was opened."""
    asked = campaigns.ask_joiners(g.db, school=settings().school, actor=current_actor("office"))
    row = campaigns.campaign_of(g.db, campaigns.year_of_delivery(settings().school))
    if asked and row is not None:
        flash(delivery_status.of_messages(asked, campaigns.leaving_at(settings().school, row)))
    elif campaigns.year_of_delivery(settings().school) == people.school_year(clock.today()):
        flash(_("Everybody who has joined has been asked."))
    else:
        flash(_("The school is closed until next school year. Whoever joins now is asked in the next sign-up."))
    return go(_page_url(".campaign"))


@bp.post("/office/campaign/close")
@allow("campaign.run")
def close_campaign() -> ResponseReturnValue:
    """End the sign-up: no reminder goes any more, answers are still taken."""
    row = campaigns.campaign_of(g.db, _year())
    if row is None:
        raise Conflict(_("Plan the sign-up first."))
    campaigns.close_campaign(g.db, row.public_id, actor=current_actor("office"))
    flash(_("The sign-up has ended. No more reminders are sent; answers still count."))
    return go(_page_url(".campaign"))
