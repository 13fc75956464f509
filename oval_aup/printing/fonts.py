"""The letters a PDF can be set in: which fonts it may use, and what becomes of a character that none of them has."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from functools import cache
from pathlib import Path

_SHARE = Path("/usr/share/fonts/truetype")
_OWN = ("NaskhArabic", "SansBengali", "SansGurmukhi", "SansDevanagari", "SansGujarati")
"""The scripts of the languages that most families of the school read. Naskh rather than Nastaliq for Urdu, because
copied and spoken text comes out of it whole."""
_OTHERS = (
    "SansTamil",
    "SansTelugu",
    "SansKannada",
    "SansMalayalam",
    "SansOriya",
    "SansSinhala",
    "SansThaana",
    "SansEthiopic",
    "SansHebrew",
    "SansSyriac",
    "SansArmenian",
    "SansGeorgian",
    "SansThai",
    "SansLao",
    "SansKhmer",
    "SansMyanmar",
    "SerifTibetan",
    "SansNKo",
    "SansTifinagh",
)
"""Further scripts in which somebody may type a name."""
FONTS = (
    *(_SHARE / "noto" / f"NotoSans-{weight}.ttf" for weight in ("Regular", "Bold", "Italic", "BoldItalic")),
    *(_SHARE / "noto" / f"Noto{script}-{weight}.ttf" for script in _OWN for weight in ("Regular", "Bold")),
    *(_SHARE / "dejavu" / f"DejaVuSans{kind}.ttf" for kind in ("", "-Bold", "Mono")),
    *(_SHARE / "noto" / f"Noto{script}-Regular.ttf" for script in _OTHERS),
    Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"),  # Chinese, Japanese and Korean
)
"""The only fonts a PDF may use: few, so that rendering is quick and looks alike on every machine."""

_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/files</dir>
  <cachedir>{folder}/cache</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer>{sans}</prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
_FAMILIES = (
    "Noto Sans",
    "Noto Naskh Arabic",
    "Noto Sans Bengali",
    "Noto Sans Gurmukhi",
    "Noto Sans Devanagari",
    "Noto Sans Gujarati",
    "DejaVu Sans",
)

_UNUSUAL = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u024f‘’“”–—…•→✓]")
"""What is worth a look: anything but the Latin letters and the signs that our own words use."""

_NEVER_SEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Joiners, marks of direction and the like: Unicode's Default_Ignorable_Code_Point."""


_OVERRIDES = "\u202d\u202e"
"""What forces the letters after it to run one way, whatever they are: no language needs it, and a paper with one could
show another name or date than the one that it holds."""


def prepare_fonts(instance: Path) -> Path:
    """Write the font configuration into the instance folder and return its path; safe to repeat."""
    folder = instance / "fonts"
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    for font in FONTS:
        link = files / font.name
        if font.exists() and not link.exists():
            with contextlib.suppress(FileExistsError):  # another renderer starting at the same time made it
                link.symlink_to(font)
    sans = "".join(f"<family>{family}</family>" for family in _FAMILIES)
    conf = folder / "fonts.conf"
    text = _CONF.format(folder=folder, sans=sans)
    if not conf.exists() or conf.read_text(encoding="utf-8") != text:
        part = folder / f".fonts.conf.{os.getpid()}"
        part.write_text(text, encoding="utf-8")
        part.replace(conf)
    return conf


def spelt_out(html: str) -> str:
    """The same page with each character that no font has replaced by its name in brackets: ``[grinning face]``.

    A box in its place would say nothing, and a document with one is no PDF/A. What overrides the direction of writing
    is left out, font or no font. The record embedded in a document keeps the characters as they were typed.
    """
    unusual = set(_UNUSUAL.findall(html))
    if not unusual:
        return html
    unfit = (letter for letter in unusual if letter in _OVERRIDES or ord(letter) not in _covered())
    return html.translate({ord(letter): _name(letter) for letter in unfit})


def _name(letter: str) -> str:
    """In words for a person; by its number where it has none, and nothing for one that is never seen."""
    if unicodedata.category(letter) == "Cc" or _NEVER_SEEN.match(letter):
        return ""
    name = unicodedata.name(letter, "").lower()
    return f"[{name or f'U+{ord(letter):04X}'}]"


@cache
def _covered() -> frozenset[int]:
    """Every character that one of the fonts has; read when the first unusual one is met."""
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for path in FONTS:
        if path.exists():
            with TTFont(path, lazy=True) as font:
                found.update(font.getBestCmap())
    return frozenset(found)
