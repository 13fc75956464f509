"""The one map from a refusal to a page: 403, 404, 409, 413, 422, 429, 503 and the page for our own mistakes."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from oval_aup.accounts import TooMany, Visitor
from oval_aup.core.errors import Conflict, DatabaseBusy, DomainError, Invalid, NotAllowed, NotFound
from oval_aup.core.i18n import _
from oval_aup.web import access, probing, unit_of_work
from oval_aup.web.htmx import wants_fragment

log = logging.getLogger("oval_aup.web")
STATUS: dict[type[DomainError], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, TooMany: 429}


class OvalFlask(Flask):
    """Flask, which must not write addresses into the log: some of them are private links."""

    def log_exception(self, _exc_info: object) -> None:
        """Log nothing: the page for our own mistakes logs the fault under the reference it shows."""


def _sentence(status: int) -> tuple[str, str]:
    return {
        400: (_("That didn’t work"), _("Please go back, refresh the page and try again.")),
        403: (
            _("You can’t open this page"),
            _("It isn’t part of your log-in. If you need it, ask the office."),
        ),
        404: (
            _("Page not found"),
            _("Check the address. If you followed a link, it may be out of date."),
        ),
        405: (_("You can’t open this page directly"), _("Please go back and use the button there.")),
        409: (_("Something has changed"), _("Please go back, refresh the page and try again.")),
        413: (_("This file is too large"), _("Please choose a smaller file.")),
        422: (_("There is a problem"), _("Please go back and check what you entered.")),
        429: (_("Please wait a moment"), _("There were too many attempts. Try again later.")),
    }.get(status, (_("Sorry, something went wrong"), _("This isn’t your fault. Please try again in a moment.")))


def _page(status: int, message: str = "", reference: str = "") -> Response:
    heading, usual = _sentence(status)
    if status < 500:  # after a mistake of our own nothing is asked of the database that may be the cause
        unit_of_work.give_up_writing()
    visitor = _visitor() if status < 500 else g.get("visitor")
    # A fragment's place is too small for an error page, so htmx is told to show the whole page.
    response = make_response(
        render_template(
            "public/error.html",
            heading=heading,
            message=message or usual,
            reference=reference,
            visitor=visitor,
            page_before=_page_before(),
            home=_home(visitor),
        ),
        status,
    )
    if wants_fragment():
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _visitor() -> Visitor | None:
    """Whoever this page was opened for, or else whoever is logged in on this browser, if anybody."""
    known: Visitor | None = g.get("visitor") or access.visitor("login") or access.visitor("family")
    return known


def _home(visitor: Visitor | None) -> str:
    """The visitor's own first page; empty for a stranger, and on that page itself."""
    if visitor is None or visitor.kind == "kiosk":
        return ""
    own = "family.home" if visitor.kind == "family" else "admin.home" if visitor.may("office") else "staff.home"
    home = url_for(own)
    if home != request.path:
        return home
    return url_for("staff.home") if own == "admin.home" else ""


def _page_before() -> str:
    """The page of this site that led here, where it can be opened again; empty where the browser names none."""
    came_from, here = request.referrer or "", request.host_url
    target = access.own_path("/" + came_from.removeprefix(here)) if came_from.startswith(here) else None
    path = (target or "").partition("?")[0]
    if not path or (request.method == "GET" and path == request.path):
        return ""
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return ""
    return target or ""


def _busy(error: DatabaseBusy) -> Response:
    """Give the form back to send again, filled in as it was: nothing was saved, and the same act twice is one."""
    unit_of_work.give_up_writing()
    posted = request.method == "POST"
    secret = any("password" in name for name in request.form)
    kept = list(request.form.items(multi=True)) if posted and not secret and not request.files else []
    response = make_response(
        render_template(
            "public/busy.html",
            kept=[(name, text) for name, text in kept if name != "csrf_token"],
            again=request.full_path.rstrip("?"),
            by_hand=posted and not kept,
        ),
        503,
    )
    response.headers["Retry-After"] = str(error.retry_after)
    if wants_fragment():
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _our_mistake(error: BaseException) -> Response:
    reference = secrets.token_hex(4)
    log.error("unexpected error %s in %s", reference, request.endpoint, exc_info=error)
    sent = request.method not in {"GET", "HEAD", "OPTIONS"}
    message = _(
        "This isn’t your fault, but it may not have been saved. Wait a moment, then send it again: that is safe."
    )
    try:
        return _page(500, message if sent else "", reference)
    except Exception:  # the page itself may be what is broken
        log.exception("the error page failed too")
        return Response(_("Sorry, something went wrong. Please try again."), 500, content_type="text/plain")


def _stale_form() -> Response:
    # Their cookie is gone, so refreshing does not help: a phone forgot it, or they finished in another window.
    log_in = access.login_redirect()
    if log_in is not None:
        return make_response(log_in)
    if not access.keeps_cookies():
        return make_response(render_template("public/no-cookies.html"), 400)
    return _page(400, _("This page was open for too long. Go back, refresh it and send it again."))


def install(app: Flask) -> None:
    """Register the error pages."""

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> Response:
        if isinstance(error, (NotFound, NotAllowed)) and request.view_args:
            probing.note("address")
        response = _page(STATUS.get(type(error), 400), error.message)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(DatabaseBusy)
    def busy(error: DatabaseBusy) -> Response:
        return _busy(error)

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        return _stale_form()

    @app.errorhandler(SecurityError)
    def not_our_name(_error: SecurityError) -> Response:
        # Asked for under a host name that is not ours: there is no address of this site to build a page with.
        return Response(_("This address does not belong to this site."), 400, content_type="text/plain; charset=utf-8")

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> Response:
        status = error.code or 500
        if status >= 500:
            fault = getattr(error, "original_exception", None) or error
            return _busy(fault) if isinstance(fault, DatabaseBusy) else _our_mistake(fault)
        if status < 400:
            return Response(error.get_response().get_data(), status, dict(error.get_response().headers))
        return _page(status)

    @app.errorhandler(Exception)
    def our_mistake(error: Exception) -> Response:
        # The outermost frame: whatever it was, a person gets a sentence and the log gets the rest.
        return _our_mistake(error)
