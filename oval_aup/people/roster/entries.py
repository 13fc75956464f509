"""What the rows of a list say, field by field, once every cell is understood; rows that cannot be are told apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one row (0: the file as a whole); an error leaves the row out, a warning does not."""

    row: int
    severity: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ChildEntry:
    """A child as one row gives it; empty strings where the row is silent."""

    mis_id: str
    upn: str
    forename: str
    surname: str
    preferred_forename: str
    born_on: dt.date
    year_group: str
    class_name: str


@dataclass(frozen=True, slots=True)
class ContactEntry:
    """A contact as one row gives it; empty or None where the row is silent."""

    contact_id: str
    title: str
    forename: str
    surname: str
    relationship_name: str
    parental_responsibility: str
    barred: bool | None
    lives_with: bool | None
    priority: int | None
    email: str
    mobile: str
    language: str
    split: bool
    """Whether the name stood in one column, so that where the surname begins is a guess."""

    @property
    def full_name(self) -> str:
        """Forename first; where it is not known, the title."""
        return f"{self.forename or self.title} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """One row of a contacts or class list: a child and the contacts named beside them."""

    row: int
    child: ChildEntry
    contacts: tuple[ContactEntry, ...]
    complete: bool
    """False where a contact of the row could not be read, so that nobody is ended for being missing."""


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One row of a staff list; empty or None where the row is silent."""

    row: int
    code: str
    title: str
    forename: str
    surname: str
    post: str
    class_name: str
    email: str
    starts_on: dt.date | None
    line_manager: str

    @property
    def full_name(self) -> str:
        """Forename first."""
        return f"{self.forename} {self.surname}".strip()


@dataclass(frozen=True, slots=True)
class Unread:
    """What is still known of a row that was left out, so that nobody counts as gone because of a slip in a cell."""

    row: int
    keys: tuple[str, ...]
    """Office numbers, UPN or email, and the folded full name."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell that joins the names of two people, as ``Mr & Mrs J Patel`` does."""

    row: int
    key: str
    """What an answer about the cell is filed under."""
    cell: str
    names: tuple[str, ...]
    """Whom it is read as."""
    answer: str
    """``two``, ``one`` or empty while nobody has said; then it is read as two."""


@dataclass(slots=True)
class Parsed:
    """A whole list, understood as far as it can be."""

    families: list[FamilyLine] = field(default_factory=list)
    staff: list[StaffLine] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    fields: frozenset[str] = frozenset()
    """The fields that have a column in this file."""
