"""The facts of the school that letters, pages and PDFs print."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class School:
    """One school; ``base_url`` is where people reach this system, without a trailing slash."""

    name: str
    phone: str
    email: str
    base_url: str
    regulator: str = "Information Commissioner’s Office"
    children_sign_from_year: int = 3
    """The lowest year group whose children sign for themselves in class; below it a guardian signs on their behalf."""
    holidays: tuple[tuple[dt.date, dt.date], ...] = ()
    """First and last day of each holiday; a typical year's where none is given for a school year."""
