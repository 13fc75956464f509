"""Who has not signed and why, in a list to search, to take away and to nudge from."""

from __future__ import annotations

from collections import Counter

from flask import Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, people, reports
from oval_aup.core import clock
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _, ngettext
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import bp, words
from oval_aup.web.admin.forms import chosen_page, one_of
from oval_aup.web.admin.tables import table_file
from oval_aup.web.htmx import go, page_or_partial
from oval_aup.web.unit_of_work import settings

MOST_TICKED = 200
"""People who may be ticked at once; a page lists fewer."""


def _filter() -> reports.Filter:
    classes = {row.public_id for row in people.classes(g.db)}
    return reports.Filter(
        audience=one_of("audience", reports.AUDIENCES),
        why=one_of("why", reports.WHYS),
        class_public_id=one_of("class", classes),
        sort=one_of("sort", reports.SORTS) or reports.SORTS[0],
    )


@bp.get("/office/outstanding")
@allow("people.read")
def outstanding() -> Response:
    """List missing signatures, filtered and paged."""
    chosen = _filter()
    year = people.school_year(clock.today())
    asked = {"audience": chosen.audience, "why": chosen.why, "class": chosen.class_public_id, "sort": chosen.sort}
    return page_or_partial(
        "admin/outstanding.html",
        "admin/_outstanding.html",
        listed=reports.outstanding_page(g.db, year, chosen, page=chosen_page()),
        chosen=chosen,
        asked={name: value for name, value in asked.items() if value},
        classes=people.classes(g.db),
        has_been_asked=_has_been_asked(year),
        ticked=request.args.get("tick") == "all",
        year=year,
        words=words,
    )


def _has_been_asked(year: int) -> bool:
    row = campaigns.campaign_of(g.db, year)
    return row is not None and row.opened_at is not None


@bp.get("/office/outstanding.csv")
@allow("people.read")
def outstanding_csv() -> Response:
    """The same list, whole, as a table to open in a spreadsheet."""
    year = people.school_year(clock.today())
    return table_file(reports.outstanding_table(g.db, year, _filter()), f"outstanding-{year}.csv")


@bp.get("/office/nudge")
@allow("campaign.run")
def nudge() -> str:
    """Show whom a nudge would reach, and whom not and why, before anything is sent; nobody while no round is open."""
    year = people.school_year(clock.today())
    campaign = campaigns.campaign_of(g.db, year)
    if campaign is None or campaign.status != "open":
        raise Conflict(_("Open this year’s round of asking first."))
    everybody = request.args.get("everybody") == "yes"
    ticked = _ticked(request.args.getlist("person"))
    owed = campaigns.owed_by(g.db, year, None if everybody else {row.person_id for row in ticked})
    reached = sorted((one for one in owed.values() if one.reachable), key=lambda one: one.full_name)
    missed = sorted((one for one in owed.values() if not one.reachable), key=lambda one: one.full_name)
    return render_template(
        "admin/nudge.html",
        everybody=everybody,
        people=ticked,
        reached=reached,
        missed=missed,
        nothing_owed=[row for row in ticked if row.person_id not in owed],
        public_ids={row.person_id: row.public_id for row in _rows([one.person_id for one in missed])},
    )


@bp.post("/office/nudge")
@allow("campaign.run")
def send_nudge() -> ResponseReturnValue:
    """Queue one message for each of them; sending the form again the same day sends nothing more."""
    year = people.school_year(clock.today())
    if request.form.get("everybody") == "yes":
        ids = list(campaigns.owed_by(g.db, year))
    else:
        ids = [row.person_id for row in _ticked(request.form.getlist("person"))]
    outcome = campaigns.nudge(g.db, ids, school=settings().school, actor=current_actor("office"))
    flash(ngettext("%(num)s message is on its way.", "%(num)s messages are on their way.", outcome.sent))
    for why, count in sorted(Counter(outcome.skipped.values()).items()):
        flash(f"{count}: {_skipped()[why]}")
    return go(url_for(".outstanding"))


def _skipped() -> dict[str, str]:
    return {
        "nothing-owed": _("have answered already"),
        "no-address": _("not written to, because we have no e-mail address"),
        "trouble": _("not written to, because mail does not reach them"),
        "nudged-today": _("nudged today already"),
    }


def _ticked(public_ids: list[str]) -> list[people.PersonRow]:
    wanted = list(dict.fromkeys(public_ids))[:MOST_TICKED]
    return [people.person(g.db, public_id) for public_id in wanted]


def _rows(person_ids: list[int]) -> list[people.PersonRow]:
    return list(people.persons_by_id(g.db, person_ids).values())
