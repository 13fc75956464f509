"""Who has not signed and why, in a list to search, to download and to send reminders from."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from oval_aup import campaigns, people, reports
from oval_aup.core import clock
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.web import delivery_status
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.table_downloads import table_file
from oval_aup.web.forms import chosen_page, one_of, typed
from oval_aup.web.htmx import go, page_or_partial
from oval_aup.web.unit_of_work import settings

MOST_TICKED = 200
"""People who may be ticked at once; a page lists fewer."""


def _filter(source: Mapping[str, str] | None = None) -> reports.Filter:
    classes = {row.public_id for row in people.classes(g.db)}
    return reports.Filter(
        audience=one_of("audience", reports.OWED, source),
        why=one_of("why", reports.WHYS, source),
        class_public_id=one_of("class", classes, source),
        sort=one_of("sort", reports.SORTS, source) or reports.SORTS[0],
    )


def _asked(chosen: reports.Filter) -> dict[str, str]:
    """The filter as the address and forms carry it."""
    asked = {"audience": chosen.audience, "why": chosen.why, "class": chosen.class_public_id, "sort": chosen.sort}
    return {name: value for name, value in asked.items() if value}


@bp.get("/office/outstanding")
@allow("people.read")
def outstanding() -> Response:
    """List missing signatures, filtered and paged."""
    chosen = _filter()
    year = people.school_year(clock.today())
    choosing = reports.choosing_adults(g.db, year)
    may_remind = current_visitor().may("campaign.run") and _is_open(year)
    return page_or_partial(
        "admin/outstanding.html",
        "admin/_outstanding.html",
        listed=reports.outstanding_page(g.db, year, chosen, page=chosen_page(), choosing=choosing),
        counts=reports.outstanding_counts(g.db, year, chosen, choosing=choosing),
        chosen=chosen,
        asked=_asked(chosen),
        may_remind=may_remind,
        remindable=reports.remindable(g.db, year, chosen, choosing=choosing) if may_remind else 0,
        classes=people.classes(g.db),
        has_been_asked=_has_been_asked(year),
        ticked=request.args.get("tick") == "all",
        year=year,
        words=labels,
    )


def _is_open(year: int) -> bool:
    row = campaigns.campaign_of(g.db, year)
    return row is not None and row.status == "open"


def _has_been_asked(year: int) -> bool:
    row = campaigns.campaign_of(g.db, year)
    return row is not None and row.opened_at is not None


@bp.get("/office/outstanding.csv")
@bp.get("/office/outstanding.xlsx", endpoint="outstanding_xlsx")
@allow("people.read")
def outstanding_csv() -> Response:
    """The same list, whole, as a table to open in a spreadsheet."""
    year = people.school_year(clock.today())
    return table_file(reports.outstanding_table(g.db, year, _filter()), f"outstanding-{year}.csv")


@bp.get("/office/remind")
@allow("campaign.run")
def remind() -> str:
    """Show whom a reminder would reach, and whom not and why, before it is sent; nobody while no sign-up is open."""
    chosen = _recipients(request.args)
    plan = campaigns.reminder_plan(g.db, chosen.person_ids)
    return render_template(
        "admin/remind.html",
        plan=plan,
        chosen=chosen,
        audiences=_by_audience(plan.reached),
        nothing_owed=[row for row in chosen.ticked if row.person_id in plan.nothing_owed],
        public_ids={row.person_id: row.public_id for row in _rows([one.person_id for one in plan.unreachable])},
        skipped=_skipped(),
        leaving_at=_leaving_at(),
    )


def _leaving_at() -> dt.datetime:
    """When a reminder that is sent now leaves."""
    row = campaigns.campaign_of(g.db, people.school_year(clock.today()))
    return campaigns.leaving_at(settings().school, row) if row else clock.now()


@bp.post("/office/remind")
@allow("campaign.run")
def send_reminder() -> ResponseReturnValue:
    """Queue one message for each of them; sending the form again the same day sends nothing more."""
    chosen = _recipients(request.form)
    plan = campaigns.reminder_plan(g.db, chosen.person_ids)
    shown = typed("shown", 9)
    if shown.isascii() and shown.isdigit() and len(plan.reached) > int(shown):
        raise Conflict(_("More people would get it now than were shown. Check the list again before you send."))
    ids = chosen.person_ids
    if ids is None:
        ids = [one.person_id for one in (*plan.reached, *plan.unreachable, *plan.reminded_today)]
    outcome = campaigns.send_reminders(g.db, ids, school=settings().school, actor=current_actor("office"))
    flash(delivery_status.of_messages(outcome.sent, _leaving_at()))
    for why, count in sorted(Counter(outcome.skipped.values()).items()):
        flash(f"{count}: {_skipped()[why]}")
    return go(url_for(".outstanding", **chosen.asked))


@dataclass(frozen=True, slots=True)
class _Recipients:
    """Whom a reminder is for: those ticked, those who match a filter, or with None as ``person_ids`` everybody."""

    person_ids: list[int] | None
    fields: list[tuple[str, str]]
    """What names them in a form."""
    asked: dict[str, Any] = field(default_factory=dict)
    """The filter, for the way back to the list."""
    ticked: tuple[people.PersonRow, ...] = ()
    in_peace: int = 0
    """Of a selection, those who declined."""
    children: int = 0


def _recipients(source: MultiDict[str, str]) -> _Recipients:
    if source.get("everybody") == "yes":
        return _Recipients(None, [("everybody", "yes")])
    if source.get("matching") == "yes":
        return _matching(_filter(source))
    ticked = tuple(_ticked(source.getlist("person")))
    return _Recipients([row.person_id for row in ticked], [("person", row.public_id) for row in ticked], ticked=ticked)


def _matching(chosen: reports.Filter) -> _Recipients:
    rows = reports.outstanding_matches(g.db, people.school_year(clock.today()), chosen)
    ids = {row.person_id for row in rows if row.way == "self" and row.why != "declined"}
    return _Recipients(
        sorted(ids),
        [("matching", "yes"), *_asked(chosen).items()],
        asked=_asked(chosen),
        in_peace=len({row.person_id for row in rows if row.why == "declined"} - ids),
        children=len({row.person_id for row in rows if row.way != "self" and row.why != "declined"}),
    )


def _by_audience(adults: Iterable[campaigns.Owed]) -> dict[str, int]:
    """How many messages go to whom; who is parent and colleague at once gets one and is counted once."""
    names = {
        (True, False): _("Parents and carers"),
        (False, True): _("Staff, governors and volunteers"),
        (True, True): _("Parents and carers who also work here"),
    }
    counts = Counter((adult.is_family, adult.is_staff) for adult in adults)
    return {name: counts[key] for key, name in names.items() if counts[key]}


def _skipped() -> dict[str, str]:
    return {
        "nothing-owed": _("have answered already, or are not to be written to"),
        "no-address": _("not written to, because we have no email address"),
        "stopped": _("not written to, because the office has stopped writing to them"),
        "trouble": _("not written to, because emails to them are bouncing"),
        "reminded-today": _("reminded today already"),
    }


def _ticked(public_ids: list[str]) -> list[people.PersonRow]:
    wanted = list(dict.fromkeys(public_ids))[:MOST_TICKED]
    return [people.person(g.db, public_id) for public_id in wanted]


def _rows(person_ids: list[int]) -> list[people.PersonRow]:
    return list(people.persons_by_id(g.db, person_ids).values())
