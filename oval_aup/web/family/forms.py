"""What a guardian types and chooses, read from the form: nothing that is not asked for is ever looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import request

from oval_aup import consent
from oval_aup.core import clock
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

LONGEST = 300
PARTS = ("day", "month", "year")
OLDEST = 20
"""Nobody at the school is older, in years: an earlier date is a slip, and is not counted as a try."""


def typed(name: str, longest: int = LONGEST) -> str:
    """One field of the form without the blanks around it, cut to a length nobody types by honest means."""
    return request.form.get(name, "").strip()[:longest]


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A date in three boxes, as it was typed."""

    boxes: Mapping[str, str]

    @classmethod
    def read(cls) -> BirthDate:
        """The form as posted."""
        return cls({f"born-{part}": typed(f"born-{part}", longest=10) for part in PARTS})

    def date(self) -> dt.date:
        """The date that was meant; raises Invalid on field ``born`` when it cannot be one."""
        day, month, year = (self.boxes[f"born-{part}"] for part in PARTS)
        if not (day and month and year):
            raise Invalid(fields={"born": _("Type the day, the month and the year.")})
        try:
            meant = dt.date(_year(year), _number(month), _number(day))
        except (ValueError, OverflowError):
            raise Invalid(fields={"born": _("Type a real date in numbers, for example 14 3 2018.")}) from None
        if meant > clock.today():
            raise Invalid(fields={"born": _("Type a date that has passed.")})
        if meant.year < clock.today().year - OLDEST:
            raise Invalid(fields={"born": _("Type the date of birth of one of your children, not your own.")})
        return meant


def _number(text: str) -> int:
    """Digits of any script, and nothing else that int() would read as well."""
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _year(text: str) -> int:
    """The year as typed, or the one of this century that its last two digits mean."""
    return _number(text) + (2000 if len(text) == 2 else 0)


@dataclass(frozen=True, slots=True)
class Choices:
    """Yes or no to each use that is asked about."""

    answers: Mapping[str, str]

    @classmethod
    def read(cls, uses: Iterable[consent.Purpose]) -> Choices:
        """The form as posted; only uses that are asked about."""
        given = {use.key: request.form.get(use.key, "") for use in uses}
        return cls({key: answer for key, answer in given.items() if answer in ("yes", "no")})

    def check(self, uses: Iterable[consent.Purpose]) -> None:
        """Raise Invalid for every use without an answer."""
        faults = {use.key: _("Choose yes or no.") for use in uses if use.key not in self.answers}
        if faults:
            raise Invalid(fields=faults)


def email() -> str:
    """An e-mail address as typed; raises Invalid on field ``email`` when it cannot be one."""
    address = typed("email")
    name, _at, host = address.partition("@")
    if not name or "." not in host or any(letter.isspace() for letter in address):
        raise Invalid(fields={"email": _("Type your e-mail address, for example name@example.org.")})
    return address
