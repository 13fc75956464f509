"""Pages anyone may read: the front door, how we keep things safe, accessibility, the demonstration outbox."""

from flask import Blueprint

bp = Blueprint("public", __name__)

from oval_aup.web.public import verification, views  # noqa: E402, F401  (the routes register themselves on the blueprint above)
