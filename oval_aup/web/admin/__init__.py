"""The office's pages: how far the school year has come, who needs help, people, campaigns, evidence, log-ins."""

from flask import Blueprint

bp = Blueprint("admin", __name__)

from oval_aup.web.admin import views  # noqa: E402, F401  (the routes register themselves on the blueprint above)
