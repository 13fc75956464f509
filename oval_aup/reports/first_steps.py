"""The next step that starts or keeps up a school year, for an office that does not know it: list, rules, plan, send."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, people
from oval_aup.core import clock
from oval_aup.core.errors import NotFound

NEEDED_AGREEMENTS = ("parents", "staff", "children", "image-uses")


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next: ``list``, ``rules``, ``new-list``, ``plan``, ``open`` or ``plan-next``."""

    key: str
    school_year: int
    list_from: dt.date | None = None
    """When the newest list of children was loaded."""


def next_step(db: Session) -> NextStep | None:
    """The one step that comes next, or None while this year’s sign-up is under way and the next is not due."""
    today = clock.today()
    year = people.school_year(today)
    list_from = campaigns.list_loaded_on(db)
    if not people.children(db):
        return NextStep("list", year, list_from)
    if not rules_published(db):
        return NextStep("rules", year, list_from)
    for one in campaigns.years_to_plan(today):
        row = campaigns.campaign_of(db, one)
        if row is not None and row.status != "planned":
            continue
        if campaigns.list_is_old(db, one) and one == year:
            return NextStep("new-list", one, list_from)
        if row is None:
            return NextStep("plan" if one == year else "plan-next", one, list_from)
        return NextStep("open", one, list_from)
    return None


def rules_published(db: Session) -> bool:
    """Whether every rule set has a wording in force."""
    try:
        for key in NEEDED_AGREEMENTS:
            agreements.current(db, key)
    except NotFound:
        return False
    return True
