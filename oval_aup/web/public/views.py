"""The front door and the pages that explain the house."""

from __future__ import annotations

from pathlib import Path

from flask import Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from oval_aup.web import demo_outbox
from oval_aup.web.access import allow, visitor
from oval_aup.web.htmx import go
from oval_aup.web.public.blueprint import bp
from oval_aup.web.unit_of_work import settings


@bp.get("/")
@allow("anyone")
def home() -> ResponseReturnValue:
    """Send staff to their page; tell everybody else where to go."""
    if visitor("login"):
        return go(url_for("staff.home"))
    return render_template("public/home.html")


@bp.get("/how-we-keep-this-safe")
@allow("anyone")
def safe() -> str:
    """Say what is kept, why, for how long, and who to ask."""
    return render_template("public/safe.html")


@bp.get("/accessibility")
@allow("anyone")
def accessibility() -> str:
    """The accessibility statement."""
    return render_template("public/accessibility.html")


@bp.get("/healthy")
@allow("anyone")
def healthy() -> Response:
    """Answer a watchdog, which learns nothing else."""
    return Response("ok", content_type="text/plain")


@bp.get("/dev/outbox")
@allow("anyone")
def outbox() -> str:
    """Show the messages of the mail folder; in demonstrations only."""
    return render_template("public/outbox.html", letters=demo_outbox.letters(_mail_folder()))


@bp.get("/dev/outbox/<name>")
@allow("anyone")
def letter(name: str) -> str:
    """Show one message as its reader sees it."""
    return render_template("public/letter.html", letter=demo_outbox.letter(_mail_folder(), name))


@bp.get("/dev/outbox/<name>/attachment")
@allow("anyone")
def letter_attachment(name: str) -> Response:
    """Hand out the PDF that came with a message."""
    content = demo_outbox.letter(_mail_folder(), name).attachment or abort(404)
    return Response(content, content_type="application/pdf")


def _mail_folder() -> Path:
    if not settings().demo:
        abort(404)
    return settings().mail_folder
