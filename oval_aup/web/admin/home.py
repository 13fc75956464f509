"""The office's first screen: how far the school year has come, and what only a person can put right."""

from __future__ import annotations

from itertools import chain

from flask import abort, current_app, g, render_template

from oval_aup import backups, campaigns, evidence, people, reports
from oval_aup.core import clock
from oval_aup.web.access import allow, current_visitor
from oval_aup.web.admin import bp, charts, words

SHOWN = 2
"""Tasks of each kind on the first screen."""
LISTED = 200
"""Tasks of one kind on their own page."""


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
    return render_template(
        "admin/tasks.html",
        kind=kind,
        rows=rows,
        more=len(rows) == LISTED,
        failed=evidence.pending_documents(g.db).failed if kind == "document-failed" else 0,
        words=words,
    )
