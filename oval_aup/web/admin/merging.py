"""Two records of one parent or carer become one: looking for the other record, and joining it."""

from __future__ import annotations

from flask import flash, g, render_template, request
from flask.typing import ResponseReturnValue

from oval_aup import campaigns, people, reports
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.admin.people import back_to, kept
from oval_aup.web.forms import ticked, typed
from oval_aup.web.unit_of_work import settings

FOUND = 25


@bp.get("/office/people/<public_id>/join")
@allow("people.write")
def join(public_id: str) -> str:
    """Propose who may be the same person, or find them by name."""
    return _page(public_id)


@bp.post("/office/people/<public_id>/join")
@allow("people.write")
def do_join(public_id: str) -> ResponseReturnValue:
    """Join another record to this one; what was done under both stays."""
    whose = kept(public_id)
    if not typed("other"):
        return _page(public_id, {"other": _("Choose the other record.")}), 422
    if not ticked("sure"):
        return _page(public_id, {"sure": _("Tick this if both records are one person.")}), 422
    other = kept(typed("other"))
    try:
        campaigns.join_people(
            g.db,
            kept_id=whose.person_id,
            joined_id=other.person_id,
            school=settings().school,
            actor=current_actor("office"),
        )
    except Conflict as problem:
        return _page(public_id, {"other": problem.message}), 422
    flash(_("Joined. What was signed and chosen under both records counts here."))
    return back_to(public_id)


def _page(public_id: str, errors: dict[str, str] | None = None) -> str:
    whose = kept(public_id)
    sought = request.args.get("q", "").strip()[:100]
    alike = people.possible_doubles(g.db, whose.person_id)
    found = people.search(g.db, sought, FOUND) if sought else ()
    ids = dict.fromkeys([*(row.person_id for row in alike), *(row.person_id for row in found)])
    rows = people.persons_by_id(g.db, ids)
    others = [rows[id_] for id_ in ids if rows[id_].is_guardian and not rows[id_].erased and id_ != whose.person_id]
    return render_template(
        "admin/join.html",
        whose=whose,
        others=others,
        addresses={id_: row.email for id_, row in people.guardians_by_id(g.db, [o.person_id for o in others]).items()},
        beside=reports.children_words(g.db, [whose.person_id, *(row.person_id for row in others)]),
        sought=sought,
        chosen=request.form.get("other", ""),
        errors=errors or {},
    )
