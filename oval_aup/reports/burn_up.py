"""The course of a campaign, day by day: how many per cent of each audience had signed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, signing
from oval_aup.core import clock
from oval_aup.reports.coverage import Overview

LONGEST = 366
"""Days drawn at most; a campaign does not outlast its school year."""


@dataclass(frozen=True, slots=True)
class BurnUpLine:
    """One audience: the per cent signed at the end of each day from the first to the last."""

    audience: str
    percents: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BurnUp:
    """What the picture shows; every line has one value per day up to today."""

    first: dt.date
    last: dt.date
    due_on: dt.date
    lines: tuple[BurnUpLine, ...]
    last_year: tuple[float, ...] = ()
    """Parents and carers a year before, from the day on which that sign-up started; empty where there was none."""


def burn_up(db: Session, overview: Overview, *, asked_on: dt.date, due_on: dt.date) -> BurnUp:
    """The lines from the day of asking to today, of those asked as they are now."""
    today = clock.today()
    first = min(asked_on, today)
    by_day = signing.signed_by_day(db, overview.school_year)
    days = [first + dt.timedelta(days=ahead) for ahead in range(min((today - first).days, LONGEST) + 1)]
    lines = []
    for audience in agreements.SIGNED:
        asked = overview.audiences[audience].asked
        if asked:
            lines.append(BurnUpLine(audience, _climb(dict(by_day.get(audience, ())), days, asked)))
    return BurnUp(first, max(due_on, today), due_on, tuple(lines), _year_before(db, overview.school_year))


def _year_before(db: Session, school_year: int) -> tuple[float, ...]:
    before = campaigns.campaign_of(db, school_year - 1)
    if before is None or before.opened_at is None:
        return ()
    asked = signing.coverage(db, school_year - 1, class_ids=()).counts("parents").asked
    if not asked:
        return ()
    started = clock.london(before.opened_at).date()
    days = [started + dt.timedelta(days=ahead) for ahead in range(LONGEST)]
    return _climb(dict(signing.signed_by_day(db, school_year - 1).get("parents", ())), days, asked)


def _climb(signed: dict[dt.date, int], days: list[dt.date], asked: int) -> tuple[float, ...]:
    so_far = sum(count for day, count in signed.items() if day < days[0])
    heights = []
    for day in days:
        so_far += signed.get(day, 0)
        heights.append(min(100.0, 100 * so_far / asked))
    return tuple(heights)
