"""Ordering evidence packs, watching them grow, and taking them away."""

from __future__ import annotations

import datetime as dt
import secrets

from flask import Response, flash, g, request, send_file, url_for
from flask.typing import ResponseReturnValue

from oval_aup import packs, people
from oval_aup import reports as readings
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.packs import writer
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.forms import as_typed, typed, typed_date_or_none
from oval_aup.web.htmx import go, page_or_partial
from oval_aup.web.unit_of_work import settings

YEARS_BACK = 7
"""School years offered besides the present one."""


@bp.get("/office/packs", endpoint="packs")
@allow("records.read")
def list_packs() -> Response:
    """List the packs with how far each has come, and offer to order one."""
    return _page()


def _page(errors: dict[str, str] | None = None) -> Response:
    rows = packs.packs(g.db)
    year = people.school_year(clock.today())
    return page_or_partial(
        "admin/packs.html",
        "admin/_packs.html",
        422 if errors else 200,
        packs=rows,
        waiting=any(row.is_open for row in rows),
        ordered_by=people.persons_by_id(g.db, {row.requested_by_id for row in rows if row.requested_by_id}),
        classes=people.classes(g.db),
        years=range(year, year - YEARS_BACK - 1, -1),
        erased=packs.erased_packs(g.db, since=clock.now() - dt.timedelta(days=settings().pack_days)),
        again=_again,
        days=settings().pack_days,
        form=request.form,
        days_typed=as_typed("from", None) | as_typed("to", None),
        errors=errors or {},
        words=labels,
    )


@bp.post("/office/packs")
@allow("reports.make")
def order_pack() -> ResponseReturnValue:
    """Create a pack of the chosen scope."""
    try:
        readings.order_pack(g.db, _scope(), actor=current_actor("office"))
    except Invalid as problem:
        return _page(problem.fields)
    flash(_("The pack is being made. You may leave this page."))
    return go(url_for(".packs"))


def _again(row: packs.PackRow) -> dict[str, str]:
    """The fields of the form that orders the same pack once more."""
    scope = row.scope
    fields = {"about": f"{scope['about']}:{scope['key']}" if scope["key"] else scope["about"]}
    for name in ("from", "to"):
        if scope[name]:
            day = dt.date.fromisoformat(scope[name])
            fields |= {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}
    return fields


def _scope() -> readings.Scope:
    about, _colon, key = (typed("about") or "school").partition(":")
    return readings.Scope(about, key, typed_date_or_none("from"), typed_date_or_none("to"))


@bp.post("/office/packs/<public_id>/download")
@allow("records.read")
def take_pack(public_id: str) -> Response:
    """Hand out a finished pack; who took it is entered in the ledger first."""
    actor = current_actor("office")
    key = f"handed-out:{secrets.token_hex(16)}"  # each time counts, also the second within a minute
    row = packs.hand_out_pack(g.db, public_id, idempotency_key=key, actor=actor)
    path = writer.path_of(settings().shared, row)
    if not path.is_file():
        raise NotFound(_("The file of this pack is not on this machine any more. Delete the pack and order it again."))
    return send_file(path, "application/zip", as_attachment=True, download_name=row.file_name, etag=False, max_age=0)


@bp.post("/office/packs/<public_id>/cancel")
@allow("reports.make")
def cancel_pack(public_id: str) -> ResponseReturnValue:
    """Stop making a pack."""
    row = packs.cancel_pack(g.db, public_id)
    if row.status == "cancelled":
        flash(_("The pack is cancelled. What was made so far is kept."))
    else:
        flash(_("There was nothing to cancel: the pack is not being made any more."))
    return go(url_for(".packs"))


@bp.post("/office/packs/<public_id>/resume")
@allow("reports.make")
def resume_pack(public_id: str) -> ResponseReturnValue:
    """Go on with a pack that was cancelled or could not be made."""
    row = packs.resume_pack(g.db, public_id)
    if row.is_open:
        flash(_("The pack is being made. You may leave this page."))
    elif row.status == "ready":
        flash(_("The pack is ready already."))
    else:
        flash(_("This pack was deleted. Order it again if you need it."))
    return go(url_for(".packs"))


@bp.post("/office/packs/<public_id>/delete")
@allow("reports.make")
def delete_pack(public_id: str) -> ResponseReturnValue:
    """Delete a pack and its file; the ledger keeps that it was made, and who took it."""
    try:
        packs.delete_pack(g.db, public_id)
    except Conflict as problem:  # somebody had it go on meanwhile; nothing was written
        flash(problem.message)
    else:
        flash(_("The pack is deleted. The file goes within a minute."))
    return go(url_for(".packs"))
