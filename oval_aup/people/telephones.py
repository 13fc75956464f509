"""How telephone numbers are found in what people type, and when two of them are one number."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatch, PhoneNumberMatcher

from oval_aup.people.names import cleaned

HERE = "GB"
SHORTEST = 7
"""Digits of a number without its area code."""


def telephones_in(text: str) -> tuple[str, ...]:
    """Every telephone number in a text as it is written there, with the 0 that spreadsheets take away; often one."""
    return tuple(dict.fromkeys(_with_nought(match) for match in _found(text)))


def telephone_key(text: str) -> str:
    """What two spellings of one number share, in E.164 form; empty where there is no number."""
    for match in _found(text):
        return phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
    return ""


def lost_its_nought(text: str) -> bool:
    """Whether this is a British number without its first 0, as spreadsheets keep it: ``7700900201``."""
    return telephones_in(text) == (f"0{cleaned(text)}",)


def _found(text: str) -> Iterator[PhoneNumberMatch]:
    for match in PhoneNumberMatcher(cleaned(text), HERE, leniency=Leniency.POSSIBLE):
        if len(str(match.number.national_number)) >= SHORTEST:
            yield match


def _with_nought(match: PhoneNumberMatch) -> str:
    written = str(match.raw_string)
    digits = "".join(filter(str.isdigit, written))
    british = match.number.country_code == 44 and len(digits) == 10 and digits == str(match.number.national_number)
    return f"0{written}" if british and digits[0] in "12378" else written
