"""A class's picture choices, child by child: what may be done, never why not and never who decided."""

from __future__ import annotations

from flask import render_template

from oval_aup.web.access import allow
from oval_aup.web.staff import bp


@bp.get("/staff/classes")
@allow("class.own", "class.any")
def classes() -> str:
    """List the classes this visitor may look at."""
    return render_template("staff/home.html")
