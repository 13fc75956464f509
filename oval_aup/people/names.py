"""How names and addresses are cleaned, compared and searched; what is stored is always what these return."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

_UNWANTED = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Zero-width joiners shape Urdu, Bengali and Punjabi letters, so they stay."""

_UNFOLDED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
    | dict.fromkeys("'\u2019\u2018\u02bc`\u00b4", "")
    | dict.fromkeys("-\u2010\u2011\u2012\u2013.,", " ")
)


def cleaned(text: str) -> str:
    """Text in NFC on one line, without control, private-use or unassigned characters that no font can draw."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if " " in text else text
    kept = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or char in _JOINERS or unicodedata.category(char) not in _UNWANTED
    )
    return " ".join("".join(kept).split())


def folded(text: str) -> str:
    """Text for comparing and searching: no accents, capitals, apostrophes or hyphens."""
    if text.isascii():
        return " ".join(text.lower().translate(_UNFOLDED).split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.translate(_UNFOLDED).split())


def normal_email(text: str) -> str:
    """An email address in lower case, or an empty string; raises Invalid for all but one plain address.

    Addresses with letters beyond ASCII are taken, since ``notifications.smtp`` can send to them. ``.test`` and other
    names that no mail reaches are refused.
    """
    plain = text.strip()
    if not plain:
        return ""
    try:
        return validate_email(plain, check_deliverability=False, strict=True).normalized.lower()
    except EmailNotValidError:
        raise Invalid(fields={"email": _("This is not an email address.")}) from None


_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "lady", "master"})
_JOINING = frozenset({"and", "und"})


def greeting_name(forename: str, full_name: str) -> str:
    """How a letter may address somebody: the forename, else the whole name; empty where both are only fragments.

    A letter, a title or a joining word is no name to greet anybody by: lists hold "Mr & Mrs J Patel" in one cell.
    """
    if _is_a_name(forename) and not _words(forename) & _TITLES:
        return forename
    return " ".join(filter(_has_letters, full_name.split())) if _is_a_name(full_name) else ""


def _has_letters(word: str) -> bool:
    return any(char.isalpha() for char in word)


def _words(text: str) -> set[str]:
    return {word.strip(".,;") for word in text.casefold().split()}


def _is_a_name(text: str) -> bool:
    """Whether it names one person, by a word of two letters or more; other scripts have names of one character."""
    words = _words(text)
    if words & _JOINING or any(char in "&+/@;=?*<>()[]{}" or char.isdigit() for char in text):
        return False
    whole = words - _TITLES
    return any(sum(char.isalpha() for char in word) > 1 or _is_one_character_name(word) for word in whole)


def _is_one_character_name(word: str) -> bool:
    return len(word) == 1 and unicodedata.category(word) == "Lo"


def search_name(forename: str, preferred_forename: str, surname: str) -> str:
    """Every name of one person, folded into the text that searching looks in."""
    return folded(f"{forename} {preferred_forename} {surname}")
