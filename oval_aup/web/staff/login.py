"""How staff get in and out: log-in, log-out, and a password set through an emailed link."""

from __future__ import annotations

from flask import flash, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, campaigns, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.web import access, unit_of_work
from oval_aup.web.access import allow, current_actor, current_person
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go
from oval_aup.web.staff.blueprint import bp
from oval_aup.web.staff.forms import LogIn, NewPassword


@bp.get("/staff/log-in")
@allow("anyone")
def log_in() -> ResponseReturnValue:
    """Ask for email address and password; whoever is in already goes on."""
    onward = access.own_path(request.args.get("next"))
    if access.visitor("login"):
        return go(onward or url_for("staff.home"))
    if request.args.get("by") != "password" and access.handed_over() is not None:
        return go(url_for(".take_back"))
    return render_template("staff/log-in.html", form=LogIn(), onward=onward, errors={})


@bp.post("/staff/log-in")
@allow("anyone")
def log_in_now() -> ResponseReturnValue:
    """Let staff in, with one answer for an unknown address and for a wrong password."""
    form = LogIn.read()
    onward = access.own_path(typed("next"))
    buckets = (
        accounts.bucket("account", form.email.casefold()),
        accounts.bucket("address", access.client_address()),
        accounts.bucket("all"),
    )
    # The comparison is slow on purpose: a snapshot of its own keeps it out of the one write transaction.
    with unit_of_work.database().reading() as db:
        accounts.check(db, *buckets)
        holds = accounts.password_holds(db, form.email, form.password)
    if not holds:
        unit_of_work.afterwards(lambda db: accounts.note_failure(db, *buckets))
        wrong = {"email": _("The email address or password is wrong. Check both and try again.")}
        return render_template("staff/log-in.html", form=form, onward=onward, errors=wrong), 422
    token = accounts.log_in(g.db, form.email)
    _end_visits()
    access.start_session("login", token)
    return go(onward or _first_page(token))


def _end_visits() -> None:
    """End what a class or a family has been doing on this device; nobody's pages stay open behind a log-in."""
    if "kiosk" in session:
        access.end_session("kiosk")
    elif access.on_school_device():
        access.end_session("family")


@bp.get("/staff/take-back")
@allow("anyone")
def take_back() -> ResponseReturnValue:
    """Ask whoever handed this device over for their PIN."""
    held = access.handed_over()
    if held is None:
        return go(url_for(".log_in", by="password"))
    return _pin_page(held)


@bp.post("/staff/take-back")
@allow("anyone")
def take_back_now() -> ResponseReturnValue:
    """Give the device back to whoever handed it over; after a few wrong PINs only the password does."""
    secret, pin = session.get(access.HANDED_OVER, ""), typed("pin")
    # A try is used up before it is looked at, and the slow comparison stays out of the one write transaction.
    with unit_of_work.database().writing() as db:
        held = accounts.claim_try(db, secret)
    with unit_of_work.database().reading() as db:
        holds = held is not None and accounts.pin_holds(db, secret, pin)
    if held is None or (not holds and not held.tries_left):
        flash(_("The PIN cannot be used here any more. Log in with your password."))
        return go(url_for(".log_in", by="password"))
    if not holds:
        return _pin_page(held, {"pin": _wrong_pin(held.tries_left)}), 422
    back_to = access.own_path(session.get(access.BACK_TO))
    token = accounts.take_back(g.db, secret)
    _end_visits()
    access.start_session("login", token)
    return go(back_to or url_for(".home"))


def _wrong_pin(tries_left: int) -> str:
    return ngettext(
        "That PIN is wrong. You have %(num)s try left.", "That PIN is wrong. You have %(num)s tries left.", tries_left
    )


def _pin_page(held: accounts.HandOver, errors: dict[str, str] | None = None) -> str:
    whose = people.person_by_id(g.db, held.person_id)
    return render_template("staff/take-back.html", whose=whose, errors=errors or {})


@bp.get("/staff/pin")
@allow("account.own")
def pin() -> str:
    """Offer to choose, change or remove the PIN for devices that I hand over."""
    return render_template("staff/pin.html", has_pin=accounts.has_pin(g.db, current_person().person_id), errors={})


@bp.post("/staff/pin")
@allow("account.own")
def set_pin() -> ResponseReturnValue:
    """Choose, change or remove my PIN."""
    person_id, removing = current_person().person_id, request.form.get("act") == "remove"
    try:
        if not removing and not typed("pin"):
            raise Invalid(fields={"pin": _("Type the PIN you want to use.")})
        accounts.set_pin(g.db, person_id, "" if removing else typed("pin"), actor=current_actor())
    except Invalid as refusal:
        has_pin = accounts.has_pin(g.db, person_id)
        return render_template("staff/pin.html", has_pin=has_pin, errors=refusal.fields), 422
    flash(_("Your PIN is removed.") if removing else _("Your PIN is set. It gives back devices that you hand over."))
    return go(url_for(".home"))


def _first_page(token: str) -> str:
    """The office's home for whoever has one and owes nothing; everybody else's own page, with what is to be signed."""
    held = accounts.visitor(g.db, token, "login")
    if held is None or held.person_id is None or not held.may("office"):
        return url_for("staff.home")
    owes = any(row.is_outstanding for row in signing.standing(g.db, held.person_id, people.school_year(clock.today())))
    return url_for("staff.home" if owes else "admin.home")


@bp.post("/staff/log-out")
@allow("anyone")
def log_out() -> ResponseReturnValue:
    """End the log-in here and on the server; safe to repeat."""
    access.end_session("login")
    flash(_("You have logged out."))
    return go(url_for("staff.log_in"))


@bp.get("/staff/forgotten")
@allow("anyone")
def forgotten() -> str:
    """Ask where to send the link for a first or a new password."""
    return render_template("staff/forgotten.html", email="", errors={})


@bp.post("/staff/forgotten")
@allow("anyone")
def forgotten_now() -> ResponseReturnValue:
    """Send the link where a log-in has this address; say the same whether it has or not."""
    email = typed("email")
    if not email:
        wrong = {"email": _("Enter your school email address.")}
        return render_template("staff/forgotten.html", email=email, errors=wrong), 422
    asked = (
        accounts.bucket("account", f"forgotten {email.casefold()}"),
        accounts.bucket("address", f"forgotten {access.client_address()}"),
    )
    accounts.check(g.db, *asked)
    accounts.note_failure(g.db, *asked)
    campaigns.send_password_link(g.db, email, school=unit_of_work.settings().school)
    return go(url_for("staff.forgotten_sent"))


@bp.get("/staff/forgotten/sent")
@allow("anyone")
def forgotten_sent() -> str:
    """Say what happens next."""
    return render_template("staff/forgotten-sent.html")


@bp.get("/set-password/<token>")
@allow("anyone")
def set_password(token: str) -> ResponseReturnValue:
    """Show the form behind an emailed link; opening it uses nothing up."""
    try:
        held = accounts.link(g.db, token, purpose="set-password")
    except NotFound:
        return _link_unknown(token)
    if held.expired:
        return render_template("staff/link-over.html", cut=False, unknown=False), 410
    return render_template("staff/set-password.html", token=token, errors={})


def _link_unknown(token: str) -> ResponseReturnValue:
    return render_template("staff/link-over.html", cut=accounts.looks_cut(token), unknown=True), 404


@bp.post("/set-password/<token>")
@allow("anyone")
def set_password_now(token: str) -> ResponseReturnValue:
    """Set the password, use the link up and end every other session of this person."""
    form = NewPassword.read()
    try:
        form.check()
        accounts.set_password(g.db, token, form.password, school_name=unit_of_work.settings().school.name)
    except NotFound:
        return _link_unknown(token)
    except Invalid as refusal:
        return render_template("staff/set-password.html", token=token, errors=refusal.fields), 422
    flash(_("Your password is set. You can log in now."))
    return go(url_for("staff.log_in"))
