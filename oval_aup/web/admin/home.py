"""The office's first screen: how far the school year has come, and what only a person can put right."""

from __future__ import annotations

import datetime as dt

from flask import abort, current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import backups, campaigns, documents, people, reports, worklist
from oval_aup.core import clock
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.monitoring import ledger_audit
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin import charts, labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.forms import as_typed, one_of, typed, typed_date
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings

SHOWN = 2
"""Tasks of each kind that the first screen names."""
LISTED = 200
"""Tasks of one kind on their own page."""
PUT_OFF = dt.timedelta(days=7)
"""How long a task is put off unless another day is given."""


@bp.get("/office")
@allow("coverage.read")
def home() -> str:
    """Answer how many have signed, who has not and why, and who needs help."""
    year = people.school_year(clock.today())
    campaign = campaigns.campaign_of(g.db, year)
    overview = reports.overview(g.db, year)
    names_shown = current_visitor().may("people.read")
    picture = None
    if campaign is not None and campaign.opened_at is not None:
        asked_on = clock.london(campaign.opened_at).date()
        burn_up = reports.burn_up(g.db, overview, asked_on=asked_on, due_on=campaign.due_on)
        picture = charts.burn_up_picture(burn_up)
    viewer = current_actor("office").person_id
    choosing = reports.choosing_adults(g.db, year) if names_shown else {}
    can_remind = current_visitor().may("campaign.run") and campaign is not None and campaign.status == "open"
    return render_template(
        "admin/home.html",
        year=year,
        campaign=campaign,
        overview=overview,
        picture=picture,
        whys=reports.why_counts(g.db, overview.audiences, year) if names_shown else None,
        choosing=len(choosing),
        remindable=reports.remindable(g.db, year, reports.Filter(), choosing=choosing) if can_remind else 0,
        groups=reports.need_groups(g.db, year, shown=SHOWN, viewer_id=viewer) if names_shown else (),
        backup=backups.backup_health(current_app.extensions["oval_settings"]) if names_shown else None,
        checked=ledger_audit.last_check(settings().shared),
        step=reports.next_step(g.db, settings().school) if names_shown else None,
        words=labels,
    )


@bp.get("/office/tasks/<kind>")
@allow("people.read")
def tasks(kind: str) -> str:
    """List every task of one kind: those to do, those put off, or those that were closed."""
    return _tasks_page(kind)


def _tasks_page(kind: str, errors: dict[str, str] | None = None) -> str:
    if kind not in reports.NEED_KINDS:
        abort(404)
    year = people.school_year(clock.today())
    state = one_of("state", reports.STATES) or reports.STATES[0]
    rows = reports.needs(g.db, year, each=LISTED, kind=kind, state=state).get(kind, ())
    return render_template(
        "admin/tasks.html",
        kind=reports.NEED_KINDS[kind],
        state=state,
        rows=rows,
        more=len(rows) == LISTED,
        failed=documents.pending_documents(g.db).failed if kind == "document-failed" else 0,
        staff={row.person_id: row for row in people.staff(g.db)},
        until=as_typed("until", clock.today() + PUT_OFF),
        errors=errors or {},
        typed=request.form,
        words=labels,
    )


@bp.post("/office/tasks/<kind>")
@allow("notes.write")
def handle_tasks(kind: str) -> ResponseReturnValue:
    """Mark the ticked tasks as seen, give them to somebody, put them off, or close them with a note."""
    try:
        number = _handle(kind)
    except Invalid as problem:
        return _tasks_page(kind, problem.fields), 422
    flash(ngettext("Saved for %(num)s task.", "Saved for %(num)s tasks.", number))
    return go(url_for(".tasks", kind=kind))


def _handle(kind: str) -> int:
    chosen = reports.NEED_KINDS.get(kind)
    if chosen is None or chosen.has_own_page:
        abort(404)
    act = typed("act", 12)
    ticked = set(request.form.getlist("task")[:LISTED])
    year = people.school_year(clock.today())
    listed = [
        row
        for state in reports.STATES
        for row in reports.needs(g.db, year, each=LISTED, kind=kind, state=state).get(kind, ())
        if f"{row.public_id}:{row.occurrence}" in ticked
    ]
    if not listed:
        raise Invalid(fields={"task": _("Tick at least one.")})
    if act == "close" and not chosen.is_closable:
        raise Invalid(fields={"act": _("This ends by itself once it is dealt with. You can put it off.")})
    owner = typed("owner", 36)
    return worklist.handle(
        g.db,
        [row.key for row in listed],
        act=act,
        owner_id=_staff_id(owner) if act == "assign" and owner else None,
        until=typed_date("until") if act == "snooze" else None,
        note=typed("note", 1001),
        actor=current_actor("office"),
    )


def _staff_id(public_id: str) -> int:
    for member in people.staff(g.db):
        if member.public_id == public_id:
            return member.person_id
    raise NotFound
