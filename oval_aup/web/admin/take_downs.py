"""Pictures to take down after a permission ended: a list by owner, one task a child, and what was found."""

from __future__ import annotations

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import consent, people
from oval_aup.core.errors import Conflict, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.reports import told_apart
from oval_aup.web.access import allow, current_actor
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.htmx import go

SHOWN = 50
"""Tasks on the page, the newest first; each is a form."""
OFFICE = "office"


@bp.get("/office/tasks/take-down")
@allow("people.read")
def take_downs() -> str:
    """List the open tasks of everybody, of the office or of one person."""
    staff = {row.person_id: row for row in people.staff(g.db)}
    owner = request.args.get("owner", "")
    owner_id = {"": consent.ANYBODY, OFFICE: None}.get(owner, consent.ANYBODY)
    if owner not in ("", OFFICE):
        owner_id = _staff_id(owner)
    owners = consent.take_down_owners(g.db)
    rows = consent.take_downs(g.db, owner_id=owner_id, limit=SHOWN + 1)
    return render_template(
        "admin/take-downs.html",
        rows=rows[:SHOWN],
        names=told_apart(people.children(g.db)),
        more=len(rows) > SHOWN,
        owner=owner,
        owners=[(staff[id_], number) for id_, number in owners.items() if id_ in staff],
        office=sum(number for id_, number in owners.items() if id_ not in staff),
        chosen=request.args.get("task", ""),
        done=consent.take_downs(g.db, done=True, limit=20),
        headings={use.key: use.heading for use in consent.purposes(g.db)},
        staff=staff,
    )


@bp.post("/office/take-downs/<public_id>")
@allow("images.block")
def take_down(public_id: str) -> ResponseReturnValue:
    """Give a task to a member of staff, or record that the pictures are down."""
    act = request.form.get("act")
    if act == "assign":
        owner = request.form.get("owner", "")
        consent.assign_take_down(g.db, public_id, owner_id=_staff_id(owner) if owner else None, actor=current_actor())
        flash(_("Saved who does this."))
    elif act == "done":
        places = request.form.get("places", "").strip()[:2000]
        consent.finish_take_down(g.db, public_id, places=places, actor=current_actor())
        flash(_("Recorded: the pictures are down."))
    else:
        abort(400)
    return go(url_for(".take_downs"))


@bp.post("/office/take-downs/none-found")
@allow("images.block")
def none_found() -> ResponseReturnValue:
    """Record for all ticked children that no picture was found; those who are done already are left as they are."""
    ticked = request.form.getlist("task")
    if not ticked:
        raise Conflict(_("Tick the children for whom no picture was found. Nothing was recorded."))
    number = consent.finish_take_downs(g.db, ticked, places=_("None found"), actor=current_actor())
    flash(ngettext("Recorded for %(num)s child: none found.", "Recorded for %(num)s children: none found.", number))
    return go(url_for(".take_downs"))


def _staff_id(public_id: str) -> int:
    for member in people.staff(g.db):
        if member.public_id == public_id:
            return member.person_id
    raise NotFound
