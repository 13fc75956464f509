"""The blueprint on which the routes of this audience are registered."""

from flask import Blueprint

bp = Blueprint("staff", "oval_aup.web.staff")
