"""What a guardian types and chooses, read from the form: nothing that is not asked for is ever read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import request

from oval_aup import consent
from oval_aup.core import clock, i18n
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _
from oval_aup.web.forms import typed

PARTS = ("day", "month", "year")
BESIDE = frozenset({"st", "nd", "rd", "th", "of"})
"""What people write beside the number of a day."""
OLDEST = 20
"""Nobody at the school is older, in years: an earlier date is a slip, and is not counted as a try."""


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A date in three boxes, as it was typed."""

    boxes: Mapping[str, str]

    @classmethod
    def read(cls) -> BirthDate:
        """The form as posted."""
        return cls({f"born-{part}": typed(f"born-{part}", longest=30) for part in PARTS})

    def date(self) -> dt.date:
        """The date that was meant; raises Invalid on field ``born`` when it cannot be one.

        A month may be a name, and the whole date may stand in one box: ``jan``, ``5/1/19``, ``05 Jan 2019``.
        """
        written = " ".join(self.boxes[f"born-{part}"] for part in PARTS).strip()
        pieces = re.findall(r"\d+|[^\W\d_]+", written)
        pieces = [piece for piece in pieces if piece.casefold() not in BESIDE]
        if len(pieces) == 1 and pieces[0].isdecimal() and len(pieces[0]) in (6, 8):
            pieces = [pieces[0][:2], pieces[0][2:4], pieces[0][4:]]
        if len(pieces) < len(PARTS):
            raise Invalid(fields={"born": _("Type the day, the month and the year.")})
        try:
            if len(pieces) > len(PARTS) or not re.fullmatch(r"[^\W_]+([\s/.,\-–]+[^\W_]+)*[\s.,]*", written):
                raise ValueError(written)
            meant = _date(*pieces)
        except (ValueError, OverflowError):
            raise Invalid(fields={"born": _("Type a real date, for example 14 3 2018 or 14 March 2018.")}) from None
        if meant > clock.today():
            raise Invalid(fields={"born": _("Type a date in the past.")})
        if meant.year < clock.today().year - OLDEST:
            raise Invalid(fields={"born": _("Type the date of birth of one of your children, not your own.")})
        return meant


def _date(first: str, second: str, third: str) -> dt.date:
    """Three pieces as a date: day first, unless the year is, or the month is a name in front."""
    if len(first) == 4 and first.isdecimal():
        return dt.date(int(first), _month(second), _number(third))
    if not first.isdecimal():
        return dt.date(_year(third), _month(first), _number(second))
    return dt.date(_year(third), _month(second), _number(first))


def _month(text: str) -> int:
    """A number, or the beginning of a month's name in English or in the language of the page."""
    if text.isdecimal():
        return int(text)
    typed_name = text.casefold()
    for number in range(1, 13):
        day = dt.date(2001, number, 1)
        names = {f"{day:%B}", i18n.date(day, "MMMM"), i18n.date(day, "MMM")}
        if len(typed_name) >= 3 and any(name.casefold().startswith(typed_name) for name in names):
            return number
    raise ValueError(text)


def _number(text: str) -> int:
    """Digits of any script, and nothing else that int() would read as well."""
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _year(text: str) -> int:
    """The year as typed, or the one of this century that its last two digits mean."""
    return _number(text) + (2000 if len(text) == 2 else 0)


@dataclass(frozen=True, slots=True)
class ChoicesForm:
    """Yes or no to each use that is asked about."""

    answers: Mapping[str, str]

    @classmethod
    def read(cls, uses: Iterable[consent.Purpose]) -> ChoicesForm:
        """The form as posted; only uses that are asked about."""
        given = {use.key: request.form.get(use.key, "") for use in uses}
        return cls({key: answer for key, answer in given.items() if answer in ("yes", "no")})

    def check(self, uses: Iterable[consent.Purpose]) -> None:
        """Raise Invalid for every use without an answer."""
        faults = {use.key: _("Choose yes or no.") for use in uses if use.key not in self.answers}
        if faults:
            raise Invalid(fields=faults)


def email() -> str:
    """An email address as typed; raises Invalid on field ``email`` when it cannot be one."""
    address = typed("email")
    name, _at, host = address.partition("@")
    if not name or "." not in host or any(letter.isspace() for letter in address):
        raise Invalid(fields={"email": _("Type your email address, for example name@example.org.")})
    return address
