"""How one cell becomes a date, a year group, a yes or no: what English school systems write, and what it means."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from oval_aup.core import clock
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _
from oval_aup.people.names import cleaned, folded, normal_email
from oval_aup.people.telephones import telephones_in

_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {name: number for number, full in enumerate(_MONTH_NAMES, start=1) for name in (full, full[:3])} | {"sept": 9}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_UK = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
_WORDED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]+([a-z]{3,9})[-/., ]+(\d{4}|\d{2})", re.IGNORECASE)
_TIME = re.compile(
    r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?( ?[AP]M)?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?$", re.IGNORECASE
)

_NURSERY = (
    r"(?:(?:year|yr|y) )?(?:n|e|f1|fs1|foundation 1|foundation stage 1|ey1)(?: ?[1-4])?"
    r"|.*\bnursery\b.*|pre ?school.*|early years 1|toddlers?|playgroup"
)
_RECEPTION = r"(?:(?:year|yr|y) )?(?:r|0|0 0|rec)|yr|fs|f2|fs2|foundation 2|foundation stage 2|.*\breception\b.*"
_SCHOOL_YEAR = re.compile(r"(?:nc ?)?(?:year|yr|y)? ?(?:group )?0?(\d{1,2})(?: 0)?")
_YES = frozenset({"y", "yes", "t", "true", "1", "x"})
_NO = frozenset({"n", "no", "f", "false", "0"})
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_TITLES = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "master",
        "dr",
        "prof",
        "professor",
        "rev",
        "revd",
        "sir",
        "lady",
        "lord",
        "dame",
        "imam",
        "fr",
    }
)
_PARTICLES = frozenset(
    {
        "al",
        "el",
        "ap",
        "ben",
        "bin",
        "bint",
        "da",
        "de",
        "del",
        "della",
        "der",
        "di",
        "dos",
        "du",
        "ibn",
        "la",
        "le",
        "mac",
        "mc",
        "o",
        "san",
        "st",
        "ten",
        "ter",
        "van",
        "von",
        "y",
    }
)
_NO_NAME = frozenset({"n/a", "none", "unknown", "not known", "no surname", "no forename", "no name", "lnu", "fnu"})
_BRACKETED = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_DAMAGED = re.compile(
    r"[^\W\d_][‚ƒ„…†‡ˆ‰‹›•˜™¡¢£¤¥¦§¨©¬®¯±²³µ¶¸¹¼½¾¿×÷]|[ÃÂ][\u0080-\u00bf€-™ŒœŠšŽžŸ]|[ÅÄ][\u0080-\u009f‚ƒ„…†‡ˆ‰‹‘’“”•–—™›]|\ufffd"
)
_LOST = re.compile(r"\?[^\W\d_]|[^\W\d_]\?")
_LANGUAGES = {
    "en": ("english", "eng", "enb"),
    "ur": ("urdu", "urd"),
    "ar": ("arabic", "ara"),
    "bn": ("bengali", "ben", "sylheti", "bangla"),
    "pa": ("punjabi", "panjabi", "pan", "pnj", "pnjg"),
    "pl": ("polish", "pol"),
    "ro": ("romanian", "rom", "ron"),
    "so": ("somali", "som"),
    "ps": ("pashto", "pushto", "pus"),
    "fr": ("french", "fra", "fre"),
    "es": ("spanish", "spa"),
    "pt": ("portuguese", "por"),
    "cy": ("welsh", "cym"),
    "zh": ("chinese", "mandarin", "cantonese", "chi", "zho"),
    "ku": ("kurdish", "kur"),
    "fa": ("persian", "farsi", "dari", "prs", "fas"),
    "vi": ("vietnamese", "vie"),
    "uk": ("ukrainian", "ukr"),
    "bg": ("bulgarian", "bul"),
    "tr": ("turkish", "tur"),
    "gu": ("gujarati", "guj"),
    "hi": ("hindi", "hin"),
    "ta": ("tamil", "tam"),
    "ti": ("tigrinya", "tir"),
    "am": ("amharic", "amh"),
    "it": ("italian", "ita"),
}
_LANGUAGE_CODES = {word: code for code, words in _LANGUAGES.items() for word in (code, *words)}


class BadValue(ValueError):
    """A cell that does not hold what its column should; the message is a sentence for the office."""


def date(text: str) -> dt.date | None:
    """A date in British or ISO order, with or without a time; raises BadValue."""
    plain, told = _without_time(text)
    if not plain:
        return None
    if match := _ISO.fullmatch(plain):
        year, month, day = match[1], match[2], match[3]
    elif match := _UK.fullmatch(plain):
        day, month, year = match[1], match[2], match[3]
    elif match := _WORDED.fullmatch(plain):
        day, month, year = match[1], str(_MONTHS.get(match[2].lower(), 0)), match[3]
    else:
        raise BadValue(_("“%(cell)s” is not a date such as 05/06/2018 or 2018-06-05.", cell=shortened(text)))
    try:
        day_ = dt.date(_full_year(year), int(month), int(day))
        return _london_time(day_, told).date() if told else day_
    except (ValueError, OverflowError):
        raise BadValue(
            _("“%(cell)s” is not a day in the calendar (day/month/year is expected).", cell=shortened(text))
        ) from None


def has_time_of_day(text: str) -> bool:
    """Whether a date stands with a time that is not midnight in London: a sign that a clock was shifted on the way."""
    plain, told = _without_time(text)
    day = date(plain) if told else None
    if day is None or told is None:
        return False
    moment = _london_time(day, told)
    at_utc_midnight = told[5] is not None and moment.astimezone(dt.UTC).time() == dt.time()
    return moment.time() != dt.time() and not at_utc_midnight


def _without_time(text: str) -> tuple[str, re.Match[str] | None]:
    plain = text.strip()
    told = _TIME.search(plain)
    return (plain[: told.start()], told) if told else (plain, None)


def _london_time(day: dt.date, told: re.Match[str]) -> dt.datetime:
    """The moment in London that a day and a written time name: without an offset the clock on the wall is meant."""
    hour, minute, second = int(told[1]), int(told[2]), int(told[3] or 0)
    if told[4]:
        hour = hour % 12 + (12 if "p" in told[4].lower() else 0)
    moment = dt.datetime.combine(day, dt.time(hour, minute, second))
    if not (zone := told[5]):
        return moment
    hours, minutes = (int(zone[:3]), int(zone[0] + zone[-2:])) if zone[0] in "+-" else (0, 0)
    offset = dt.timezone(dt.timedelta(hours=hours, minutes=minutes))
    return clock.london(moment.replace(tzinfo=offset))


def month_first(cells: Iterable[str]) -> str:
    """A date of a column that puts the month first, as American systems do; empty where most do not.

    Then every day up to the 12th would be read as a month, with no row to tell.
    """
    told: list[str] = []
    day_first = 0
    for cell in cells:
        if match := _UK.fullmatch(_without_time(cell)[0]):
            one, two = int(match[1]), int(match[2])
            if one <= 12 < two <= 31:
                told.append(shortened(cell))
            elif two <= 12 < one <= 31:
                day_first += 1
    return told[0] if len(told) > day_first else ""


def _full_year(text: str) -> int:
    """Two digits mean 2000 to 2049 or 1950 to 1999."""
    year = int(text)
    if len(text) > 2:
        return year
    return 2000 + year if year < 50 else 1900 + year


def year_group(text: str) -> str:
    """``N``, ``R`` or ``1`` to ``6``, or empty for an empty cell; raises BadValue."""
    plain = folded(text)
    if not plain:
        return ""
    if re.fullmatch(r"[-\u2010-\u2013\u2212] ?[1-4](?:\.0)?", text.strip()):
        return "N"  # counted down from Reception, as data services do
    for group, pattern in (("N", _NURSERY), ("R", _RECEPTION)):
        if re.fullmatch(pattern, plain):
            return group
    match = _SCHOOL_YEAR.fullmatch(plain)
    if match and match[1] in {"1", "2", "3", "4", "5", "6"} and not text.strip().startswith(("-", "\u2212", "\u2013")):
        return match[1]
    raise BadValue(_("“%(cell)s” is not a year group from Nursery to Year 6.", cell=shortened(text)))


def is_secondary_year(text: str) -> bool:
    """Whether a cell names a year from 7 to 14: a pupil of another school."""
    match = _SCHOOL_YEAR.fullmatch(folded(text))
    return bool(match and 7 <= int(match[1]) <= 14)


def class_year(class_name: str) -> str:
    """The year group a class name begins with (``4C``, ``RB``, ``Year 2 Owls``); empty where it tells none."""
    match = re.match(r"(?:year|yr|y)? ?([1-6]|r|n)(?![a-z]{2})", folded(class_name))
    return match[1].upper() if match else ""


def year_words(group: str) -> str:
    """A year group in words: ``N`` is Nursery, ``4`` is Year 4."""
    if group == "N":
        return _("Nursery")
    return _("Reception") if group == "R" else _("Year %(number)s", number=group)


def year_group_at(born_on: dt.date, school_year: int) -> int:
    """The usual year of a child: 0 in Reception, 1 in Year 1; below 0 in Nursery. Age counts on 31 August."""
    before = (born_on.month, born_on.day) > (8, 31)
    return school_year - born_on.year - before - 4


def flag(text: str) -> bool | None:
    """Yes, no or not said; raises BadValue."""
    plain = folded(text)
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    if plain in {"", "unknown", "not known", "u", "n/a", "?"}:
        return None
    raise BadValue(_("“%(cell)s” is neither yes nor no.", cell=shortened(text)))


def email(text: str) -> str:
    """One email address in lower case, or empty; raises BadValue."""
    plain = cleaned(text).removeprefix("mailto:").strip("<>;, ")
    if bracketed := _BRACKETED.search(text):
        plain = bracketed[1]
    try:
        return normal_email(plain)
    except Invalid:
        raise BadValue(_("“%(cell)s” is not an email address.", cell=shortened(text))) from None


def emails(text: str) -> tuple[str, ...]:
    """The addresses of a cell, mostly one, in lower case; raises BadValue where there is something else only."""
    if text.count("@") < 2:
        one = email(text)
        return (one,) if one else ()
    found = []
    for part in re.split(r"[;,|/\s]+", cleaned(text)):
        try:
            if "@" in part:
                found.append(email(part))
        except BadValue:
            continue
    if not found:
        raise BadValue(_("“%(cell)s” is not an email address.", cell=shortened(text)))
    return tuple(dict.fromkeys(found))


def telephones(text: str) -> tuple[str, ...]:
    """The telephone numbers of a cell as written, mostly one; raises BadValue where there is something else only."""
    plain = cleaned(text)
    if not plain:
        return ()
    if re.fullmatch(r"\d(?:[.,]\d+)?E\+?\d+", plain, re.IGNORECASE):
        raise BadValue(_("“%(cell)s” is a telephone number that a spreadsheet has rounded.", cell=shortened(text)))
    found = telephones_in(plain)
    if not found:
        raise BadValue(_("“%(cell)s” is not a telephone number.", cell=shortened(text)))
    return found


def upn(text: str) -> str:
    """A UPN without spaces, in capitals."""
    return "".join(cleaned(text).split()).upper()


def upn_is_sound(number: str) -> bool:
    """Whether a UPN has 13 characters and its first letter agrees with the rest."""
    if not re.fullmatch(r"[A-Z]\d{11}[\dA-Z]", number):
        return False
    tail = number[1:12] + (number[12] if number[12].isdigit() else str(_UPN_LETTERS.find(number[12])))
    digits = [int(char) for char in number[1:12]] + [int(tail[11:])]
    return (
        _UPN_LETTERS[sum(weight * digit for weight, digit in zip(range(2, 14), digits, strict=True)) % 23] == number[0]
    )


def language(text: str) -> str:
    """The code of a language named in English or by a school census code; empty when not known here."""
    return _LANGUAGE_CODES.get(folded(text), "")


def split_name(text: str) -> tuple[str, str, str]:
    """Title, forename and surname of a name in one cell: ``Mrs Ann van der Berg`` or ``Berg, Ann (Mrs)``."""
    plain = cleaned(text)
    if "," in plain:
        surname, _, rest = plain.partition(",")
        title, forename = _without_title(rest.replace("(", " ").replace(")", " ").split())
        return title, " ".join(forename), surname.strip()
    title, words = _without_title(plain.split())
    return title, *_parted(title, words)


def _parted(title: str, words: list[str]) -> tuple[str, str]:
    """Forename and surname; a word alone is the surname after a title, and a name of its own without one."""
    if len(words) < 2:
        return ("", words[0]) if title and words else (" ".join(words), "")
    start = len(words) - 1
    while start > 1 and folded(words[start - 1]) in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def _without_title(words: list[str]) -> tuple[str, list[str]]:
    for place in (0, -1):
        if len(words) > 1 and _is_title(words[place]):
            rest = words[1:] if place == 0 else words[:-1]
            return words[place].strip("."), rest
    return "", words


def _is_title(word: str) -> bool:
    return word.strip(".").lower() in _TITLES


def names_several(text: str) -> bool:
    """Whether a cell joins the names of several people: ``Mr & Mrs J Patel``."""
    return len(_people(text)) > 1


def split_pair(text: str) -> tuple[tuple[str, str, str], tuple[str, str, str]] | None:
    """Title, forename and surname of each of two people named in one cell; None where it cannot be told.

    What only one of the two has is the other's too where that is the custom: ``Mr & Mrs J Patel`` share a surname, and
    the forename goes with the first title.
    """
    plain = cleaned(text)
    if "," in plain:
        surname, _, rest = plain.partition(",")
        plain = f"{rest.replace('(', ' ').replace(')', ' ').strip()} {surname.strip()}"
    parts = _people(plain)
    if len(parts) != 2:
        return None
    (title, words), (other_title, other_words) = (_title_first(part.split()) for part in parts)
    if not words and not other_words:
        return None
    forename, surname = _parted(title, words)
    other_forename, other_surname = _parted(other_title, other_words)
    if not words:
        forename, surname, other_forename = other_forename, other_surname, ""
    elif not other_words:
        other_surname = surname
    elif not surname and not title and other_surname:
        surname = other_surname
    elif not other_surname and not other_title and surname:
        other_surname = surname
    return (title, forename, surname), (other_title, other_forename, other_surname)


def _people(text: str) -> list[str]:
    return [part for part in re.split(r"\s*[&+/]\s*|\s+and\s+", cleaned(text), flags=re.IGNORECASE) if part]


def _title_first(words: list[str]) -> tuple[str, list[str]]:
    if words and _is_title(words[0]):
        return words[0].strip("."), words[1:]
    return "", words


def renamed(old: tuple[str, str], new: tuple[str, str]) -> dict[str, str]:
    """What a list changes of a forename and surname; a blank keeps what is there, except where a name only moves."""
    moved = folded(" ".join(old)) == folded(" ".join(new))
    parts = zip(("forename", "surname"), old, new, strict=True)
    return {part: told for part, known, told in parts if told != known and (told or moved)}


def is_no_name(text: str) -> bool:
    """Whether a cell only stands in for a name that somebody does not have, such as ``.`` or ``n/a``."""
    return not folded(text).strip("_*/") or text.strip().lower() in _NO_NAME


def looks_damaged(text: str) -> bool:
    """Whether a name shows the marks of a file once saved in the wrong encoding, such as ``SiÃ¢n``."""
    return not text.isascii() and bool(_DAMAGED.search(text))


def has_lost_letters(text: str) -> bool:
    """Whether a name shows what is left of a letter that the file's encoding cannot hold, such as ``?ukasik``."""
    return "?" in text and bool(_LOST.search(text))


def shortened(text: str) -> str:
    """What was in a cell, short and printable enough to be quoted in a sentence."""
    plain = cleaned(text)
    return plain if len(plain) <= 40 else plain[:39] + "…"
