"""The blueprint on which the routes of this audience are registered."""

from flask import Blueprint

bp = Blueprint("family", "oval_aup.web.family")
