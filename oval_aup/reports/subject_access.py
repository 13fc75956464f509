"""Gathers everything that is kept about one person, with nobody else in it: what a person may ask the school for.

Other people appear as what they are to the person (“a member of staff”), never by name. The one exception are the
person's own children, whom they speak and answer for: those are named, and nothing else is told of them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts, agreements, notifications, people
from oval_aup.core import clock
from oval_aup.core.db import Base
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.reports.subject_access_ledger import Told, entries_told, wordings_answered
from oval_aup.reports.subject_access_names import OtherNames
from oval_aup.reports.subject_access_tables import HOLDINGS, LEFT_OUT, Holding
from oval_aup.reports.subject_access_who import Who

FORMAT = "oval-aup-subject-access"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class AccessSection:
    """The rows of one holding, in the order in which they were made; column to what is given of it."""

    table: str
    heading: str
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class SubjectAccess:
    """Everything kept about one person."""

    person: people.PersonRow
    own_children: Mapping[int, people.ChildRow]
    """Those the person may answer for, by row id."""
    sections: tuple[AccessSection, ...]
    """Those that have rows."""
    ledger: tuple[Told, ...]
    named_in: tuple[tuple[str, dt.datetime], ...]
    """Kind and time of messages to others that name the person."""
    lists: tuple[people.roster.ImportRow, ...]
    """Lists not yet decided on that name the person."""
    left_out: dict[str, str]
    """Table to the reason, in words."""
    wordings: tuple[agreements.Wording, ...]
    """The exact words of everything that was answered, each once."""


def subject_access(db: Session, person_id: int, *, school: School) -> SubjectAccess:
    """Gather it; raises NotFound."""
    person = people.person_by_id(db, person_id)
    who = Who(db, person)
    own = _own_values(db, who)
    names = OtherNames(
        db,
        person_id,
        child_ids={*who.own_children, *who.ids},
        own_addresses={*own["addresses"], school.email.lower()},
        harmless=school.name,
    )
    reader = _Reader(db, who, own, names)
    sections = [AccessSection(each.table, _(each.heading), reader.rows(each)) for each in reader.with_rows(HOLDINGS)]
    ledger = entries_told(db, who, names)
    return SubjectAccess(
        person=person,
        own_children=who.own_children,
        sections=tuple(each for each in sections if each.rows),
        ledger=ledger,
        named_in=_named_in(db, person),
        lists=people.roster.lists_naming(db, person_id),
        left_out={table: _(reason) for table, reason in LEFT_OUT.items()},
        wordings=wordings_answered(db, ledger),
    )


def as_json(found: SubjectAccess, *, school: School, made_at: dt.datetime) -> bytes:
    """The whole of it for a computer: UTF-8, keys as the columns are called, instants in UTC."""
    facts = {
        "format": FORMAT,
        "v": FORMAT_VERSION,
        "school": school.name,
        "person": found.person.full_name,
        "made_at": clock.iso(made_at),
        "read_me": list(explanations()),
        "sections": [
            {"table": each.table, "heading": each.heading, "rows": [_plain(row) for row in each.rows]}
            for each in found.sections
        ],
        "wordings": [
            {
                "agreement": each.agreement_key,
                "version": each.version_number,
                "language": each.language,
                "reading_level": each.reading_level,
                "text_sha256": each.text_sha256,
                "text": agreements.as_text(each),
            }
            for each in found.wordings
        ],
        "ledger": [_plain(each.facts) for each in found.ledger],
        "messages_to_others_naming_this_person": [
            {"kind": kind, "queued_at": clock.iso(queued_at)} for kind, queued_at in found.named_in
        ],
        "lists_naming_this_person": [
            {"kind": each.kind, "uploaded_at": clock.iso(each.uploaded_at), "status": each.status}
            for each in found.lists
        ],
        "not_included": found.left_out,
    }
    return json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=False).encode("utf-8")


def explanations() -> tuple[str, ...]:
    """What a reader must know to read it rightly."""
    return (
        _("This is everything that this system keeps about the person named above, as it was when this was made."),
        _(
            "Nobody else is named. Other people are described by what they are to this person; only this person’s own"
            " children are named. Where a text named somebody else, the name is replaced."
        ),
        _("Passwords, private links and other secrets are kept only as hashes, which are not given out."),
        _(
            "The school’s lists of pupils, contacts and staff are deleted once they have been imported, and we don’t"
            " keep which list named whom. What they said is shown here."
        ),
        _("Ledger entries are kept for ever. They hold no names; personal details are kept beside them."),
    )


def _own_values(db: Session, who: Who) -> dict[str, set[Any]]:
    """By what a row of any table can be known to be this person's."""
    found: dict[str, set[Any]] = {"ids": set(), "pseudonyms": set(), "addresses": set(), "buckets": set()}
    for record in who.records:
        for which, values in _values_of(db, record).items():
            found[which] |= values
    return found


def _values_of(db: Session, person: people.PersonRow) -> dict[str, set[Any]]:
    tables = Base.metadata.tables
    links, account, message = tables["private_link"], tables["account"], tables["message"]
    own_links = db.execute(sa.select(links.c.id, links.c.sent_to).where(links.c.person_id == person.person_id)).all()
    addresses = {row.sent_to for row in own_links}
    addresses |= set(db.scalars(sa.select(message.c.to_address).where(message.c.recipient == person.pseudonym)))
    log_ins = set(db.scalars(sa.select(account.c.email).where(account.c.person_id == person.person_id)))
    if person.is_guardian:
        addresses.add(people.guardian(db, person.person_id).email)
    if person.is_staff:
        addresses.add(people.staff_member(db, person.person_id).work_email)
    addresses = {address.lower() for address in (*addresses, *log_ins) if address}
    buckets = {accounts.bucket("link", row.id) for row in own_links}
    for address in addresses:
        buckets |= {accounts.bucket("account", f"{what}{address}") for what in ("", "forgotten ", "new-link ")}
    return {
        "ids": {person.person_id},
        "pseudonyms": {person.pseudonym},
        "addresses": addresses,
        "buckets": buckets,
    }


class _Reader:
    """Reads the rows of one holding after the other."""

    def __init__(self, db: Session, who: Who, own: Mapping[str, set[Any]], names: OtherNames) -> None:
        self._db, self._who, self._own, self._names = db, who, own, names
        self._wordings: dict[int, agreements.Wording] = {}
        self._classes: dict[int, str] = {}

    def with_rows(self, holdings: Sequence[Holding]) -> list[Holding]:
        """Those of which anything is kept about the person, found by one statement."""
        asked = (self._mine(each, sa.literal(1)).exists().label(f"h{number}") for number, each in enumerate(holdings))
        kept = self._db.execute(sa.select(*asked)).one()
        return [holding for holding, is_kept in zip(holdings, kept, strict=True) if is_kept]

    def rows(self, holding: Holding) -> tuple[dict[str, Any], ...]:
        """What the person is given, a row after the other."""
        table = Base.metadata.tables[holding.table]
        chosen = self._mine(holding, *(table.c[column] for column in holding.shown))
        found = [dict(row._mapping) for row in self._db.execute(chosen.order_by(*table.primary_key.columns))]
        self._who.prefetch(ids={row[column] for row in found for column in holding.people})
        if unread := {row[column] for row in found for column in holding.wordings} - set(self._wordings):
            self._wordings |= agreements.wordings(self._db, unread)
        given = [self._given(holding, row) for row in found]
        return tuple(row for number, row in enumerate(given) if not holding.once or row not in given[:number])

    def _mine(self, holding: Holding, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        table = Base.metadata.tables[holding.table]
        mine = sa.or_(*(table.c[column].in_(self._own[which]) for column, which in holding.mine.items()))
        chosen = sa.select(*columns).select_from(table).where(mine)
        for column, which in holding.except_for.items():
            theirs = table.c[column].not_in(self._own[which])
            chosen = chosen.where(sa.or_(table.c[column].is_(None), theirs))
        return chosen

    def _class_name(self, class_id: int | None) -> str:
        if class_id is None:
            return ""
        if class_id not in self._classes:
            self._classes[class_id] = people.class_by_id(self._db, class_id).name
        return self._classes[class_id]

    def _given(self, holding: Holding, row: dict[str, Any]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        own = all(row[column] in values for column, values in holding.own_where.items())
        for column, value in row.items():
            if column in holding.people:
                given[column.removesuffix("_id")] = self._who.of(value)
            elif column in holding.classes:
                given[column.removesuffix("_id")] = self._class_name(value)
            elif column in holding.wordings:
                wording = self._wordings[value]
                given["wording"] = _(
                    "%(title)s, version %(number)s", title=wording.title, number=wording.version_number
                )
            elif column in (*holding.own_texts, *holding.others_texts):
                given[column] = self._text(value, own_words=own and column in holding.own_texts)
            else:
                given[column] = value
        return given

    def _text(self, value: Any, *, own_words: bool) -> Any:
        """A text, or the draft of a signing session, without anybody else and without the place of a private link."""
        if isinstance(value, Mapping):
            return {key: self._text(each, own_words=own_words) for key, each in value.items()}
        if not isinstance(value, str):
            return value
        shown = value.replace(notifications.LINK_MARK, _("[private link]"))
        return self._names.out_of(shown, own_words=own_words)


def _named_in(db: Session, person: people.PersonRow) -> tuple[tuple[str, dt.datetime], ...]:
    message = Base.metadata.tables["message"]
    naming = sa.select(message.c.kind, message.c.queued_at).where(
        message.c.recipient != person.pseudonym, message.c.text.contains(person.full_name, autoescape=True)
    )
    return tuple((kind, queued_at) for kind, queued_at in db.execute(naming.order_by(message.c.id)))


def _plain(value: Any) -> Any:
    """A value in the terms of JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dt.datetime):
        return clock.iso(value)
    return value.isoformat() if isinstance(value, dt.date) else value
