"""The office's first screen: how far the school year has come, and what only a person can put right."""

from __future__ import annotations

from itertools import chain

from flask import abort, current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import backups, campaigns, consent, evidence, people, reports
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin import bp, charts, words
from oval_aup.web.htmx import go

SHOWN = 2
"""Tasks of each kind on the first screen."""
LISTED = 200
"""Tasks of one kind on their own page."""
CARDS = 50
"""Take-downs on their page, the most urgent first; each is a form."""


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
    tasks = reports.needs(g.db, year, each=SHOWN + 1) if names_shown else {}
    return render_template(
        "admin/home.html",
        year=year,
        campaign=campaign,
        overview=overview,
        picture=picture,
        whys=reports.why_counts(g.db, overview.audiences, year) if names_shown else None,
        tasks=list(chain.from_iterable(rows[:SHOWN] for rows in tasks.values())),
        more=[kind for kind, rows in tasks.items() if len(rows) > SHOWN],
        backup=backups.standing(current_app.extensions["oval_settings"]) if names_shown else None,
        words=words,
    )


@bp.get("/office/tasks/<kind>")
@allow("people.read")
def tasks(kind: str) -> str:
    """List every task of one kind."""
    if kind not in reports.NEED_KINDS:
        abort(404)
    year = people.school_year(clock.today())
    rows = reports.needs(g.db, year, each=LISTED, kind=kind).get(kind, ())
    take_downs = consent.take_downs(g.db, limit=CARDS + 1) if kind == "take-down" else ()
    return render_template(
        "admin/tasks.html",
        kind=kind,
        rows=rows,
        more=len(rows) == LISTED,
        failed=evidence.pending_documents(g.db).failed if kind == "document-failed" else 0,
        take_downs=take_downs[:CARDS],
        more_take_downs=len(take_downs) > CARDS,
        chosen=request.args.get("task", ""),
        done=consent.take_downs(g.db, done=True, limit=20) if kind == "take-down" else (),
        headings={use.key: use.heading for use in consent.purposes(g.db)} if kind == "take-down" else {},
        staff={row.person_id: row for row in people.staff(g.db)} if kind == "take-down" else {},
        words=words,
    )


@bp.post("/office/take-downs/<public_id>")
@allow("images.block")
def take_down(public_id: str) -> ResponseReturnValue:
    """Give a take-down to a member of staff, or record that the pictures are down."""
    act = request.form.get("act")
    if act == "assign":
        owner = request.form.get("owner", "")
        consent.assign_take_down(g.db, public_id, owner_id=_staff_id(owner) if owner else None, actor=current_actor())
        flash(_("Saved who sees to it."))
    elif act == "done":
        places = request.form.get("places", "").strip()[:2000]
        consent.finish_take_down(g.db, public_id, places=places, actor=current_actor())
        flash(_("Recorded: the pictures are down."))
    else:
        abort(400)
    return go(url_for(".tasks", kind="take-down"))


def _staff_id(public_id: str) -> int:
    for member in people.staff(g.db):
        if member.public_id == public_id:
            return member.person_id
    raise NotFound
