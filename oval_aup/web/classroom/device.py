"""A shared device in class: the rules in large type, the names, and a child's own mark."""

from __future__ import annotations

from flask import render_template

from oval_aup.web.access import allow
from oval_aup.web.classroom import bp


@bp.get("/class")
@allow("anyone")
def join() -> str:
    """Ask for the code on the board."""
    return render_template("classroom/join.html")
