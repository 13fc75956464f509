"""The office's first screens."""

from __future__ import annotations

from flask import render_template

from oval_aup.web.access import allow
from oval_aup.web.admin import bp


@bp.get("/office")
@allow("coverage.read")
def home() -> str:
    """Answer how many have signed, and who needs help."""
    return render_template("admin/home.html")


@bp.get("/office/people")
@allow("people.read")
def people() -> str:
    """Find a person."""
    return render_template("admin/people.html")


@bp.get("/office/evidence")
@allow("reports.read")
def reports() -> str:
    """List the documents that prove who agreed to what."""
    return render_template("admin/reports.html")
