"""What a wording is made of, when it is fit to publish, and the bytes by which it is known."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from markupsafe import Markup, escape

from oval_aup.core.canonical import canonical
from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

FORMAT = 1
KINDS = ("must", "advised", "information")
BASES = ("consent", "public_task", "not_used")
READING_LEVELS = ("full", "younger")

_TEXTS = ("title", "intro", "acknowledgement")
_IDENTITY = ("agreement", "language", "reading_level")
_CLAUSE = ("key", "kind", "source", "heading", "body")
_CLAUSE_EXTRAS = ("basis", "picture")
_NOTE = ("key", "heading", "body")
_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule, or one use of pictures; ``body`` is marked-up text for ``as_html`` or ``as_plain``."""

    key: str
    kind: str
    """``must``, ``advised`` or ``information``."""
    source: str
    """Which rule of the school's procedures it says in plain English."""
    heading: str
    body: str
    basis: str = ""
    """For a use of pictures: ``consent`` (asked), ``public_task`` (told) or ``not_used``."""
    picture: str = ""
    """For a children's rule: which drawing stands beside it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know that nobody signs for: who to turn to, what follows."""

    key: str
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class Text:
    """A wording as read back from its canonical bytes."""

    agreement_key: str
    version_number: int
    language: str
    reading_level: str
    title: str
    intro: str
    acknowledgement: str
    clauses: tuple[Clause, ...]
    notes: tuple[Note, ...]


def sha256(canonical_bytes: bytes) -> str:
    """The name by which a signature refers to a wording: hex SHA-256 of its canonical bytes."""
    return hashlib.sha256(canonical_bytes).hexdigest()


def to_canonical(wording: Mapping[str, Any]) -> bytes:
    """Check a wording as the rule set files hold it and give its canonical bytes; raises Invalid naming each fault."""
    faults = _faults(wording)
    if faults:
        raise Invalid(_("This wording cannot be published."), faults)
    return canonical(dict(wording))


def from_canonical(canonical_bytes: bytes) -> Text:
    """Read a wording back from the bytes that ``to_canonical`` made."""
    wording = json.loads(canonical_bytes)
    return Text(
        agreement_key=wording["agreement"],
        version_number=wording["version"],
        language=wording["language"],
        reading_level=wording["reading_level"],
        title=wording["title"],
        intro=wording["intro"],
        acknowledgement=wording["acknowledgement"],
        clauses=tuple(Clause(**clause) for clause in wording["clauses"]),
        notes=tuple(Note(**note) for note in wording["notes"]),
    )


class Readable(Protocol):
    """What a wording must have to be read out: a text as stored, or a published wording."""

    @property
    def title(self) -> str: ...
    @property
    def intro(self) -> str: ...
    @property
    def acknowledgement(self) -> str: ...
    @property
    def clauses(self) -> tuple[Clause, ...]: ...
    @property
    def notes(self) -> tuple[Note, ...]: ...


def as_text(wording: Readable) -> str:
    """A whole wording as plain text, in the order in which people read it."""
    numbered = [
        f"{number}. {clause.heading}\n{as_plain(clause.body)}" for number, clause in enumerate(wording.clauses, 1)
    ]
    noted = [f"{note.heading}\n{as_plain(note.body)}" for note in wording.notes]
    return "\n\n".join([wording.title, as_plain(wording.intro), *numbered, *noted, wording.acknowledgement]) + "\n"


@lru_cache(maxsize=2048)  # a page of rules shows the same dozens of texts to everybody
def as_html(source: str) -> Markup:
    """Marked-up text as safe HTML: blank lines part paragraphs, ``**two stars**`` make bold, all else is escaped."""
    paragraphs = (Markup("<p>{}</p>").format(_bold(part)) for part in _paragraphs(source))
    return Markup("\n").join(paragraphs)


def as_plain(source: str) -> str:
    """The same text without marks, for an email, a letter or reading aloud."""
    return "\n\n".join(_BOLD.sub(r"\1", part) for part in _paragraphs(source))


def _paragraphs(source: str) -> list[str]:
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", source))
    return [part for part in parts if part]


def _bold(part: str) -> Markup:
    # Every second piece of the split stood between stars.
    pieces = (
        Markup("<strong>{}</strong>").format(piece) if position % 2 else escape(piece)
        for position, piece in enumerate(_BOLD.split(part))
    )
    return Markup("").join(pieces)


def _faults(wording: Mapping[str, Any]) -> dict[str, str]:
    faults: dict[str, str] = {}
    expected = {"v", "version", "clauses", "notes", *_TEXTS, *_IDENTITY}
    if set(wording) != expected:
        faults["parts"] = _("Missing or unknown parts: %(parts)s.", parts=", ".join(sorted(expected ^ set(wording))))
        return faults
    if wording["v"] != FORMAT:
        faults["v"] = _("The format must be %(format)s.", format=FORMAT)
    number = wording["version"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        faults["version"] = _("The version must be a whole number from 1.")
    if not _is_key(wording["agreement"]):
        faults["agreement"] = _("The agreement needs a key such as “parents”.")
    if not isinstance(wording["language"], str) or not _LANGUAGE.fullmatch(wording["language"]):
        faults["language"] = _("The language needs a code such as “en”.")
    if wording["reading_level"] not in READING_LEVELS:
        faults["reading_level"] = _("The reading level must be “full” or “younger”.")
    for part in _TEXTS:
        if not _is_text(wording[part]):
            faults[part] = _("This must be filled in with plain text.")
    faults |= _item_faults("clauses", wording["clauses"], _CLAUSE, _CLAUSE_EXTRAS)
    faults |= _item_faults("notes", wording["notes"], _NOTE, ())
    if not faults:
        faults |= _clause_faults(wording)
    return faults


def _item_faults(part: str, items: Any, needed: tuple[str, ...], extras: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(items, list) or (part == "clauses" and not items):
        return {part: _("This must be a list with something in it.")}
    faults: dict[str, str] = {}
    for position, item in enumerate(items, start=1):
        where = f"{part} {position}"
        if not isinstance(item, dict) or not set(needed) <= set(item) <= {*needed, *extras}:
            faults[where] = _("Each of these needs %(parts)s.", parts=", ".join(needed))
        elif not all(_is_text(value) for value in item.values()):
            faults[where] = _("Every part must be filled in with plain text.")
        elif not _is_key(item["key"]):
            faults[where] = _("The key must be words in small letters joined by hyphens.")
    keys = [item.get("key") for item in items if isinstance(item, dict)]
    if len(set(map(str, keys))) != len(keys):
        faults[part] = _("Two keys are the same.")
    return faults


def _clause_faults(wording: Mapping[str, Any]) -> dict[str, str]:
    faults: dict[str, str] = {}
    uses = wording["agreement"] == "image-uses"
    for position, clause in enumerate(wording["clauses"], start=1):
        if clause["kind"] not in KINDS:
            faults[f"clauses {position}"] = _("The kind must be one of %(kinds)s.", kinds=", ".join(KINDS))
        if uses != ("basis" in clause) or clause.get("basis", BASES[0]) not in BASES:
            faults[f"clauses {position}"] = _(
                "A use of pictures, and nothing else, has a basis: %(bases)s.", bases=", ".join(BASES)
            )
    return faults


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 40 and _KEY.fullmatch(value) is not None


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or not value.strip():
        return False
    return not any(_is_hidden(character) for character in value)


def _is_hidden(character: str) -> bool:
    """Whether it could make the same bytes read two ways: control characters and overrides of writing direction."""
    if character == "\n":
        return False
    return unicodedata.category(character) in ("Cc", "Cs") or character in "\u202d\u202e"
