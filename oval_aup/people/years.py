"""What a school year is: 1 September to 31 August, named by the year it begins in."""

from __future__ import annotations

import datetime as dt

YEAR_GROUPS = ("N", "R", "1", "2", "3", "4", "5", "6")
"""Nursery, Reception and Years 1 to 6, youngest first."""


def school_year(on: dt.date) -> int:
    """The school year a London date falls in: 2026 for 1 September 2026 to 31 August 2027."""
    return on.year if on.month >= 9 else on.year - 1


def school_year_starts(year: int) -> dt.date:
    """The first day of a school year."""
    return dt.date(year, 9, 1)


def school_year_ends(year: int) -> dt.date:
    """The last day of a school year."""
    return dt.date(year + 1, 8, 31)


def school_year_label(year: int) -> str:
    """A school year as the office writes it: 2026 is ``2026–27``."""
    return f"{year}\u2013{(year + 1) % 100:02d}"


def year_rank(year_group: str) -> int:
    """Where a year group stands, youngest first; an unknown one comes last."""
    return YEAR_GROUPS.index(year_group) if year_group in YEAR_GROUPS else len(YEAR_GROUPS)
