"""Which language is being spoken, and the translation of the product's own sentences into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.dates import format_date
from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).resolve().parent.parent / "translations"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "ps", "ur", "ckb"})

_language: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    """The language tag in use, ``en`` unless something chose another."""
    return _language.get()


@cache
def languages(tag: str) -> str:
    """The tag where the product's own sentences exist in that language; otherwise ``en``, in which they are said."""
    return tag if (CATALOGUES / tag.replace("-", "_")).is_dir() else "en"


def direction(tag: str | None = None) -> str:
    """``rtl`` or ``ltr`` for a language tag."""
    return "rtl" if (tag or language()).split("-")[0] in RIGHT_TO_LEFT else "ltr"


@contextmanager
def use_language(tag: str) -> Iterator[None]:
    """Speak ``tag`` inside the block."""
    token = _language.set(tag)
    try:
        yield
    finally:
        _language.reset(token)


@cache
def _catalogue(tag: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [tag.replace("-", "_")]) if tag != "en" else NullTranslations()


def gettext(message: str, **values: object) -> str:
    """The message in the language in use, with ``%(name)s`` places filled."""
    # What stands under the empty message is the catalogue's own heading.
    text = message if language() == "en" or not message else _catalogue(language()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """The singular or plural message for ``number``, which also fills ``%(num)s``."""
    text = _catalogue(language()).ngettext(one, many, number)
    return text % {"num": number, **values}


def date(value: dt.date, pattern: str) -> str:
    """A date in the language in use, by a Unicode pattern such as ``d MMMM y``."""
    return format_date(value, pattern, locale=languages(language()).replace("-", "_"))


def gettext_noop(message: str) -> str:
    """Mark a sentence that stands ready before anybody speaks; ``_`` translates it where it is used."""
    return message


_ = gettext
