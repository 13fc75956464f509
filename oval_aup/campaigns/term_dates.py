"""Which days are school days, so that nobody is chased at a weekend, on a bank holiday or in the holidays.

The dates below are typical of English schools and NOT the published dates of any one school: the setting
``OVAL_SCHOOL_HOLIDAYS`` replaces them with the school's own, school year by school year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

ONE_DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)
LONGEST_BREAK = 120
"""Days after which looking for the next school day stops: longer than any holiday."""


Breaks = tuple[tuple[dt.date, dt.date], ...]
"""First and last day of each."""


@dataclass(frozen=True, slots=True)
class TermDates:
    """The breaks of one or more school years; every weekday outside them is a school day."""

    breaks: Breaks

    def is_school_day(self, day: dt.date) -> bool:
        """Whether the school is open to pupils on this day."""
        return day.weekday() < 5 and not any(first <= day <= last for first, last in self.breaks)

    def first_school_day_from(self, day: dt.date) -> dt.date:
        """The day itself when it is a school day, otherwise the next one."""
        for ahead in range(LONGEST_BREAK):
            candidate = day + dt.timedelta(days=ahead)
            if self.is_school_day(candidate):
                return candidate
        raise ValueError(f"no school day within {LONGEST_BREAK} days of {day}: check the holidays that are set")


def term_dates(own: Breaks = (), *, school_years: Iterable[int]) -> TermDates:
    """The school's own breaks where set; a typical year's for each school year that they say nothing about."""
    typical: list[tuple[dt.date, dt.date]] = []
    for year in school_years:
        begins, ends = dt.date(year, 9, 1), dt.date(year + 1, 8, 31)
        if not any(begins <= first <= ends for first, _last in own):
            typical.extend(typical_breaks(year))
    return TermDates(own + tuple(typical))


def typical_breaks(school_year: int) -> Breaks:
    """A typical English school year's breaks: an editable default, not anybody's published dates."""
    spring = school_year + 1
    easter = easter_sunday(spring)
    christmas = _monday_of(dt.date(school_year, 12, 25))
    if christmas > dt.date(school_year, 12, 21):
        christmas -= WEEK
    spring_bank = _last_monday(spring, 5)
    return (
        _days(_last_monday(school_year, 10), 5),
        (christmas, max(christmas + dt.timedelta(days=13), dt.date(spring, 1, 1))),
        _days(_monday_of(dt.date(spring, 2, 17)), 5),
        (easter - dt.timedelta(days=2), easter + dt.timedelta(days=14)),
        _days(_first_monday(spring, 5), 1),
        _days(spring_bank, 5),
        (dt.date(spring, 7, 22), dt.date(spring, 9, 1)),
    )


def easter_sunday(year: int) -> dt.date:
    """Easter in the Gregorian calendar (the anonymous computus of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return dt.date(year, month, day + 1)


def _days(first: dt.date, count: int) -> tuple[dt.date, dt.date]:
    return first, first + dt.timedelta(days=count - 1)


def _monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _first_monday(year: int, month: int) -> dt.date:
    return _monday_of(dt.date(year, month, 7))


def _last_monday(year: int, month: int) -> dt.date:
    last = (dt.date(year, month, 28) + dt.timedelta(days=4)).replace(day=1) - ONE_DAY
    return _monday_of(last)
