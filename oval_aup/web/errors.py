"""The one map from a refusal to a page: 403, 404, 409, 413, 422, 429, 503 and the page for our own mistakes."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from oval_aup.accounts import TooMany
from oval_aup.core.errors import Conflict, DatabaseBusy, DomainError, Invalid, NotAllowed, NotFound
from oval_aup.core.i18n import _
from oval_aup.web import access, probing, unit_of_work
from oval_aup.web.htmx import wants_fragment

log = logging.getLogger("oval_aup.web")
STATUS: dict[type[DomainError], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, TooMany: 429}


class OvalFlask(Flask):
    """Flask, which must not write addresses into the log: some of them are private links."""

    def log_exception(self, _exc_info: object) -> None:
        """Leave it to the page for our own mistakes, which logs the fault under the reference it shows."""


def _sentence(status: int) -> tuple[str, str]:
    return {
        400: (_("That didn’t arrive properly"), _("Please go back, refresh the page and try again.")),
        403: (_("You cannot open this page"), _("Your log-in does not include it. Ask the office if you need it.")),
        404: (_("We cannot find this page"), _("Check the address, or ask the school office.")),
        405: (_("This page cannot be used that way"), _("Please go back and try again.")),
        409: (_("Something has changed"), _("Please go back, refresh the page and try again.")),
        413: (_("This file is too large"), _("Please choose a smaller file.")),
        422: (_("There is a problem"), _("Please go back and check what you entered.")),
        429: (_("Please wait a moment"), _("There were too many attempts. Try again later.")),
    }.get(status, (_("Sorry, something went wrong"), _("It was our mistake. Please try again in a moment.")))


def _page(status: int, message: str = "", reference: str = "") -> Response:
    heading, usual = _sentence(status)
    # A fragment's place is too small for an error page, so htmx is told to show the whole page.
    response = make_response(
        render_template("public/error.html", heading=heading, message=message or usual, reference=reference), status
    )
    if wants_fragment():
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


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
    message = _("It was our mistake, and this may not have been saved. It is safe to send it again in a moment.")
    try:
        return _page(500, message if sent else "", reference)
    except Exception:  # the page itself may be what is broken
        log.exception("the error page failed too")
        return Response(_("Sorry, something went wrong. Please try again."), 500, content_type="text/plain")


def _stale_form() -> Response:
    # Their cookie is gone, so no refreshing helps: a phone forgot it, or they were done in another window.
    door = access.login_redirect()
    if door is not None:
        return make_response(door)
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
        return Response(_("This site has another name."), 400, content_type="text/plain; charset=utf-8")

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
