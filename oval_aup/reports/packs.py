"""Decides who and what belongs into an evidence pack of a given scope, and makes its small files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, packs, people
from oval_aup.core import clock, templating
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports import pack_lines
from oval_aup.reports import tables as t
from oval_aup.reports.csv_export import csv_bytes
from oval_aup.reports.exports import ExportTable, choices_of, coverage_table, outstanding_table
from oval_aup.reports.namesakes import told_apart
from oval_aup.reports.outstanding import Filter, children_words
from oval_aup.verifier import bundle

ABOUT = ("school", "audience", "class", "year")
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pack is about: the whole school, one audience, one class or one school year's sign-up.

    ``key`` is the audience, the class's public id, or the year in which the school year begins; the dates narrow it to
    people by or about whom something was recorded on those days, both included.
    """

    about: str = "school"
    key: str = ""
    first_on: dt.date | None = None
    last_on: dt.date | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Scope:
        """The scope whose ``facts`` these are."""
        first, last = (dt.date.fromisoformat(facts[name]) if facts[name] else None for name in ("from", "to"))
        return cls(facts["about"], facts["key"], first, last)

    def facts(self, school_year: int, title: str) -> dict[str, Any]:
        """As it is kept with the pack and stands in its manifest."""
        return {
            "about": self.about,
            "key": self.key,
            "from": self.first_on.isoformat() if self.first_on else "",
            "to": self.last_on.isoformat() if self.last_on else "",
            "school_year": school_year,
            "title": title,
        }


@dataclass(frozen=True, slots=True)
class PackPlan:
    """What a pack of some scope is made of: its facts, its report and the records, in the order of their numbers."""

    scope: dict[str, Any]
    report: packs.Wanted
    records: tuple[packs.Wanted, ...]


def pack_plan(db: Session, scope: Scope) -> PackPlan:
    """Say what goes into a pack as things stand now; raises Invalid when nobody is in it, NotFound for no class.

    Whoever is only on the school's lists, and was never asked or answered, has no record to hand over.
    """
    year, title, report = _described(db, scope)
    members = _people(db, scope)
    names = [pseudonym for _id, pseudonym in members]
    newest, answered = evidence.newest_seqs(db, names), evidence.newest_seqs(db, names, besides=evidence.LIST_KINDS)
    records = tuple(
        packs.Wanted(
            "record", pseudonym, {"person_id": person_id}, record_key(pseudonym, newest[pseudonym]), newest[pseudonym]
        )
        for person_id, pseudonym in members
        if pseudonym in answered
    )
    if not records:
        raise Invalid(fields={"about": _("Nothing was recorded about anybody in this choice.")})
    stamp = f"{clock.now():%Y-%m-%dT%H:%M:%S.%f}"
    wanted = packs.Wanted(report[0], report[1], report[2], f"pack-report:{report[1]}:{stamp}", 0)
    return PackPlan(scope.facts(year, title), wanted, records)


def order_pack(db: Session, scope: Scope, *, actor: Actor) -> packs.PackRow:
    """Order a pack about this scope as things stand now.

    While the same pack is being made that one is returned. Raises Invalid when nobody is in it, NotFound for no class.
    """
    plan = pack_plan(db, scope)
    return packs.order_pack(db, scope=plan.scope, report=plan.report, records=plan.records, actor=actor)


def record_key(pseudonym: str, newest: int) -> str:
    """Under what name the record of a person is wanted whose newest entry is this one."""
    return f"record:{pseudonym}:{newest}"


def _described(db: Session, scope: Scope) -> tuple[int, str, tuple[str, str, dict[str, Any]]]:
    """School year, title and report (kind, subject, params) of a scope."""
    year = people.school_year(clock.today())
    if scope.about == "class":
        room = people.school_class(db, scope.key)
        params = {"class_id": room.id, "school_year": year}
        return year, _dated(_("Class %(name)s", name=room.name), scope), ("class_report", room.public_id, params)
    if scope.about == "audience":
        if scope.key not in agreements.SIGNED:
            raise Invalid(fields={"about": _("Choose one of the audiences.")})
        title = _(agreements.AGREEMENTS[scope.key].people)
    elif scope.about == "year":
        if not (scope.key.isascii() and scope.key.isdigit() and len(scope.key) == 4):
            raise Invalid(fields={"about": _("Choose one of the school years.")})
        year = int(scope.key)
        title = _("Sign-up %(year)s", year=people.school_year_label(year))
    elif scope.about == "school":
        title = _("Whole school")
    else:
        raise Invalid(fields={"about": _("Choose what the pack is about.")})
    return year, _dated(title, scope), ("school_report", "school", {"school_year": year})


def _dated(title: str, scope: Scope) -> str:
    if scope.first_on and scope.last_on and scope.last_on < scope.first_on:
        raise Invalid(fields={"to": _("The last day is before the first.")})
    if scope.first_on and scope.first_on == scope.last_on:
        return _("%(title)s, %(day)s", title=title, day=templating.day(scope.first_on))
    if scope.first_on and scope.last_on:
        first, last = templating.day(scope.first_on), templating.day(scope.last_on)
        return _("%(title)s, %(first)s to %(last)s", title=title, first=first, last=last)
    if scope.first_on:
        return _("%(title)s, from %(first)s", title=title, first=templating.day(scope.first_on))
    if scope.last_on:
        return _("%(title)s, until %(last)s", title=title, last=templating.day(scope.last_on))
    return title


def _people(db: Session, scope: Scope) -> list[tuple[int, str]]:
    """Row id and pseudonym of everybody in scope, leavers too: children by class, then guardians, then staff.

    Within them by surname as a person would look for it: Łukasik after Lucas, el-Sayed among those with E.
    """
    person, child, guardian, staff, room = t.person, t.child, t.guardian, t.staff_member, t.school_class
    part = sa.case((child.c.person_id.is_not(None), 0), (guardian.c.person_id.is_not(None), 1), else_=2)
    source = (
        person.outerjoin(child, child.c.person_id == person.c.id)
        .outerjoin(guardian, guardian.c.person_id == person.c.id)
        .outerjoin(staff, staff.c.person_id == person.c.id)
        .outerjoin(room, room.c.id == child.c.class_id)
    )
    class_name = sa.func.coalesce(room.c.name, "")
    columns = (person.c.id, person.c.pseudonym, person.c.surname, person.c.forename)
    chosen = sa.select(*columns, part.label("part"), class_name.label("class_name")).select_from(source)
    rows = sorted(
        db.execute(chosen.where(_in(scope))),
        key=lambda row: (row.part, row.class_name, people.folded(row.surname), people.folded(row.forename), row.id),
    )
    found = [(row.id, row.pseudonym) for row in rows]
    if scope.first_on is None and scope.last_on is None:
        return found
    midnight = dt.timedelta(days=1)
    first = evidence.past(db, clock.at_london(scope.first_on, 0)).size + 1 if scope.first_on else 1
    size = evidence.head(db).size
    ended = scope.last_on if scope.last_on and scope.last_on < clock.today() else None
    last = evidence.past(db, clock.at_london(ended + midnight, 0)).size if ended else size
    named = evidence.named_between(db, first, last)
    return [row for row in found if row[1] in named]


def _in(scope: Scope) -> sa.ColumnElement[bool]:
    person, link = t.person, t.guardianship
    if scope.about == "audience":
        tables = {"children": t.child, "guardians": t.guardian, "staff": t.staff_member}
        return tables[agreements.AGREEMENTS[scope.key].audience].c.person_id.is_not(None)
    if scope.about == "class":
        of_class = sa.select(t.school_class.c.id).where(t.school_class.c.public_id == scope.key)
        pupils = sa.select(t.child.c.person_id).where(t.child.c.class_id.in_(of_class))
        families = sa.select(link.c.guardian_id).where(link.c.child_id.in_(pupils), link.c.ended_on.is_(None))
        return sa.or_(person.c.id.in_(pupils), person.c.id.in_(families))
    if scope.about == "year":
        return person.c.id.in_(sa.select(t.request.c.person_id).where(t.request.c.school_year == int(scope.key)))
    return sa.true()


def pack_files(
    db: Session, row: packs.PackRow, members: Sequence[packs.MemberRow], *, school: School
) -> dict[str, bytes]:
    """The small files of a pack by name, as things stand now: what to read first, keys, texts, tables, the checker."""
    files = {name: _csv(table) for name, table in _tables(db, row, members).items()}
    for text in agreements.published_texts(db):
        stem = f"texts/{text.agreement_key}-v{text.version_number}-{text.language}-{text.reading_level}"
        files[f"{stem}.json"] = text.canonical
        files[f"{stem}.txt"] = text.plain.encode("utf-8")
    keys = [key.facts for key in evidence.register(db)]
    files["keys.json"] = json.dumps(keys, ensure_ascii=False, indent=1).encode("utf-8")
    checker = bundle.checker()
    files[checker.name] = checker.content
    for name, template in (("README.txt", "pack/readme.txt"), ("by-hand.txt", "pack/by-hand.txt")):
        said = templating.page(
            template,
            school=school,
            title=row.scope["title"],
            ordered_at=row.ordered_at,
            records=len(members) - 1,
            formulas=pack_lines.FORMULAS,
            typed=pack_lines.TYPED,
        )
        files[name] = f"{said}\n".encode()
    return files


def _csv(table: ExportTable) -> bytes:
    return csv_bytes(table.header, table.rows)


def _tables(db: Session, row: packs.PackRow, members: Sequence[packs.MemberRow]) -> Mapping[str, ExportTable]:
    year, scope = int(row.scope["school_year"]), row.scope
    found = people.persons_by_pseudonym(db, [member.subject for member in members])
    children = _children(db, Scope.of(scope), members)
    chosen = Filter(
        audience=scope["key"] if scope["about"] == "audience" else "",
        class_public_id=scope["key"] if scope["about"] == "class" else "",
    )
    tables = {
        "tables/coverage.csv": coverage_table(db, year),
        "tables/outstanding.csv": outstanding_table(db, year, chosen),
        "tables/records.csv": _index(db, members, found),
    }
    try:
        tables["tables/image-choices.csv"] = choices_of(db, children, year)
    except NotFound:  # no uses of pictures were ever published, so nobody was asked
        return tables
    return tables


def _children(db: Session, scope: Scope, members: Iterable[packs.MemberRow]) -> list[people.ChildRow]:
    """The children in scope in the order of their records; whoever nothing is recorded of has no record, but no yes."""
    recorded = {member.subject for member in members}
    ids = [person_id for person_id, _pseudonym in _people(db, scope)]
    found: dict[int, people.ChildRow] = {}
    for start in range(0, len(ids), CHUNK):
        found |= people.children_by_id(db, ids[start : start + CHUNK])
    children = [found[person_id] for person_id in ids if person_id in found]
    return [child for child in children if child.archived_on is None or child.pseudonym in recorded]


def _index(db: Session, members: Iterable[packs.MemberRow], found: Mapping[str, people.PersonRow]) -> ExportTable:
    """Whose record has which number; the only place in a pack where a file is given a name."""
    ids = [person.person_id for person in found.values()]
    beside: dict[int, str] = {}
    for start in range(0, len(ids), CHUNK):
        beside |= children_words(db, ids[start : start + CHUNK])
    children = people.children_by_id(db, [person.person_id for person in found.values() if person.is_child])
    names = told_apart(children.values())
    rows = []
    for member in members:
        person = found.get(member.subject)
        if member.kind != "record" or person is None:
            continue
        rows.append(
            (
                member.number,
                f"records/{packs.record_name(member.number)}.pdf",
                names.get(person.public_id, person.full_name),
                _part(person),
                beside.get(person.person_id, ""),
                person.pseudonym,
            )
        )
    header = (_("Number"), _("File"), _("Name"), _("At this school"), _("Children or class"), _("In the ledger as"))
    return ExportTable(header, tuple(rows))


def _part(person: people.PersonRow) -> str:
    parts = [
        said
        for said, is_so in (
            (_("Child"), person.is_child),
            (_("Parent or carer"), person.is_guardian),
            (_("Member of staff"), person.is_staff),
        )
        if is_so
    ]
    return ", ".join([*parts, _("left")] if person.archived else parts)
