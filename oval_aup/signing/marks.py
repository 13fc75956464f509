"""What counts as a typed name and as a drawn mark: plausible, bounded, and harmless wherever it is shown later."""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

NAME_LENGTH = 120
"""Longest typed name kept, in characters."""
ALIKE = 0.85
"""From this share of equal letters on, two names are taken for two spellings of one."""
MARK_POINTS = 4_000
"""Most points a drawn mark may have."""
MARK_EXTENT = 2_000
"""Largest coordinate of a drawn mark; pages keep it in units of which 1,000 go across the pad, whatever its width."""
MARK_LEAST = 50
"""A drawing narrower and lower than this is a slip of the finger: a twentieth of the pad's width."""

TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates; the joiners that Urdu, Persian and emoji need are none of them."""

BLANKS = frozenset("\u115f\u1160\u3164\uffa0")
"""Fillers of Korean, which count as letters everywhere and are never seen: a name of them would be an empty line."""

Mark = list[list[list[int]]]
"""Strokes of ``[x, y]`` points with the origin at the top left."""


def typed_name(text: str) -> str:
    """Return the name as typed, tidied; a name has at least two letters of any script.

    Raises Invalid on field ``typed_name``.
    """
    name = " ".join(visible(unicodedata.normalize("NFC", text)).split())
    if sum(1 for character in name if character.isalpha()) < 2:
        raise Invalid(fields={"typed_name": _("Type your full name to sign.")})
    if len(name) > NAME_LENGTH:
        raise Invalid(fields={"typed_name": _("That name is too long. Please use 120 letters or fewer.")})
    return name


def same_name(typed: str, known: str) -> bool:
    """Whether the typed name is the known one, whatever its capitals, accents, hyphens and spaces.

    A difference never refuses a signature (people go by many names); it is kept for the office to see.
    """
    return bool(typed) and _bare(typed) == _bare(known)


def like_name(typed: str, known: str) -> bool:
    """Whether the typed name may well be the known one, written in part, in another order or in another spelling."""
    if same_name(typed, known):
        return True
    ours, theirs = _words(known), _words(typed)
    if theirs and (set(theirs) <= set(ours) or set(ours) <= set(theirs)):
        return True
    if _bare(typed) and SequenceMatcher(None, _bare(typed), _bare(known)).ratio() >= ALIKE:
        return True
    return len(theirs) == len(ours) and all(
        mine == other or (len(other) == 1 and mine.startswith(other)) for mine, other in zip(ours, theirs, strict=True)
    )


def _words(name: str) -> list[str]:
    pieces = (_bare(piece) for piece in name.replace("-", " ").split())
    return [piece for piece in pieces if piece]


def drawn_mark(strokes: Any) -> Mark | None:
    """Return a drawn mark as whole-number strokes, or None for an empty one.

    Raises Invalid on field ``mark`` for anything else than at most 4,000 points within the pad.
    """
    if not strokes:
        return None
    try:
        mark = [[_point(point) for point in stroke] for stroke in strokes]
    except (TypeError, ValueError, OverflowError):
        raise _unreadable_mark() from None
    if sum(len(stroke) for stroke in mark) > MARK_POINTS:
        raise _unreadable_mark()
    return [stroke for stroke in mark if stroke] or None


def read_mark(text: str) -> Mark | None:
    """Read a drawn mark from the form field that carries it as JSON; empty text is no mark, and neither is a dot."""
    if not text.strip():
        return None
    if len(text) > MARK_POINTS * 40:
        raise _unreadable_mark()
    try:
        strokes = json.loads(text)
    except (ValueError, RecursionError):
        raise _unreadable_mark() from None
    if not isinstance(strokes, list):
        raise _unreadable_mark()
    mark = drawn_mark(strokes)
    if mark is not None and _is_tiny(mark):
        raise Invalid(fields={"mark": _("That drawing is too small. Please draw again, or leave it empty.")})
    return mark


def _is_tiny(mark: Mark) -> bool:
    points = [point for stroke in mark for point in stroke]
    return all(max(column) - min(column) < MARK_LEAST for column in zip(*points, strict=True))


@dataclass(frozen=True, slots=True)
class Outline:
    """A drawn mark as one SVG path, with the box it fits in."""

    view_box: str
    path: str


def outline(mark: Mark) -> Outline:
    """Rebuild a kept mark from its points alone, cut to what was drawn; a dot is a short line."""
    points = [point for stroke in mark for point in stroke]
    left, top = min(x for x, _y in points), min(y for _x, y in points)
    width, height = max(x for x, _y in points) - left, max(y for _x, y in points) - top
    edge = max(4, max(width, height) // 20)
    strokes = [[f"{int(x) - left} {int(y) - top}" for x, y in stroke] for stroke in mark if stroke]
    path = "".join("M" + "L".join(steps if len(steps) > 1 else steps * 2) for steps in strokes)
    return Outline(f"{-edge} {-edge} {width + 2 * edge} {height + 2 * edge}", path)


def _point(point: Any) -> list[int]:
    if not isinstance(point, list | tuple):
        raise TypeError("a point is a pair")
    x, y = point
    return [_coordinate(x), _coordinate(y)]


def _coordinate(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("a coordinate is a number")
    if not 0 <= value <= MARK_EXTENT:
        raise ValueError("a coordinate lies within the pad")
    return round(value)


def _unreadable_mark() -> Invalid:
    return Invalid(fields={"mark": _("We couldn’t read the drawing. Please draw again, or leave it empty.")})


def visible(text: str) -> str:
    """Control, private-use and unassigned characters break documents later, so they never get in.

    Nor do the marks that turn the direction of writing round: a document would show other words than were typed.
    Nor do letters that nobody can see.
    """
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace()
        or (unicodedata.category(character) not in ("Cc", "Co", "Cs", "Cn") and character not in TURNS | BLANKS)
    )


def _bare(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in decomposed if character.isalpha())
