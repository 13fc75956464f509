"""The teacher's side of a lesson: open it, see who has signed, put right a wrong name, close it."""

from __future__ import annotations

from flask import render_template

from oval_aup.web.access import allow
from oval_aup.web.classroom import bp


@bp.get("/classroom/start/<class_public_id>")
@allow("class.session")
def start(class_public_id: str) -> str:
    """Offer the ways to hold the lesson."""
    return render_template("classroom/join.html")
