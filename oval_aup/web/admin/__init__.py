"""The office's pages: how far the school year has come, who needs help, people, campaigns, evidence, log-ins."""

from oval_aup.web.admin import (
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
from oval_aup.web.admin.blueprint import bp

__all__ = [
    "accounts",
    "answers",
    "as_at",
    "bp",
    "campaign",
    "classes",
    "evidence",
    "home",
    "mail",
    "merging",
    "outstanding",
    "packs",
    "people",
    "responsibility",
    "retention",
    "roster_views",
    "take_downs",
]
