"""What stood for one person on an earlier day, on screen and as a document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import documents, reports
from oval_aup.core import clock
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.people import kept
from oval_aup.web.forms import typed_date
from oval_aup.web.htmx import go

BOXES = ("on-day", "on-month", "on-year", "time")


@bp.get("/office/people/<public_id>/as-at")
@allow("records.read")
def as_at(public_id: str) -> ResponseReturnValue:
    """Say what stood on the day asked for; today where none is."""
    person = kept(public_id)
    typed = _typed(request.args)
    try:
        statement, errors = reports.as_at(g.db, public_id, _moment(typed)), {}
    except Invalid as problem:
        statement, errors = None, problem.fields
    shown = render_template(
        "admin/as-at.html",
        whose=person,
        statement=statement,
        typed=typed,
        errors=errors,
        words=labels,
        verdicts=reports.VERDICTS,
    )
    return shown, 422 if errors else 200


@bp.post("/office/people/<public_id>/as-at")
@allow("reports.make")
def order_as_at(public_id: str) -> ResponseReturnValue:
    """Order the same as a document; twice within a minute is one order."""
    row = kept(public_id)
    typed = _typed(request.form)
    moment = _moment(typed)
    documents.request_document(
        g.db,
        kind="as_at",
        subject=row.pseudonym,
        params={"person_id": row.person_id, "at": clock.iso(moment)},
        dedupe_key=f"as-at:{row.public_id}:{'-'.join(typed.values())}:{clock.now():%Y-%m-%dT%H:%M}",
        requested_by_id=current_actor("office").person_id,
    )
    flash(_("The statement is being prepared. It appears under Documents within a minute."))
    return go(url_for(".person", public_id=public_id))


def _typed(source: Mapping[str, str]) -> dict[str, str]:
    """The boxes as filled in; those of today where the address names no day at all."""
    given = {name: source.get(name, "").strip()[:8] for name in BOXES}
    if any(given[name] for name in BOXES[:3]):
        return given
    today = clock.today()
    return given | {"on-day": str(today.day), "on-month": str(today.month), "on-year": str(today.year)}


def _moment(given: Mapping[str, str]) -> dt.datetime:
    return reports.moment_asked(typed_date("on", given), given["time"])
