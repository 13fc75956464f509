"""Who may open which page: every route says so with ``@allow``; one that does not is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, login_user, logout_user

from oval_aup import accounts, people
from oval_aup.core.actor import Actor
from oval_aup.core.errors import NotAllowed, NotFound
from oval_aup.web import htmx, unit_of_work

View = TypeVar("View", bound=Callable[..., Any])
ANYONE = "anyone"
HANDED_OVER = "handed_over"
"""Where the cookie keeps the secret of whoever handed this device to a class or a family."""
BACK_TO = "handed_back_to"
"""Where the cookie keeps the page that they come back to."""
SCHOOL_DEVICE = "school_device"
"""Set in the cookie of a family visit on the school's own device, and still there when its session has ended."""


class LoggedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's idea of a user: the secret of a server-side session."""

    def __init__(self, token: str, visitor: accounts.Visitor | None = None) -> None:
        self.id = token
        self.visitor = visitor


def allow(*permissions: str) -> Callable[[View], View]:
    """Open a route to visitors with any of the permissions, or to ``anyone``."""
    unknown = set(permissions) - accounts.PERMISSIONS - {ANYONE}
    if unknown or not permissions:
        raise ValueError(f"not a permission: {', '.join(sorted(unknown)) or 'none given'}")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> ResponseReturnValue:
            if ANYONE not in permissions:
                refusal = _refusal(permissions)
                if refusal is not None:
                    return refusal
            return cast(ResponseReturnValue, view(*args, **values))

        guarded.permissions = permissions  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def _refusal(permissions: tuple[str, ...]) -> ResponseReturnValue | None:
    held = visitor(_kind(permissions))
    if held is None:
        return _come_in(_kind(permissions), keeps_form=True)
    if not any(held.may(permission) for permission in permissions):
        raise NotAllowed
    g.visitor = held
    if held.stale:
        unit_of_work.afterwards(lambda db: accounts.touch(db, held.session_id), patience=0.1)
    return None


def login_redirect() -> ResponseReturnValue | None:
    """The door for whoever sends a page of a visit that is over; None where the visit goes on or none is needed."""
    permissions = getattr(current_app.view_functions.get(request.endpoint or ""), "permissions", (ANYONE,))
    if ANYONE in permissions or visitor(_kind(permissions)) is not None:
        return None
    return _come_in(_kind(permissions))


def _kind(permissions: tuple[str, ...]) -> str:
    return permissions[0] if permissions[0] in {"family", "kiosk"} else "login"


def _come_in(kind: str, *, keeps_form: bool = False) -> ResponseReturnValue:
    """Send a stranger to the door that fits; a fragment's request is told to take the whole page there.

    ``keeps_form`` where the form that was sent is known to come from a page of ours: what a family filled in waits for
    them behind the door.
    """
    if kind == "family" and on_school_device():
        return htmx.go(url_for("family.finished", on="school-device"))
    if kind == "family" and expired_visit() is not None:
        if keeps_form and request.method == "POST" and not htmx.wants_fragment():
            return redirect(url_for("family.come_back", next=request.path), 307)
        return htmx.go(url_for("family.welcome_back", next=_this_page() or None))
    if kind == "family":
        return htmx.go(url_for("family.ended"))
    if kind == "kiosk":
        return htmx.go(url_for("classroom.join"))
    return htmx.go(url_for("staff.log_in", next=_this_page() or None))


def _this_page() -> str:
    """The address to come back to, where this is one; empty after a post and for a part of a page."""
    return request.full_path.rstrip("?") if request.method == "GET" and not htmx.wants_fragment() else ""


def visitor(kind: str) -> accounts.Visitor | None:
    """Who is logged in as this kind on this browser, if anybody."""
    known: dict[str, accounts.Visitor | None] = g.__dict__.setdefault("_visitors", {})
    if kind not in known:
        token = session.get("_user_id" if kind == "login" else kind)
        known[kind] = accounts.visitor(g.db, token, kind) if isinstance(token, str) else None
    return known[kind]


def has_run_out(kind: str) -> bool:
    """Whether this browser was logged in as this kind, and is no longer."""
    return kind in session and visitor(kind) is None


def expired_visit() -> accounts.LinkRow | None:
    """The link of the family visit on this browser that fell silent, for whoever answers its question once more."""
    token = session.get("family")
    return accounts.link_of_quiet_visit(g.db, token) if isinstance(token, str) else None


def current_visitor() -> accounts.Visitor:
    """The visitor this page was opened for."""
    return cast(accounts.Visitor, g.visitor)


def current_person() -> people.PersonRow:
    """The person who is logged in; raises NotFound for a class device, which is nobody."""
    held = current_visitor()
    if held.person_id is None:
        raise NotFound
    return people.person_by_id(g.db, held.person_id)


def current_actor(channel: str = "") -> Actor:
    """The visitor in the terms of the record."""
    held = current_visitor()
    usual = {"login": "login", "family": "link", "kiosk": "class"}[held.kind]
    return Actor(
        role="guardian" if held.kind == "family" else held.role,
        person_id=held.person_id,
        pseudonym=held.pseudonym,
        assurance=held.assurance,
        channel=channel or ("person" if held.assurance == "in-person" else usual),
        sent_to=held.sent_to,
        browser=(request.user_agent.string or "")[:300],
    )


def start_session(kind: str, token: str, **more: str) -> None:
    """Hand the browser its secret under a fresh cookie; whatever it held as this kind before is ended.

    Where that was another person's, so are the pages of theirs still open: none can be sent in this one's name.
    """
    old = session.get("_user_id" if kind == "login" else kind)
    if isinstance(old, str):
        if not accounts.same_person(g.db, old, token):
            session.pop("csrf_token", None)
        accounts.end(g.db, old)
    if kind in {"login", "kiosk"}:
        accounts.end(g.db, session.get(HANDED_OVER, ""))
        session.clear()
    session.pop(SCHOOL_DEVICE, None)
    g.__dict__.get("_visitors", {}).pop(kind, None)
    if kind == "login":
        login_user(LoggedIn(token))
    else:
        session[kind] = token
    session.update(more)


def end_session(kind: str) -> None:
    """End the session of this kind here and on the server."""
    token = session.pop("_user_id" if kind == "login" else kind, None)
    if isinstance(token, str):
        accounts.end(g.db, token)
    if kind == "login":
        logout_user()
    kept = {key: session[key] for key in (HANDED_OVER, BACK_TO) if kind != "login" and key in session}
    session.clear()
    session.update(kept)
    g.visit_ends = True


def hand_over(kind: str, token: str, *, account_public_id: str, back_to: str, **more: str) -> None:
    """Turn this browser into a class's or a family's; the log-in ends here, and a PIN brings its owner back."""
    secret = accounts.hand_over(g.db, account_public_id)
    end_session("login")
    start_session(kind, token, **{HANDED_OVER: secret, BACK_TO: back_to}, **more)


def handed_over() -> accounts.HandOver | None:
    """Who handed this device over and can have it back with a PIN, if anybody."""
    secret = session.get(HANDED_OVER)
    held = accounts.handed_over(g.db, secret) if isinstance(secret, str) else None
    return held if held is not None and held.has_pin else None


def end_after_this_page(kind: str) -> None:
    """Let the visitor see this page and nothing after it."""
    token = session.get(kind)
    if isinstance(token, str):
        unit_of_work.afterwards(lambda db: accounts.end(db, token))
        g.visit_ends = True


def keeps_cookies() -> bool:
    """Whether the browser sent back the cookie that every page with a form gives it."""
    return current_app.config["SESSION_COOKIE_NAME"] in request.cookies


def on_school_device() -> bool:
    """Whether a family answers, or has just answered, on the school's own device."""
    return bool(session.get(SCHOOL_DEVICE) and session.get("family"))


def on_class_device() -> bool:
    """Whether children hold this device: pages then lead nowhere but through the lesson."""
    return "kiosk" in session


def own_path(target: str | None) -> str | None:
    """The target when it is a path of this site, else None; nothing that a browser could read as another host, or as
    another page than it begins with.
    """
    if not target or not target.startswith("/") or "\\" in target or any(ord(letter) <= 32 for letter in target):
        return None
    *before, last = unquote(target.partition("?")[0]).split("/")[1:]
    return None if {"", ".", ".."} & set(before) or last in {".", ".."} else target


def client_address() -> str:
    """The address requests are counted under."""
    return request.remote_addr or "unknown"


def install(app: Flask) -> None:
    """Refuse routes without ``@allow`` and let Flask-Login know who is logged in."""
    manager = LoginManager(app)
    manager.session_protection = None  # the server-side session row is what ends access

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> LoggedIn | None:
        held = visitor("login")
        return LoggedIn(token, held) if held else None

    @app.before_request
    def refuse_unmarked_routes() -> None:
        if request.endpoint is None:
            return
        view = current_app.view_functions[request.endpoint]
        if not getattr(view, "permissions", None):
            abort(403)

    @app.after_request
    def leave_nothing_behind(response: Response) -> Response:
        # Not "cookies": that would reach every other site of the school's domain; ours is taken back by itself.
        if g.get("visit_ends"):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    @app.context_processor
    def offer_visitor() -> dict[str, object]:
        return {
            "visitor": g.get("visitor"),
            "person": _named_person,
            "on_school_device": on_school_device,
            "on_class_device": on_class_device,
        }


def _named_person() -> people.PersonRow | None:
    held = g.get("visitor")
    return people.person_by_id(g.db, held.person_id) if held and held.person_id is not None else None
