"""The office's pages: how far the school year has come, who needs help, people, campaigns, evidence, log-ins."""

from flask import Blueprint

bp = Blueprint("admin", __name__)

# The routes register themselves on the blueprint above.
from oval_aup.web.admin import (  # noqa: E402, F401
    accounts,
    answers,
    as_at,
    campaign,
    classes,
    evidence,
    home,
    mail,
    merging,
    outstanding,
    packs,
    people,
    responsibility,
    retention,
    roster_views,
    take_downs,
)
