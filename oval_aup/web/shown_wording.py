"""Ties the words that a form agrees to to the visit that was shown them.

A hash of a wording is no secret: it stands on every receipt. So a form brings back more than the hash, namely that this
site rendered it, to whom and in which visit; a form that was put together elsewhere does not have that.
"""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app, g, request
from itsdangerous import BadData, URLSafeSerializer

from oval_aup import accounts
from oval_aup.web import probing
from oval_aup.web.access import current_visitor

FIELD = "shown_sha256"
LONGEST = 400


def install(app: Flask) -> None:
    """Let templates fill the field in: ``value="{{ shown(wording.text_sha256) }}"``."""
    app.jinja_env.globals["shown"] = shown


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(cast(str, current_app.secret_key), salt="shown")


def shown(sha256: str) -> str:
    """What a form brings back so that ``read_shown`` knows the words were shown in this visit."""
    return _serializer().dumps([sha256, current_visitor().session_id])


def read_shown() -> str:
    """The hash of the words that this visit was shown; empty, and noted, where they were not shown in it."""
    try:
        sha256, session_id = _serializer().loads(request.form.get(FIELD, "")[:LONGEST])
    except (BadData, ValueError, TypeError):
        probing.note("wording")
        return ""
    if session_id != current_visitor().session_id and not accounts.continues(
        g.db, current_visitor().session_id, session_id
    ):
        probing.note("wording")
        return ""
    return str(sha256)
