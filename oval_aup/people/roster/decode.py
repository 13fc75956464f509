"""Which characters the bytes of an export stand for, told from the bytes alone."""

from __future__ import annotations

import codecs
import re

from oval_aup.core.i18n import _, gettext_noop

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", gettext_noop("This is a PDF; export the list as CSV instead.")),
    (b"\x1f\x8b", gettext_noop("This is a compressed file; unpack it and choose the CSV file inside.")),
    (b"7z\xbc\xaf", gettext_noop("This is a compressed file; unpack it and choose the CSV file inside.")),
    (b"Rar!", gettext_noop("This is a compressed file; unpack it and choose the CSV file inside.")),
    (b"\x89PNG", gettext_noop("This is a picture, not a list.")),
    (b"\xff\xd8\xff", gettext_noop("This is a picture, not a list.")),
    (b"GIF8", gettext_noop("This is a picture, not a list.")),
    (b"{\\rtf", gettext_noop("This is a word-processor document; export the list as CSV instead.")),
    (b"SQLite format 3", gettext_noop("This is a database, not a list.")),
)
_BOMS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_NOT_TEXT = gettext_noop("This is not a text file; export the list as CSV.")
_CUT = gettext_noop("This file stops in the middle of a letter: it is incomplete. Export it again.")
_CODE_PAGES = (
    ("cp1252", "Windows-1252"),
    ("cp850", "MS-DOS 850"),
    ("cp437", "MS-DOS 437"),
    ("mac_roman", "Mac Roman"),
)
"""What spreadsheets write as CSV, "CSV (MS-DOS)" and "CSV (Macintosh)"; the first is the usual one."""
_SPECIAL = re.compile(r"[^\x00-\x7f]")
_WESTERN = frozenset("àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿœšžßªº")
_CONTROLS = frozenset(chr(code) for code in range(32)) - frozenset("\t\n\r\x0b\x0c") | {"\x7f"}


def decoded(content: bytes) -> tuple[str, str, str]:
    """The text, the name of its encoding, and the sentence that refuses it (empty when all is well)."""
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        return "", "", _("This file is empty.")
    if fault := _other_format(content):
        return "", "", fault
    text, name, fault = _text(content)
    if fault:
        return "", "", fault
    if "\x00" in text:
        return "", "", _(_NOT_TEXT)
    if sum(text.count(char) for char in _CONTROLS) * 100 > len(text):
        return "", "", _(_NOT_TEXT)
    if not text.strip():
        return "", "", _("This file is empty.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), name, ""


def _other_format(content: bytes) -> str:
    if content.startswith(b"PK"):
        return _("This is a ZIP file; unpack it and choose the file inside.")
    for magic, sentence in _MAGIC:
        if content.startswith(magic):
            return _(sentence)
    start = content[:200].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table")):
        return _("This is a web page, even if its name ends in .xls; export the list as CSV instead.")
    if start.startswith((b"<?xml", b"<ctfile")):
        return _("This is an XML file; export the list as CSV instead.")
    return ""


def _text(content: bytes) -> tuple[str, str, str]:
    for bom, codec, name in _BOMS:
        if content.startswith(bom):
            return _strict(content[len(bom) :], codec, name)
    if codec := _bare_utf16(content):
        return _strict(content, codec, "UTF-16")
    try:
        return content.decode("utf-8"), "UTF-8", ""
    except UnicodeDecodeError as error:
        return _windows(content, error)


def _strict(content: bytes, codec: str, name: str) -> tuple[str, str, str]:
    try:
        return content.decode(codec), name, ""
    except UnicodeDecodeError as error:
        return "", "", _(_CUT if error.end >= len(content) else _NOT_TEXT)


def _bare_utf16(content: bytes) -> str:
    """The byte order of UTF-16 without a mark, told by where the zero bytes of plain letters fall."""
    sample = content[:4000]
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.6 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.6 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def _windows(content: bytes, error: UnicodeDecodeError) -> tuple[str, str, str]:
    """Not UTF-8: a code page of one byte a letter, unless most accents say that it is UTF-8 with damage."""
    lenient = content.decode("utf-8", errors="replace")
    damaged = lenient.count("\ufffd")
    whole = sum(1 for char in lenient if ord(char) > 127) - damaged
    if whole > damaged:
        if error.reason == "unexpected end of data" and error.end >= len(content):
            return "", "", _(_CUT)
        row = content[: error.start].count(b"\n") + 1
        fault = _(
            "Row %(row)s holds letters in two different encodings; save the file as “CSV UTF-8” and try again.", row=row
        )
        return "", "", fault
    found = _code_page(content)
    return (*found, "") if found else ("", "", _(_NOT_TEXT))


def _code_page(content: bytes) -> tuple[str, str] | None:
    """The text by the code page that gives the most plausible names, Windows-1252 where nothing speaks against it."""
    best: tuple[int, str, str] | None = None
    for codec, name in _CODE_PAGES:
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        odd = sum(1 for match in _SPECIAL.finditer(text) if _is_odd(text, match.start()))
        if odd == 0:
            return text, name
        if best is None or 2 * odd < best[0]:
            best = odd, text, name
    return best[1:] if best else None


def _is_odd(text: str, place: int) -> bool:
    """Whether a special character stands where no name has it: ``Chlo‚``, ``LefŠvre``, ``Jes£s``."""
    char = text[place]
    before, after = text[max(place - 2, 0) : place], text[place + 1 : place + 3]
    letter_before, letter_after = before[-1:].isalpha(), after[:1].isalpha()
    if char.isalpha():
        if char.lower() not in _WESTERN:
            return True
        if char.isupper():
            within = before[-1:].isupper() and after[:1].isupper() and after[1:].islower()
            return before[-1:].islower() or within
        return len(before) == 2 and before.isalpha() and before.isupper()
    if char in "’'\xa0\xad":
        return False
    if char in "–—":
        return letter_before and after[:1].islower()
    if char in "”»":
        return letter_before and letter_after
    if char in "“«‘£€":
        return letter_before
    return letter_before or letter_after
