"""Staff's own pages: the log-in, their signing, their class's picture choices and the question about one photo."""

from flask import Blueprint

bp = Blueprint("staff", __name__)

# The routes register themselves on the blueprint above.
from oval_aup.web.staff import classes, login, photos, signing, unanswered  # noqa: E402, F401
