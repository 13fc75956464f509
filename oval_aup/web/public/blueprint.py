"""The blueprint on which the routes of this audience are registered."""

from flask import Blueprint

bp = Blueprint("public", "oval_aup.web.public")
