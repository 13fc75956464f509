"""Takes everybody else's names, addresses and dates of birth out of texts that are handed to one person."""

from __future__ import annotations

import datetime as dt
import re
from calendar import month_name
from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import templating
from oval_aup.core.db import Base
from oval_aup.core.i18n import _

_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
MONTHS = frozenset(name.casefold() for name in month_name if name)
"""In a letter “May” is a month; a pupil of that name is still known by the whole name."""

_SHORTEST = 2
"""Letters of a single name that is looked for by itself."""


class OtherNames:
    """Knows how everybody but one person can be recognised in a text; of the person's own children only by numbers."""

    def __init__(
        self,
        db: Session,
        person_id: int,
        *,
        child_ids: Collection[int] = (),
        own_addresses: Collection[str] = (),
        harmless: str = "",
    ) -> None:
        """``harmless`` are words that are no names wherever they stand by themselves: those of the school's name."""
        self._own_addresses = frozenset(own_addresses)
        self._their_addresses = frozenset(_addresses(db)) - self._own_addresses
        own_words: set[str] = set()
        own_names: set[tuple[str, ...]] = set()
        self._known: dict[str, set[tuple[str, ...]]] = {}
        self._single: set[str] = set()
        for id_, names, marks in _everybody(db):
            own_name = id_ == person_id or id_ in child_ids
            if own_name:
                own_names |= set(map(_folded, names))
                own_words |= {word for name in names for word in _folded(name)}
            telling = (*(() if own_name else names), *(() if id_ == person_id else marks))
            for phrase in map(_folded, telling):
                if len(phrase) > 1 or (phrase and any(char.isdigit() for char in phrase[0])):
                    self._known.setdefault(phrase[0], set()).add(phrase)
            if own_name:
                continue
            self._single |= {word for name in names for word in _folded(name) if len(word) >= _SHORTEST}
        self._single -= own_words | MONTHS | set(_folded(harmless))
        for name in own_names:  # a namesake's name is the person's own
            self._known.get(name[0] if name else "", set()).discard(name)

    def out_of(self, text: str, *, own_words: bool) -> str:
        """The text without anybody else in it.

        In ``own_words``, and in the school's letters to the person, whole names, addresses, numbers and dates of birth
        are taken out. In what others wrote a forename or a surname by itself is enough, rather once too often.
        """
        shown = _ADDRESS.sub(lambda found: self._address(found[0], strict=not own_words), text)
        words = list(_WORD.finditer(shown))
        folded = [_one(word[0]) for word in words]
        pieces: list[str] = []
        end = place = 0
        while place < len(words):
            length = self._length(folded, place, [word[0] for word in words], strict=not own_words)
            if length:
                pieces += [shown[end : words[place].start()], _("[another person]")]
                end = words[place + length - 1].end()
            place += length or 1
        return "".join([*pieces, shown[end:]])

    def _address(self, address: str, *, strict: bool) -> str:
        bare = address.lower()
        theirs = bare not in self._own_addresses if strict else bare in self._their_addresses
        return _("[another person’s address]") if theirs else address

    def _length(self, folded: Sequence[str], place: int, words: Sequence[str], *, strict: bool) -> int:
        """How many words from here are somebody else's name; 0 where none is."""
        fitting = [
            len(phrase)
            for phrase in self._known.get(folded[place], ())
            if tuple(folded[place : place + len(phrase)]) == phrase
        ]
        if fitting:
            return max(fitting)
        return int(strict and folded[place] in self._single and words[place][:1].isupper())


def _everybody(db: Session) -> Iterable[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """Row id, every form of the name, and what else points at the person: telephone number, date of birth."""
    tables = Base.metadata.tables
    person, child, guardian = tables["person"], tables["child"], tables["guardian"]
    columns = (person.c.id, person.c.forename, person.c.preferred_forename, person.c.surname)
    joined = (
        sa.select(*columns, guardian.c.mobile, child.c.born_on, child.c.upn)
        .outerjoin(guardian, guardian.c.person_id == person.c.id)
        .outerjoin(child, child.c.person_id == person.c.id)
    )
    for id_, forename, preferred, surname, mobile, born_on, upn in db.execute(joined):
        names = {f"{first} {surname}" for first in (forename, preferred) if first}
        names |= {f"{surname} {first}" for first in (forename, preferred) if first}
        names = names or {surname}
        yield id_, tuple(names), (mobile or "", upn or "", *_dates(born_on))


def _dates(day: dt.date | None) -> tuple[str, ...]:
    return () if day is None else (day.isoformat(), f"{day:%d/%m/%Y}", templating.day(day))


def _addresses(db: Session) -> set[str]:
    tables = Base.metadata.tables
    columns = (tables["guardian"].c.email, tables["staff_member"].c.work_email, tables["account"].c.email)
    sent = (tables["private_link"].c.sent_to, tables["message"].c.to_address)
    every = sa.union_all(*(sa.select(column) for column in (*columns, *sent)))
    return {str(address).lower() for address in db.scalars(every) if address}


def _folded(text: str) -> tuple[str, ...]:
    return tuple(_one(word[0]) for word in _WORD.finditer(text))


def _one(word: str) -> str:
    """One word for comparing; a possessive is the name itself."""
    return word.casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
