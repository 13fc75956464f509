"""The blueprint on which the routes of this audience are registered."""

from flask import Blueprint

bp = Blueprint("classroom", "oval_aup.web.classroom")
