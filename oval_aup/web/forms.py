"""What people type, tick and choose, read from the form or the address: nothing that is not asked for is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from flask import request

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

LONGEST = 300
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
"""Nothing here is older, or that far ahead; 26 is no year but half of one."""
MOST_PAGES = 10_000


def typed(name: str, longest: int = LONGEST) -> str:
    """One field of the form without the blanks around it, cut to a length nobody types by honest means."""
    return request.form.get(name, "").strip()[:longest]


def ticked(name: str) -> bool:
    """Whether a box of the form, whose value is ``yes``, was ticked."""
    return request.form.get(name) == "yes"


def one_of(name: str, allowed: Collection[str], source: Mapping[str, str] | None = None) -> str:
    """A choice in the address, or in another ``source``, when it is one of those offered, else an empty string."""
    value = (request.args if source is None else source).get(name, "")
    return value if value in allowed else ""


def chosen_page() -> int:
    """The page asked for, from 1; anything odd is the first."""
    text = request.args.get("page", "")
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def typed_date(name: str, source: Mapping[str, str] | None = None) -> dt.date:
    """A date from its three boxes, of the form or of another ``source``; raises Invalid on ``name``."""
    given = request.form if source is None else source
    parts = [given.get(f"{name}-{part}", "").strip()[:5] for part in ("year", "month", "day")]
    try:
        day = dt.date(*(int(part) for part in parts))
    except ValueError:
        day = dt.date.min
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise Invalid(fields={name: _("Enter a date, for example 7 9 2026.")})
    return day


def typed_date_or_none(name: str) -> dt.date | None:
    """A date whose boxes may all be left empty; raises Invalid on ``name`` as ``typed_date`` does."""
    return typed_date(name) if any(as_typed(name, None).values()) else None


def as_typed(name: str, value: dt.date | None) -> dict[str, str]:
    """A date as its three boxes show it: what was posted, or else ``value``."""
    given = {"day": str(value.day), "month": str(value.month), "year": str(value.year)} if value else {}
    return {
        f"{name}-{part}": request.form.get(f"{name}-{part}", given.get(part, "")) for part in ("day", "month", "year")
    }
