"""Staff log-ins: who has one, what it may do, and how to get a new password."""

from __future__ import annotations

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts as log_ins
from oval_aup import campaigns, people
from oval_aup.core import clock
from oval_aup.core.errors import Conflict, Invalid
from oval_aup.core.i18n import _, ngettext
from oval_aup.web import delivery_status
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin import labels
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings


@bp.get("/office/log-ins")
@allow("accounts.write")
def accounts() -> str:
    """List the log-ins of the current staff."""
    return _page()


def _page(problem: str = "") -> str:
    rows = {row.person_id: row for row in log_ins.all_accounts(g.db)}
    staff = people.staff(g.db)
    here = {member.person_id for member in staff}
    left = [row for row in rows.values() if row.person_id not in here and not row.disabled]
    return render_template(
        "admin/accounts.html",
        staff=[(member, rows.get(member.person_id)) for member in staff],
        left=left,
        without_password=len(log_ins.without_password(g.db) & here) + len(here - rows.keys()),
        persons=people.persons_by_id(g.db, [row.person_id for row in left]),
        errors={"log-ins": problem} if problem else {},
        own=current_visitor().account_public_id,
        words=labels,
    )


@bp.post("/office/log-ins")
@allow("accounts.write")
def open_accounts() -> ResponseReturnValue:
    """Give every staff member with an email address a log-in who has none yet."""
    made = log_ins.open_accounts(g.db, actor=current_actor("office"))
    flash(ngettext("%(num)s log-in is new.", "%(num)s log-ins are new.", made))
    return go(url_for(".accounts"))


@bp.post("/office/log-ins/links")
@allow("accounts.write")
def first_password_links() -> ResponseReturnValue:
    """Send everybody who has no password yet the link to choose one; a second press on the same day sends nothing."""
    queued, unreached = campaigns.send_first_password_links(g.db, school=settings().school)
    flash(delivery_status.of_messages(queued, clock.now()))
    if unreached:
        flash(
            ngettext(
                "%(num)s person has no email address of their own that works.",
                "%(num)s people have no email address of their own that works.",
                unreached,
            )
        )
    return go(url_for(".accounts"))


@bp.post("/office/log-ins/<public_id>/role")
@allow("accounts.write")
def set_role(public_id: str) -> ResponseReturnValue:
    """Change what a log-in may do, from its next page on."""
    try:
        log_ins.set_role(g.db, public_id, request.form.get("role", ""), actor=current_actor("office"))
    except (Invalid, Conflict) as problem:
        return _page(problem.message), 422 if isinstance(problem, Invalid) else 409
    flash(_("Saved. They have to log in again, and it counts from then."))
    return go(url_for(".accounts"))


@bp.post("/office/log-ins/<public_id>/close")
@allow("accounts.write")
def close_account(public_id: str) -> ResponseReturnValue:
    """Close a log-in: its sessions end at once and its password is deleted."""
    try:
        log_ins.disable(g.db, public_id, actor=current_actor("office"))
    except Conflict as problem:
        return _page(problem.message), 409
    flash(
        _("The log-in is closed everywhere, and its password is deleted. If you open it again, they choose a new one.")
    )
    return go(url_for(".accounts"))


@bp.post("/office/log-ins/<public_id>/open")
@allow("accounts.write")
def reopen_account(public_id: str) -> ResponseReturnValue:
    """Open a closed log-in again for somebody who is back."""
    log_ins.reopen(g.db, public_id, actor=current_actor("office"))
    flash(_("The log-in is open again. Send a link to choose a password."))
    return go(url_for(".accounts"))


@bp.post("/office/log-ins/<public_id>/link")
@allow("accounts.write")
def password_link(public_id: str) -> ResponseReturnValue:
    """Send a link to choose a password; the link itself is never shown here."""
    row = log_ins.account(g.db, public_id)
    if row.disabled:
        raise Conflict(_("This log-in is closed."))
    sent = campaigns.send_password_link(g.db, row.email, school=settings().school)
    if sent is not None:
        flash(delivery_status.of_message(sent))
    return go(url_for(".accounts"))
