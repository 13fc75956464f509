"""Understands each mapped row of a list: cells become entries, and what cannot be understood becomes a problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    Parsed,
    Problem,
    StaffLine,
    Unread,
)
from oval_aup.people.roster.mapping import CONTACTS, STAFF
from oval_aup.people.roster.read import Table
from oval_aup.people.years import school_year

T = TypeVar("T")
OLDEST_CHILD = 13
"""Years of age past which a date of birth cannot be a primary pupil's."""


class LeftOut(Exception):
    """This row cannot be used; the message is the sentence for the office."""


@dataclass(slots=True)
class _Row:
    """One row during reading: its cells by field, and the warnings it has earned."""

    number: int
    cells: tuple[str, ...]
    columns: Mapping[str, int]
    problems: list[Problem] = field(default_factory=list)

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

    def must(self, key: str, meaning: Callable[[str], T]) -> T:
        place = self.columns.get(key)
        try:
            return meaning(self.cells[place] if place is not None else "")
        except values.BadValue as fault:
            raise LeftOut(str(fault)) from None

    def warn(self, sentence: str) -> None:
        self.problems.append(Problem(self.number, WARNING, sentence))


def parse(table: Table, mapping: Mapping[str, str], kind: str, *, today: dt.date) -> Parsed:
    """Understand every row of a table; never raises for what a row holds."""
    places = {header: place for place, header in enumerate(table.headers)}
    columns = {key: places[header] for key, header in mapping.items()}
    parsed = Parsed(fields=frozenset(columns))
    for number, sentence, shifted in table.misshapen:
        parsed.problems.append(Problem(number, ERROR, sentence))
        parsed.unread.append(Unread(number, tuple(filter(None, shifted))))
    for number, cells in zip(table.numbers, table.rows, strict=True):
        row = _Row(number, cells, columns)
        try:
            if kind == STAFF:
                parsed.staff.append(_staff_line(row))
            else:
                parsed.families.append(_family_line(row, kind, today))
        except LeftOut as fault:
            row.problems.append(Problem(number, ERROR, str(fault)))
            parsed.unread.append(Unread(number, _what_is_known(row, kind)))
        parsed.problems += row.problems
    parsed.problems.sort(key=lambda problem: (problem.row, problem.severity))
    return parsed


def unusable(table: Table, mapping: Mapping[str, str]) -> tuple[str, ...]:
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
    title, forename, surname = (row.text(f"{who}_{part}") for part in ("title", "forename", "surname"))
    if not (forename or surname) and (whole := row.text(f"{who}_full_name", 240)):
        found, forename, surname = values.split_name(whole)
        title = title or found
    if lost := next(filter(values.has_lost_letters, (forename, surname)), ""):
        told = _(
            "“%(cell)s” has lost a letter: save the list as “CSV UTF-8” and choose it again.",
            cell=values.shortened(lost),
        )
        raise LeftOut(told)
    return title[:40], forename[:120], surname[:120]


def _family_line(row: _Row, kind: str, today: dt.date) -> FamilyLine:
    child = _child(row, today)
    people = ("contact",) if kind == CONTACTS else ("parent_1", "parent_2")
    contacts, complete = [], True
    for place, who in enumerate(people, start=1):
        contact, readable = _contact(row, who, None if kind == CONTACTS else place)
        complete = complete and readable
        if contact is not None:
            contacts.append(contact)
    return FamilyLine(row.number, child, tuple(contacts), complete)


def _child(row: _Row, today: dt.date) -> ChildEntry:
    _title, forename, surname = _names(row, "child")
    if not forename or not surname:
        raise LeftOut(_("The child’s forename or surname is missing."))
    mis_id, upn = row.key("child_mis_id"), values.upn(row.key("child_upn", 20))
    if upn and not values.upn_is_sound(upn):
        row.warn(_("The UPN %(upn)s does not pass its check; it is used as it stands.", upn=upn))
    if not upn and not mis_id and {"child_upn", "child_mis_id"} & row.columns.keys():
        told = _(
            "%(name)s has no UPN or office number, and is known by name and date of birth only.",
            name=f"{forename} {surname}",
        )
        row.warn(told)
    born_on = row.must("child_born_on", values.date)
    if born_on is None:
        raise LeftOut(_("The date of birth is missing."))
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
        preferred_forename=_preferred(row, forename),
        born_on=born_on,
        year_group=_year_group(row, born_on, class_name, today),
        class_name=class_name,
    )


def _preferred(row: _Row, forename: str) -> str:
    preferred = row.text("child_preferred_forename")
    return "" if preferred == forename else preferred


def _year_group(row: _Row, born_on: dt.date, class_name: str, today: dt.date) -> str:
    year_group = row.must("child_year_group", values.year_group)
    usual = values.year_group_at(born_on, school_year(today))
    if not year_group:
        year_group = values.class_year(class_name)
    if not year_group:
        year_group = "N" if usual < 0 else "R" if usual == 0 else str(min(usual, 6))
        said = values.year_words(year_group)
        row.warn(_("The year group is missing; %(year)s is taken from the date of birth.", year=said))
    elif abs(_years_apart(year_group, usual)) > 1:
        told = _(
            "Born on %(date)s and in %(year)s: one of the two looks wrong.",
            date=f"{born_on:%d/%m/%Y}",
            year=values.year_words(year_group),
        )
        row.warn(told)
    return year_group


def _years_apart(year_group: str, usual: int) -> int:
    if year_group == "N":
        return min(0, -1 - usual)  # nursery takes several years
    return (0 if year_group == "R" else int(year_group)) - usual


def _contact(row: _Row, who: str, place: int | None) -> tuple[ContactEntry | None, bool]:
    """The contact, if the row has one, and whether all there was could be read."""
    try:
        title, forename, surname = _names(row, who)
    except LeftOut as fault:
        row.warn(_("%(fault)s This contact was left out.", fault=fault))
        return None, False
    contact_id = row.key(f"{who}_id")
    email = row.value(f"{who}_email", values.email, "", _("It was left out."))
    mobile = row.value(f"{who}_mobile", values.telephone, "", _("It was left out."))
    if not surname and not forename:
        if contact_id or email or mobile:
            row.warn(_("The contact in this row has no name and was left out."))
            return None, False
        return None, True
    if not surname:
        forename, surname = "", forename
    responsible = row.value(
        f"{who}_parental_responsibility", values.flag, None, _("Parental responsibility is unknown.")
    )
    priority = "".join(filter(str.isdigit, row.text(f"{who}_priority")))[:3]
    contact = ContactEntry(
        contact_id=contact_id,
        title=title,
        forename=forename,
        surname=surname,
        relationship_name=row.text(f"{who}_relationship", 60),
        parental_responsibility={True: "yes", False: "no", None: ""}[responsible],
        barred=row.value(f"{who}_court_order", values.flag, None, _("They count as barred until put right."), bad=True),
        lives_with=row.value(f"{who}_lives_with", values.flag, None, _("It was left out.")),
        priority=int(priority) if priority else place,
        split=f"{who}_surname" not in row.columns,
        email=email,
        mobile=mobile,
        language=row.value(f"{who}_language", values.language, "", ""),
    )
    return contact, True


def _staff_line(row: _Row) -> StaffLine:
    title, forename, surname = _names(row, "staff")
    if not forename or not surname:
        raise LeftOut(_("The forename or surname is missing."))
    email = row.value("staff_email", values.email, "", _("It was left out, so this person cannot log in."))
    code = row.key("staff_code")
    if not code and not email:
        told = _("%(name)s has neither a staff code nor a work e-mail address.", name=f"{forename} {surname}")
        raise LeftOut(told)
    if not email and not row.problems:
        row.warn(_("%(name)s has no work e-mail address and cannot log in.", name=f"{forename} {surname}"))
    return StaffLine(
        row=row.number,
        code=code,
        title=title,
        forename=forename,
        surname=surname,
        post=row.text("staff_post"),
        class_name=row.text("staff_class", 40),
        email=email,
        starts_on=row.value("staff_starts_on", values.date, None, _("It was left out.")),
        line_manager=row.text("staff_line_manager", 254),
    )
