"""Tells children of the same name apart wherever a list names children, on a page, on paper or in a table."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

from oval_aup import people
from oval_aup.core import templating
from oval_aup.core.i18n import _


def told_apart(children: Iterable[people.ChildRow]) -> dict[str, str]:
    """Child's public id to full name, with the birthday beside it where another of them bears the same name."""
    rows = tuple(children)
    names = Counter(row.full_name for row in rows)
    return {
        row.public_id: row.full_name if names[row.full_name] == 1 else with_birthday(row.full_name, row) for row in rows
    }


def apart(name: str) -> str:
    """A name that keeps its own direction, so that numbers after one written from right to left stay in place."""
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"\u2068{name}\u2069" if turned else name


def with_birthday(name: str, child: people.ChildRow) -> str:
    """A name and the day of the year the child was born on."""
    return _("%(name)s (born %(day)s)", name=apart(name), day=templating.short_day(child.born_on))
