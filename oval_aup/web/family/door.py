"""How a family gets in and out: the private link with its one question, a new link, and the end on a shared device."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, campaigns
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.web import access, unit_of_work
from oval_aup.web.access import allow
from oval_aup.web.family import bp, forms
from oval_aup.web.family.trip import Elsewhere, onward, this_year
from oval_aup.web.htmx import go


@bp.get("/f/<token>")
@allow("anyone")
def landing(token: str) -> str:
    """Greet whoever opened the link, name nobody, and ask one question; opening it changes nothing."""
    _link(token)
    return _landing_page(token, forms.BirthDate({}))


@bp.post("/f/<token>")
@allow("anyone")
def check_in(token: str) -> ResponseReturnValue:
    """Let in whoever knows a child's date of birth, and begin or go on with their sitting."""
    held, form = _link(token), forms.BirthDate.read()
    errors = _let_in(held, form)
    if errors:
        return _landing_page(token, form, errors), 422
    return go(begin(held.person_id))


def _let_in(held: accounts.LinkRow, form: forms.BirthDate) -> dict[str, str]:
    """Begin a visit for whoever knows a child's date of birth; otherwise what is wrong, and the try is counted."""
    buckets = (
        accounts.bucket("link", held.id),
        accounts.bucket("address", access.client_address()),
        accounts.bucket("all"),
    )
    accounts.check(g.db, *buckets)
    try:
        secret = accounts.pass_family_check(g.db, held, form.date())
    except Invalid as refusal:
        return refusal.fields
    except accounts.WrongAnswer as wrong:
        unit_of_work.afterwards(lambda db: accounts.note_failure(db, *buckets))
        return {"born": _tries(wrong.tries_left)}
    except NotFound:
        raise Elsewhere(url_for(".ended")) from None
    access.let_in("family", secret)
    g.visitor = access.visitor("family")
    return {}


@bp.get("/family/welcome-back")
@allow("anyone")
def welcome_back() -> ResponseReturnValue:
    """Ask the question of the link once more where a visit fell silent; where it goes on again, so does its page."""
    if access.visitor("family") is not None:
        return go(_wanted_page())
    _quiet_visit()
    return _welcome_back_page(forms.BirthDate({}))


@bp.post("/family/welcome-back")
@allow("anyone")
def come_back() -> ResponseReturnValue:
    """Keep the form that came too late until the question is answered, and send it on then."""
    onward_to = _wanted_page()
    if access.visitor("family") is None:
        held, form = _quiet_visit(), forms.BirthDate.read()
        if not forms.typed("asked"):
            return _welcome_back_page(form)
        errors = _let_in(held, form)
        if errors:
            return _welcome_back_page(form, errors), 422
    return redirect(onward_to, 307) if _kept_form() else go(onward_to)


def _quiet_visit() -> accounts.LinkRow:
    held = access.quiet_visit()
    if held is None:
        raise Elsewhere(url_for(".ended"))
    return held


def _wanted_page() -> str:
    """The page of the family's that the visitor was on."""
    home, here = url_for(".home"), url_for(".welcome_back")
    wanted = access.own_path(request.values.get("next"))
    return wanted if wanted and wanted.startswith(f"{home}/") and not wanted.startswith(here) else home


def _kept_form() -> list[tuple[str, str]]:
    """What was filled in on that page, field by field."""
    own = {"csrf_token", "next", "asked", *(f"born-{part}" for part in forms.PARTS)}
    return [(name, text) for name, text in request.form.items(multi=True) if name not in own]


def _welcome_back_page(form: forms.BirthDate, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "family/welcome-back.html", typed=form.boxes, errors=errors or {}, next=_wanted_page(), kept=_kept_form()
    )


def begin(person_id: int) -> str:
    """Begin the sitting, or take it up again, and return the page that waits; the family page when nothing is owed."""
    try:
        trip = campaigns.begin_journey(g.db, person_id, this_year(), actor=access.current_actor())
    except Conflict:
        return url_for(".home")
    return onward(trip)


def _link(token: str) -> accounts.LinkRow:
    try:
        held = accounts.link(g.db, token, purpose="family")
    except NotFound:
        raise Elsewhere(url_for(".ended")) from None
    if held.expired:
        raise Elsewhere(url_for(".ended"))
    return held


def _landing_page(token: str, form: forms.BirthDate, errors: dict[str, str] | None = None) -> str:
    return render_template("family/landing.html", token=token, typed=form.boxes, errors=errors or {})


def _tries(left: int) -> str:
    wrong = _("We know no child of yours with this date of birth. Check the date and try again.")
    if not left:
        return f"{wrong} {_('That was the last try for now. Please wait 15 minutes.')}"
    return f"{wrong} {ngettext('You have 1 more try.', 'You have %(num)s more tries.', left)}"


@bp.get("/family/new-link")
@allow("anyone")
def ended() -> str:
    """Offer a new link to somebody whose link or visit has run out."""
    return render_template("family/new-link.html", email="", errors={})


@bp.post("/family/new-link")
@allow("anyone")
def ask_for_link() -> ResponseReturnValue:
    """Send a new link where a guardian has this address; say the same whether one has or not."""
    try:
        address = forms.email()
    except Invalid as refusal:
        return render_template("family/new-link.html", email=forms.typed("email"), errors=refusal.fields), 422
    asked = (
        accounts.bucket("account", f"new-link {address.casefold()}"),
        accounts.bucket("address", f"new-link {access.client_address()}"),
    )
    accounts.check(g.db, *asked)
    accounts.note_failure(g.db, *asked)
    campaigns.send_new_link(g.db, address, school=unit_of_work.settings().school)
    return go(url_for(".link_sent"))


@bp.get("/family/new-link/sent")
@allow("anyone")
def link_sent() -> str:
    """Say what happens next, the same to everybody."""
    return render_template("family/link-sent.html")


@bp.post("/family/finish")
@allow("anyone")
def finish() -> ResponseReturnValue:
    """End the visit here and on the server; safe to repeat."""
    here = "school-device" if access.on_school_device() else None
    left = _still_to_do()
    access.let_out("family")
    return go(url_for(".finished", on=here, left=left or None))


def _still_to_do() -> list[str]:
    """The kinds of page that are not finished; ``sign`` where only the signature is missing."""
    held = access.visitor("family")
    if held is None or held.person_id is None:
        return []
    return list(campaigns.unfinished(g.db, held.person_id, this_year()))


@bp.get("/family/finished")
@allow("anyone")
def finished() -> str:
    """Say that nothing of the visit is left on this device, and what is not finished."""
    return render_template(
        "family/finished.html",
        school_device=request.args.get("on") == "school-device",
        left=set(request.args.getlist("left")) & {"rules", "pictures", "younger", "sign"},
    )
