"""The next step that starts or keeps up a school year, for an office that does not know it: list, rules, plan, send."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import campaigns, people
from oval_aup.core import clock
from oval_aup.core.school import School


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next: ``list``, ``rules``, ``new-list``, ``plan``, ``open`` or ``plan-next``."""

    key: str
    school_year: int
    list_from: dt.date | None = None
    """When the newest list of children was loaded."""


def next_step(db: Session, school: School) -> NextStep | None:
    """The one step that comes next, or None while this year’s sign-up is under way and the next is not due."""
    today = clock.today()
    year = people.school_year(today)
    list_from = campaigns.list_loaded_on(db)
    if not people.children(db):
        return NextStep("list", year, list_from)
    if not campaigns.rules_published(db):
        return NextStep("rules", year, list_from)
    years = campaigns.years_to_plan(today)
    for one in years:
        row = campaigns.campaign_of(db, one)
        if row is None and one != year:
            return NextStep("plan-next", one, list_from)
        if row is None and len(years) > 1:  # too late for a year that is nearly over
            continue
        if (row is not None and row.status != "planned") or one != campaigns.year_of_delivery(school):
            continue
        if campaigns.list_is_old(db, one):
            return NextStep("new-list", one, list_from)
        return NextStep("plan" if row is None else "open", one, list_from)
    return None
