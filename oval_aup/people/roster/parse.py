"""Understands each mapped row of a list: cells become entries, and what cannot be understood becomes a problem."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from oval_aup.core.i18n import _
from oval_aup.people.names import cleaned, folded
from oval_aup.people.roster import values
from oval_aup.people.roster.entries import (
    ERROR,
    WARNING,
    ChildEntry,
    ContactEntry,
    FamilyLine,
    Pair,
    Parsed,
    Problem,
    StaffLine,
    Unread,
)
from oval_aup.people.roster.mapping import CONTACTS, STAFF, is_post, names_further_people
from oval_aup.people.roster.reader import ListTable
from oval_aup.people.telephones import lost_its_nought
from oval_aup.people.years import school_year

T = TypeVar("T")
_NAMES = ("_full_name", "_forename", "_surname")
OLDEST_CHILD = 13
"""Years of age past which a date of birth cannot be a primary pupil's."""


_PARENT = "Parent"  # kept as an export would word it, so it stays in one language


class LeftOut(Exception):
    """This row cannot be used; the message is the sentence for the office."""


@dataclass(slots=True)
class _Row:
    """One row during reading: its cells by field, and the warnings it has earned."""

    number: int
    cells: tuple[str, ...]
    columns: Mapping[str, int]
    answers: Mapping[str, str] = field(default_factory=dict)
    """What the office said about cells that name two people, by ``Pair.key``."""
    problems: list[Problem] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    called: Mapping[str, str] = field(default_factory=dict)
    """The headings over the columns that hold names."""

    def text(self, key: str, longest: int = 120) -> str:
        place = self.columns.get(key)
        if place is None:
            return ""
        raw = self.cells[place]
        if not raw:
            return ""
        plain = cleaned(raw)
        if values.looks_damaged(plain):
            told = _(
                "“%(cell)s” looks damaged: the file was once saved in the wrong encoding.", cell=values.shortened(plain)
            )
            self.warn(told)
        if len(plain) > longest:
            cell = values.shortened(plain)
            self.warn(_("“%(cell)s” is too long and was cut to %(longest)s letters.", cell=cell, longest=longest))
            plain = plain[:longest].rstrip()
        return plain

    def key(self, name: str, longest: int = 40) -> str:
        plain = self.text(name, 1000)
        if len(plain) > longest:
            raise LeftOut(_("“%(cell)s” is too long for an office number.", cell=values.shortened(plain)))
        return plain

    def value(self, key: str, meaning: Callable[[str], T], blank: T, then: str, *, bad: T | None = None) -> T:
        """The meaning of a cell or, told with what happens ``then``, of a bad one: ``bad``, or as if ``blank``."""
        place = self.columns.get(key)
        if place is None or not self.cells[place]:
            return blank
        try:
            return meaning(self.cells[place])
        except values.BadValue as fault:
            self.warn(f"{fault} {then}".rstrip())
            return blank if bad is None else bad

    def cell(self, key: str) -> str:
        """What stands in a cell, short enough to be quoted."""
        return values.shortened(self.cells[self.columns[key]])

    def must(self, key: str, meaning: Callable[[str], T]) -> T:
        place = self.columns.get(key)
        try:
            return meaning(self.cells[place] if place is not None else "")
        except values.BadValue as fault:
            raise LeftOut(str(fault)) from None

    def warn(self, sentence: str) -> None:
        self.problems.append(Problem(self.number, WARNING, sentence))


def parse(
    table: ListTable, mapping: Mapping[str, str], kind: str, *, answers: Mapping[str, str] | None = None, today: dt.date
) -> Parsed:
    """Understand every row of a table; never raises for what a row holds.

    ``answers`` maps a ``Pair.key`` to ``two`` or ``one``: whether a cell that joins two names means two people.
    """
    places = {header: place for place, header in enumerate(table.headers)}
    columns = {key: places[header] for key, header in mapping.items()}
    called = {key: header for key, header in mapping.items() if key.endswith(_NAMES)}
    parsed = Parsed(fields=frozenset(columns))
    parsed.problems += [Problem(number, WARNING, sentence) for number, sentence in table.notes]
    for header, place in places.items():
        if names_further_people(header) and place not in columns.values() and any(cells[place] for cells in table.rows):
            told = _(
                "“%(header)s” is not used: only two parents are read from one row."
                " Import a list of children and contacts as well, which names everybody.",
                header=header,
            )
            parsed.problems.append(Problem(0, WARNING, told))
    for number, sentence, shifted in table.misshapen:
        parsed.problems.append(Problem(number, ERROR, sentence))
        parsed.unread.append(Unread(number, tuple(filter(None, shifted))))
    for number, cells in zip(table.numbers, table.rows, strict=True):
        row = _Row(number, cells, columns, answers or {}, called=called)
        try:
            if kind == STAFF:
                parsed.staff.append(_staff_line(row))
            else:
                parsed.families.append(_family_line(row, kind, today))
        except LeftOut as fault:
            row.problems.append(Problem(number, ERROR, str(fault)))
            parsed.unread.append(Unread(number, _what_is_known(row, kind)))
        parsed.problems += row.problems
        parsed.pairs += row.pairs
    parsed.problems.sort(key=lambda problem: (problem.row, problem.severity))
    return parsed


def unusable(table: ListTable, mapping: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences naming columns that would be misread as a whole; empty when there are none."""
    told = []
    for key in ("child_born_on", "staff_starts_on"):
        header = mapping.get(key)
        if header is None:
            continue
        place = table.headers.index(header)
        if cell := values.month_first([cells[place] for cells in table.rows]):
            told.append(
                _(
                    "The dates in “%(header)s” have the month first, such as %(cell)s."
                    " Export them as day/month/year or as 2018-06-05.",
                    header=header,
                    cell=cell,
                )
            )
    return tuple(told)


def _what_is_known(row: _Row, kind: str) -> tuple[str, ...]:
    who = "staff" if kind == STAFF else "child"
    raw = {key: cleaned(row.cells[place]) for key, place in row.columns.items() if key.startswith(who)}
    name = raw.get(f"{who}_full_name") or f"{raw.get(f'{who}_forename', '')} {raw.get(f'{who}_surname', '')}"
    known = (
        values.upn(raw.get("child_upn", "")),
        raw.get("child_mis_id", ""),
        raw.get("staff_code", ""),
        raw.get("staff_email", "").lower(),
        folded(name),
    )
    return tuple(key for key in known if key)


def _names(row: _Row, who: str) -> tuple[str, str, str]:
    """Title, forename and surname, from their own columns or from the one that holds them all."""
    title, forename, surname = _given(row, who)
    if not (forename or surname) and (whole := row.text(f"{who}_full_name", 240)):
        found, forename, surname = values.split_name("" if values.is_no_name(whole) else whole)
        title = title or found
    _no_letters_lost(forename, surname)
    return title[:40], forename[:120], surname[:120]


def _given(row: _Row, who: str) -> tuple[str, str, str]:
    title, forename, surname = (row.text(f"{who}_{part}") for part in ("title", "forename", "surname"))
    forename, surname = ("" if values.is_no_name(name) else name for name in (forename, surname))
    return title, forename, surname


def _no_letters_lost(*names: str) -> None:
    if lost := next(filter(values.has_lost_letters, names), ""):
        told = _(
            "“%(cell)s” has lost a letter: save the list as “CSV UTF-8” and choose it again.",
            cell=values.shortened(lost),
        )
        raise LeftOut(told)


def _one_person(row: _Row, who: str) -> tuple[str, str, str]:
    """The name of a child or staff member; somebody with one name has it as forename. Raises LeftOut."""
    title, forename, surname = _names(row, who)
    for name in (row.text(f"{who}_full_name", 240), title, forename):
        if values.names_several(name):
            told = _("“%(cell)s” names several people: give each one a row.", cell=values.shortened(name))
            raise LeftOut(told)
    if not forename or not surname:
        forename, surname = forename or surname, ""
    if forename and not surname:
        row.warn(_("%(name)s has one name only: check that none is missing.", name=forename))
    return title, forename, surname


def _family_line(row: _Row, kind: str, today: dt.date) -> FamilyLine:
    child = _child(row, today)
    people = ("contact",) if kind == CONTACTS else ("parent_1", "parent_2")
    contacts: list[ContactEntry] = []
    complete = True
    for place, who in enumerate(people, start=1):
        found, readable = _contacts(row, who, None if kind == CONTACTS else place)
        complete = complete and readable
        contacts += found
    return FamilyLine(row.number, child, tuple(contacts), complete)


def _child(row: _Row, today: dt.date) -> ChildEntry:
    _title, forename, surname = _one_person(row, "child")
    if not forename:
        raise LeftOut(_("The child’s name is missing."))
    name = f"{forename} {surname}".strip()
    mis_id, upn = row.key("child_mis_id"), values.upn(row.key("child_upn", 20))
    if upn and not values.upn_is_sound(upn):
        row.warn(_("The UPN %(upn)s does not pass its check; it is used as it stands.", upn=upn))
    if not upn and not mis_id and {"child_upn", "child_mis_id"} & row.columns.keys():
        row.warn(_("%(name)s has no UPN or office number, and is known by name and date of birth only.", name=name))
    born_on = row.must("child_born_on", values.date)
    if born_on is None:
        raise LeftOut(_("The date of birth is missing."))
    if values.has_time_of_day(written := row.cells[row.columns["child_born_on"]]):
        told = _(
            "“%(cell)s” is a date of birth with a time of day: it is read as %(date)s. Check it, it may be a day out.",
            cell=values.shortened(written),
            date=f"{born_on:%d/%m/%Y}",
        )
        row.warn(told)
    if born_on > today:
        raise LeftOut(_("The date of birth %(date)s lies in the future.", date=f"{born_on:%d/%m/%Y}"))
    if today.year - born_on.year > OLDEST_CHILD:
        told = _("The date of birth %(date)s is too long ago for a primary school.", date=f"{born_on:%d/%m/%Y}")
        raise LeftOut(told)
    class_name = row.text("child_class", 40)
    return ChildEntry(
        mis_id=mis_id,
        upn=upn,
        forename=forename,
        surname=surname,
        preferred_forename=_preferred(row, surname),
        born_on=born_on,
        year_group=_year_group(row, born_on, class_name, today),
        class_name=class_name,
    )


def _preferred(row: _Row, surname: str) -> str:
    """As the file has it, the same as the forename too, which says that an earlier one no longer holds."""
    preferred = row.text("child_preferred_forename")
    if surname and folded(preferred).endswith(f" {folded(surname)}"):
        preferred = " ".join(preferred.split()[: -len(surname.split())])
    return "" if values.is_no_name(preferred) else preferred


def _year_group(row: _Row, born_on: dt.date, class_name: str, today: dt.date) -> str:
    usual = values.year_group_at(born_on, school_year(today))
    year_group, fault = _told_year_group(row)
    if not year_group:
        missing = fault or _("The year group is missing.")
        year_group = values.class_year(class_name)
        if year_group and fault:
            year = values.year_words(year_group)
            told = _("%(fault)s %(year)s is taken from the class.", fault=missing, year=year)
            row.warn(told)
        elif not year_group:
            year_group = "N" if usual < 0 else "R" if usual == 0 else str(min(usual, 6))
            year = values.year_words(year_group)
            told = _("%(fault)s %(year)s is taken from the date of birth.", fault=missing, year=year)
            row.warn(told)
            return year_group
    if abs(_years_apart(year_group, usual)) > 1:
        told = _(
            "Born on %(date)s and in %(year)s: one of the two looks wrong.",
            date=f"{born_on:%d/%m/%Y}",
            year=values.year_words(year_group),
        )
        row.warn(told)
    return year_group


def _told_year_group(row: _Row) -> tuple[str, str]:
    """The year group of the row, or the sentence about one that is not known; raises LeftOut for older pupils."""
    place = row.columns.get("child_year_group")
    cell = row.cells[place] if place is not None else ""
    try:
        return values.year_group(cell), ""
    except values.BadValue as fault:
        if values.is_secondary_year(cell):
            raise LeftOut(str(fault)) from None
        return "", str(fault)


def _years_apart(year_group: str, usual: int) -> int:
    if year_group == "N":
        return min(0, -1 - usual)  # nursery takes several years
    return (0 if year_group == "R" else int(year_group)) - usual


def _contacts(row: _Row, who: str, place: int | None) -> tuple[list[ContactEntry], bool]:
    """The contacts a row names in one place, mostly one, and whether all there was could be read."""
    try:
        named = _contact_names(row, who)
    except LeftOut as fault:
        row.warn(_("%(fault)s This contact was left out.", fault=fault))
        return [], False
    contact_id = row.key(f"{who}_id")
    emails, mobiles = _emails(row, f"{who}_email", len(named)), _telephones(row, f"{who}_mobile", len(named))
    if not named:
        if contact_id or emails or mobiles:
            row.warn(_("The contact in this row has no name and was left out."))
            return [], False
        return [], True
    responsible = row.value(
        f"{who}_parental_responsibility", values.flag, None, _("Parental responsibility is unknown.")
    )
    priority = "".join(filter(str.isdigit, row.text(f"{who}_priority").partition(".")[0]))[:3]
    only = ContactEntry(
        contact_id=contact_id,
        title="",
        forename="",
        surname="",
        relationship_name=row.text(f"{who}_relationship", 60) or _relationship_by_heading(row, who),
        parental_responsibility={True: "yes", False: "no", None: ""}[responsible],
        barred=row.value(
            f"{who}_court_order", values.flag, None, _("They are treated as barred until this is corrected."), bad=True
        ),
        lives_with=row.value(f"{who}_lives_with", values.flag, None, _("It was left out.")),
        priority=int(priority) if priority else place,
        split=f"{who}_surname" not in row.columns,
        email=emails[0] if emails else "",
        mobile=mobiles[0] if mobiles else "",
        language=row.value(f"{who}_language", values.language, "", ""),
    )
    title, forename, surname = named[0]
    first = replace(only, title=title, forename=forename, surname=surname)
    if len(named) == 1:
        return [first], True
    title, forename, surname = named[1]
    other = replace(
        only,
        contact_id="",
        title=title,
        forename=forename,
        surname=surname,
        email=emails[-1] if emails else "",
        mobile=mobiles[-1] if mobiles else "",
    )
    one, two = _relationships(only.relationship_name)
    return [replace(first, relationship_name=one), replace(other, relationship_name=two)], True


def _contact_names(row: _Row, who: str) -> list[tuple[str, str, str]]:
    """Title, forename and surname of whom a place of a row names: nobody, one person or two. Raises LeftOut."""
    title, forename, surname = _given(row, who)
    whole = "" if forename or surname else row.text(f"{who}_full_name", 240)
    joined = [values.names_several(text) for text in (title, whole or forename, surname)]
    if not (joined[0] or joined[1]):
        title, forename, surname = _names(row, who)
        if not title and not surname:
            return [("", forename, "")] if forename else []
        return [(title, forename, surname)] if forename or surname else []
    full = " ".join(filter(None, (title if joined[0] or not whole else "", whole or f"{forename} {surname}"))).strip()
    both = values.split_pair(full)
    if joined[2]:  # two forenames in one cell, and their two surnames in the other
        forenames, surnames = _halves(forename, surname)
        alike = len(forenames) == len(surnames)
        both = values.split_pair(" & ".join(map(" ".join, zip(forenames, surnames, strict=True)))) if alike else None
    _no_letters_lost(full)
    if both is None or any(len(name) > 120 for names in both for name in names):
        told = _("“%(cell)s” names several people: give each one a column of their own.", cell=values.shortened(full))
        raise LeftOut(told)
    names = tuple(" ".join(filter(None, parts)) for parts in both)
    pair = Pair(
        row.number, f"pair:{folded(full)}"[:200], full, names, row.answers.get(f"pair:{folded(full)}"[:200], "")
    )
    row.pairs.append(pair)
    if pair.answer == "one":
        return [("", "", full[:120])]
    told = _(
        "“%(cell)s” names two people and is read as %(one)s and %(two)s.",
        cell=values.shortened(full),
        one=names[0],
        two=names[1],
    )
    row.warn(told)
    return list(both)


def _halves(*cells: str) -> list[list[str]]:
    return [[part.strip() for part in re.split(r"[&+/]|\band\b", cell)] for cell in cells]


def _relationships(told: str) -> tuple[str, str]:
    """What each of two people in one cell is to the child; a word for one of them says nothing of the other."""
    parts = [part for part in re.split(r"\s*[&+/,]\s*|\s+and\s+", told) if part]
    if len(parts) == 2:
        return parts[0], parts[1]
    if folded(told) in {"mother", "father", "mum", "dad", "stepmother", "stepfather", "step mother", "step father"}:
        return told, ""
    return (_PARENT, _PARENT) if folded(told) == "parents" else (told, told)


def _emails(row: _Row, key: str, people: int = 1) -> tuple[str, ...]:
    nothing: tuple[str, ...] = ()
    found = row.value(key, values.emails, nothing, _("It was left out."))
    if len(found) > 1 >= people:
        cell, first = row.cell(key), found[0]
        row.warn(_("“%(cell)s” holds several email addresses; %(first)s is used.", cell=cell, first=first))
    return found


def _telephones(row: _Row, key: str, people: int = 1) -> tuple[str, ...]:
    nothing: tuple[str, ...] = ()
    found = row.value(key, values.telephones, nothing, _("It was left out."))
    if len(found) > 1 >= people:
        cell, first = row.cell(key), found[0]
        row.warn(_("“%(cell)s” holds several telephone numbers; %(first)s is used.", cell=cell, first=first))
    place = row.columns.get(key)
    if found and place is not None and lost_its_nought(row.cells[place]):
        cell = values.shortened(row.cells[place])
        row.warn(_("The telephone number %(cell)s has lost its first 0; %(full)s is used.", cell=cell, full=found[0]))
    return found


def _relationship_by_heading(row: _Row, who: str) -> str:
    """What the list itself calls the people of a column, where no cell says how they stand to the child."""
    headings = [folded(heading) for key, heading in row.called.items() if key.startswith(f"{who}_")]
    named = any(word in heading for heading in headings for word in ("parent", "mother", "father"))
    return _("Parent or carer") if named else ""


def _staff_line(row: _Row) -> StaffLine:
    post = row.text("staff_post")
    if not is_post(post):
        raise LeftOut(_("“%(role)s” is not a member of staff.", role=values.shortened(post)))
    title, forename, surname = _one_person(row, "staff")
    if not forename:
        raise LeftOut(_("The name is missing."))
    email = next(iter(_emails(row, "staff_email")), "")
    code = row.key("staff_code")
    if not code and not email:
        told = _("%(name)s has neither a staff code nor a work email address.", name=f"{forename} {surname}".strip())
        raise LeftOut(told)
    if not email:
        row.warn(_("%(name)s has no work email address and cannot log in.", name=f"{forename} {surname}".strip()))
    return StaffLine(
        row=row.number,
        code=code,
        title=title,
        forename=forename,
        surname=surname,
        post=post,
        class_name=row.text("staff_class", 40),
        email=email,
        starts_on=row.value("staff_starts_on", values.date, None, _("It was left out.")),
        line_manager=row.text("staff_line_manager", 254),
    )
