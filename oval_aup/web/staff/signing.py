"""A staff member's own signing: what is owed, the rules, the check, the signature and the receipt."""

from __future__ import annotations

from flask import render_template

from oval_aup.web.access import allow
from oval_aup.web.staff import bp


@bp.get("/staff")
@allow("sign.own")
def home() -> str:
    """Show what I owe this school year and what I signed."""
    return render_template("staff/home.html")
