"""How a family gets in and out: the private link with its one question, a new link, and the end on a shared device."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, campaigns, people
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.web import access, unit_of_work
from oval_aup.web.access import allow
from oval_aup.web.family import forms
from oval_aup.web.family.blueprint import bp
from oval_aup.web.family.visits import SENT_BACK, RedirectTo, onward, send_back, sent_back, this_year
from oval_aup.web.forms import typed
from oval_aup.web.htmx import go

WHYS = frozenset({"cut", "unknown", "old", "closed"})
"""What may be wrong with a link."""
FITS_COOKIE = 2000
"""Letters of a late form that the cookie holds beside everything else in it; a browser keeps 4,096 bytes."""


@bp.get("/f/<token>")
@allow("anyone")
def landing(token: str) -> str:
    """Greet whoever opened the link, name nobody, and ask one question; opening it changes nothing.

    Only within the visit of another adult it says whose link it is, and asks whether that is who they are now.
    """
    held = _link(token)
    if (other := _other_visit(held)) is not None:
        return render_template("family/other-person.html", token=token, **other)
    filled_in, errors = sent_back()
    return render_template("family/landing.html", token=token, typed=filled_in, errors=errors)


@bp.post("/f/<token>")
@allow("anyone")
def check_in(token: str) -> ResponseReturnValue:
    """Let in whoever knows a child's date of birth, and begin or go on with their signing session."""
    held, form = _link(token), forms.BirthDate.read()
    here = url_for(".landing", token=token)
    if _other_visit(held) is not None:
        if typed("i_am") == "yes":
            access.end_session("family")
        return go(here)
    errors = _let_in(held, form)
    if errors:
        return send_back(here, form.boxes, errors)
    return go(begin(held.person_id))


def _other_visit(held: accounts.LinkRow) -> dict[str, str] | None:
    """Whose visit is open on this browser, where it is not that of the link's own person.

    The link's person is named only to an adult of the same child.
    """
    visitor = access.visitor("family")
    if visitor is None or visitor.person_id in (None, held.person_id):
        return None
    mine = {link.child.person_id for link in people.children_of(g.db, visitor.person_id)}
    theirs = {link.child.person_id for link in people.children_of(g.db, held.person_id)}
    name = people.person_by_id(g.db, held.person_id).full_name if mine & theirs else ""
    return {"name": name, "here": people.person_by_id(g.db, visitor.person_id).full_name}


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
        return {"born": _tries(wrong.tries_left)} if wrong.tries_left else _no_tries_left()
    except NotFound:
        raise RedirectTo(url_for(".ended", why="closed")) from None
    access.start_session("family", secret)
    session.pop(SENT_BACK, None)
    g.visitor = access.visitor("family")
    return {}


def _no_tries_left() -> dict[str, str]:
    raise RedirectTo(url_for(".too_many_tries"))


@bp.errorhandler(accounts.TooMany)
def wait(_error: accounts.TooMany) -> ResponseReturnValue:
    """Send whoever tried too often to a page that says how long to wait and whom to call."""
    unit_of_work.refuse()
    return go(url_for(".too_many_tries"))


@bp.get("/family/too-many-tries")
@allow("anyone")
def too_many_tries() -> ResponseReturnValue:
    """Say how long to wait, and offer the office's number."""
    return render_template("family/too-many-tries.html"), 429, {"Retry-After": str(accounts.TooMany().retry_after)}


@bp.get("/family/changed")
@allow("anyone")
def changed() -> ResponseReturnValue:
    """Say that something changed while the page was open, and where to go on."""
    kept, _errors = sent_back()
    if not kept:
        return go(url_for(".home"))
    return render_template("family/changed.html", target=kept["target"], message=kept["message"])


@bp.get("/family/welcome-back")
@allow("anyone")
def welcome_back() -> ResponseReturnValue:
    """Ask the question of the link once more where a visit fell silent; where it goes on again, so does its page."""
    if access.visitor("family") is not None:
        return go(_wanted_page())
    _quiet_visit()
    filled_in, errors = sent_back()
    kept = [(name, text) for name, text in filled_in.items() if name not in _own_fields()]
    return _welcome_back_page(filled_in, errors, kept)


@bp.post("/family/welcome-back")
@allow("anyone")
def come_back() -> ResponseReturnValue:
    """Keep the form that came too late until the question is answered, and send it on then."""
    onward_to, kept = _wanted_page(), _kept_form()
    if access.visitor("family") is None:
        held, form = _quiet_visit(), forms.BirthDate.read()
        asked = bool(typed("asked"))
        errors = _let_in(held, form) if asked else {}
        if errors or not asked:
            shown = dict(form.boxes) if asked else {}
            if sum(len(name) + len(text) for name, text in kept) <= FITS_COOKIE and len(dict(kept)) == len(kept):
                return send_back(url_for(".welcome_back", next=onward_to), shown | dict(kept), errors)
            unit_of_work.refuse()
            return _welcome_back_page(shown, errors, kept)
    return redirect(onward_to, 307) if kept else go(onward_to)


def _quiet_visit() -> accounts.LinkRow:
    held = access.expired_visit()
    if held is None:
        raise RedirectTo(url_for(".ended"))
    return held


def _wanted_page() -> str:
    """The page of the family's that the visitor was on."""
    home, here = url_for(".home"), url_for(".welcome_back")
    wanted = access.own_path(request.values.get("next"))
    return wanted if wanted and wanted.startswith(f"{home}/") and not wanted.startswith(here) else home


def _own_fields() -> set[str]:
    return {"csrf_token", "next", "asked", *(f"born-{part}" for part in forms.PARTS)}


def _kept_form() -> list[tuple[str, str]]:
    """What was filled in on that page, field by field."""
    own = _own_fields()
    return [(name, text) for name, text in request.form.items(multi=True) if name not in own]


def _welcome_back_page(filled_in: Mapping[str, str], errors: Mapping[str, str], kept: list[tuple[str, str]]) -> str:
    return render_template("family/welcome-back.html", typed=filled_in, errors=errors, next=_wanted_page(), kept=kept)


def begin(person_id: int) -> str:
    """Begin the signing session, or go on with it, and return the next page; the family page when nothing is owed."""
    try:
        visit = campaigns.begin_family_visit(g.db, person_id, this_year(), actor=access.current_actor())
    except Conflict:
        return url_for(".home")
    return onward(visit)


def _link(token: str) -> accounts.LinkRow:
    try:
        held = accounts.link(g.db, token, purpose="family")
    except NotFound:
        raise RedirectTo(url_for(".ended", why="cut" if accounts.looks_cut(token) else "unknown")) from None
    if held.expired:
        raise RedirectTo(url_for(".ended", why="old"))
    return held


def _tries(left: int) -> str:
    wrong = _("That date doesn’t match our records. Check the date and try again.")
    return f"{wrong} {ngettext('You have 1 more try.', 'You have %(num)s more tries.', left)}"


@bp.get("/family/new-link")
@allow("anyone")
def ended() -> str:
    """Offer a new link to somebody whose link or visit has run out, and say what is wrong with the one they have."""
    filled_in, errors = sent_back()
    return render_template("family/new-link.html", email=filled_in.get("email", ""), errors=errors, why=_why())


def _why() -> str:
    why = request.args.get("why", "")
    return why if why in WHYS else ""


@bp.post("/family/new-link")
@allow("anyone")
def ask_for_link() -> ResponseReturnValue:
    """Send a new link where a guardian has this address; say the same whether one has or not."""
    try:
        address = forms.email()
    except Invalid as refusal:
        return send_back(url_for(".ended", why=_why() or None), {"email": typed("email")}, refusal.fields)
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
    access.end_session("family")
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
        left=set(request.args.getlist("left")) & {"responsibility", "rules", "pictures", "younger", "sign"},
    )
