"""What applying a list would do: for people to read first, and for the database to do afterwards."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oval_aup.core.i18n import _
from oval_aup.people.roster.entries import ERROR, WARNING, Pair, Problem

CHILD, GUARDIAN, STAFF = "child", "guardian", "staff"
LEAVERS_LIMIT = 40
"""Per cent of the roll that may leave through one file without somebody saying so explicitly."""


@dataclass(frozen=True, slots=True)
class Joiner:
    """Somebody new or, when ``returning``, somebody who left and is back with their history."""

    row: int
    kind: str
    name: str
    detail: str
    returning: bool = False


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who will be archived."""

    person_id: int
    kind: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one person that will differ; ``old`` and ``new`` are as the office reads them."""

    row: int
    kind: str
    person_id: int
    name: str
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ProposedMatch:
    """A child of the file who may be one on the roster: same name and birthday, but no number in common."""

    row: int
    key: str
    name: str
    born_on: str
    existing: str
    """The child on the roster, with class and numbers."""
    answer: str
    """``same``, ``different`` or empty while nobody has said; then the row is left out."""


@dataclass(frozen=True, slots=True)
class KeptCorrection:
    """Something the office corrected by hand and the list says otherwise."""

    row: int
    key: str
    name: str
    about: str
    ours: str
    theirs: str
    answer: str
    """``list`` to take what the list says; otherwise ours is kept."""


@dataclass(frozen=True, slots=True)
class Double:
    """Two adults, in the file or one of them on the roster, who may be one person spelt two ways."""

    row: int
    key: str
    name: str
    other: str
    """The other one, with what they have in common."""
    answer: str
    """``one``, ``two`` or empty while nobody has said; then they stay two."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A child or staff member without an office number whom a whole list does not name; a person says what it means."""

    key: str
    kind: str
    name: str
    detail: str
    answer: str
    """``left``, ``stays`` or empty while nobody has said; then they stay."""


@dataclass(frozen=True, slots=True)
class LinkAfter:
    """One guardian and one child, by row id (negative for somebody new), as the plan leaves them."""

    child_id: int
    guardian_id: int
    relationship_name: str
    parental_responsibility: str
    contact_allowed: bool
    ended: bool
    changed: bool


@dataclass(slots=True)
class Writes:
    """The same, for the database. A negative number stands for a person who has no id yet."""

    persons: dict[int, dict[str, Any]] = field(default_factory=dict)
    person_changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    children: dict[int, dict[str, Any]] = field(default_factory=dict)
    child_changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    guardians: dict[int, dict[str, Any]] = field(default_factory=dict)
    guardian_changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    links: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    link_changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    ended_links: list[int] = field(default_factory=list)
    staff: dict[int, dict[str, Any]] = field(default_factory=dict)
    staff_changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    archived: dict[str, list[int]] = field(default_factory=lambda: {CHILD: [], GUARDIAN: [], STAFF: []})
    revived_guardians: list[int] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)
    """Classes to open, reopen or move to another year group."""
    closed_classes: list[str] = field(default_factory=list)

    def new_person(self, title: str, forename: str, surname: str, preferred_forename: str = "") -> int:
        """Set aside a number for somebody new."""
        number = -len(self.persons) - 1
        self.persons[number] = {
            "title": title,
            "forename": forename,
            "surname": surname,
            "preferred_forename": preferred_forename,
        }
        return number


@dataclass(slots=True)
class ImportPlan:
    """The whole comparison of one list with the roster."""

    kind: str
    partial: bool
    joiners: list[Joiner] = field(default_factory=list)
    leavers: list[Leaver] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    matches: list[ProposedMatch] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    """Cells that name two people; unanswered, they are read as two."""
    doubles: list[Double] = field(default_factory=list)
    unlisted: list[Unlisted] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    """Why this list looks partial or old; somebody must say that it is meant."""
    on_roll: int = 0
    """Children (or staff, for a staff list) current before applying."""
    read: int = 0
    """Children (or staff) found in the file."""
    writes: Writes = field(default_factory=Writes)
    kept: list[KeptCorrection] = field(default_factory=list)
    agreed: list[int] = field(default_factory=list)
    """Corrections by hand that the list has caught up with, or that the office gave up for what it says."""
    links: list[LinkAfter] = field(default_factory=list)
    """How every adult stands to every child on roll afterwards; empty for a staff list."""

    def error(self, row: int, sentence: str) -> None:
        """Note why a row is left out."""
        self.problems.append(Problem(row, ERROR, sentence))

    def warn(self, row: int, sentence: str) -> None:
        """Note what somebody should look at; the row still counts."""
        self.problems.append(Problem(row, WARNING, sentence))

    @property
    def is_empty(self) -> bool:
        """Whether applying would change nothing at all."""
        return not (self.joiners or self.leavers or self.changes)

    @property
    def leaving_share(self) -> int:
        """Per cent of the current children (or staff) who would leave, rounded up."""
        kind = STAFF if self.kind == STAFF else CHILD
        leaving = sum(1 for leaver in self.leavers if leaver.kind == kind)
        return -(-100 * leaving // self.on_roll) if self.on_roll else 0

    @property
    def needs_confirmation(self) -> bool:
        """Whether so many would leave, or the list looks so old, that somebody must say that this is meant."""
        return self.leaving_share > LEAVERS_LIMIT or bool(self.guards)

    def not_named(self, kind: str, person_id: int, name: str, detail: str, answers: Mapping[str, str]) -> bool:
        """Ask about somebody without a number who is not in the file; whether the office says that they have left."""
        key = f"gone:{person_id}"
        answer = answers.get(key) or answers.get("gone:*", "")
        self.unlisted.append(Unlisted(key, kind, name, detail, answer))
        if not answer:
            told = _("%(name)s has no office number and is not in this file: they stay until you say.", name=name)
            self.warn(0, told)
        return answer == "left"

    def counts(self) -> dict[str, int]:
        """How many of everything, as kept with the import."""
        joined = Counter((joiner.kind, joiner.returning) for joiner in self.joiners)
        left = Counter(leaver.kind for leaver in self.leavers)
        changed = Counter(kind for kind, _person in {(change.kind, change.person_id) for change in self.changes})
        found = {"read": self.read, "changes": len(self.changes)}
        for kind in (CHILD, GUARDIAN, STAFF):
            found[f"{kind}_joiners"] = joined[kind, False]
            found[f"{kind}_returners"] = joined[kind, True]
            found[f"{kind}_leavers"] = left[kind]
            found[f"{kind}_changed"] = changed[kind]
        severities = Counter(problem.severity for problem in self.problems)
        found["errors"] = severities[ERROR]
        found["warnings"] = severities[WARNING]
        found["rows_left_out"] = len({problem.row for problem in self.problems if problem.severity == ERROR})
        answers = [*(m.answer for m in self.matches), *(d.answer for d in self.doubles)]
        found["questions"] = sum(not answer for answer in (*answers, *(u.answer for u in self.unlisted)))
        return found

    def sha256(self) -> str:
        """What this plan would do, as one number: another number means another outcome."""
        told = [
            *sorted(repr(("joins", j.kind, j.row, j.name, j.returning)) for j in self.joiners),
            *sorted(repr(("leaves", leaver.kind, leaver.person_id)) for leaver in self.leavers),
            *sorted(repr(("changes", c.kind, c.person_id, c.name, c.field, c.old, c.new)) for c in self.changes),
        ]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()
