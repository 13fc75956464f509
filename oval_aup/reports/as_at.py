"""What a person was bound by, and what consent stood for a child, at a moment: read from history, not from today."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, people, signing, verification
from oval_aup.core import clock, templating
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.reports import ledger_acts as story
from oval_aup.reports.participants import Participants
from oval_aup.reports.person_history import requests_of
from oval_aup.reports.request_status import RequestStatuses

TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
ALMOST_A_MINUTE = dt.timedelta(seconds=59, microseconds=999_999)


@dataclass(frozen=True, slots=True)
class MarkThen:
    """One answer to one set of rules that stood at the moment."""

    row: signing.SignatureRow
    wording: agreements.Wording
    who: Participants
    covers_year: bool
    """Whether it was made for the school year of the moment."""
    in_force: bool
    """Whether it was made for the version in force at the moment."""


@dataclass(frozen=True, slots=True)
class RulesThen:
    """One set of rules and how one person stood to it."""

    agreement_key: str
    state: str
    """In that school year: ``signed``, ``declined``, ``open`` (asked, no answer standing) or ``not-asked``."""
    asked_at: dt.datetime | None
    in_force: agreements.Wording | None
    """The version of that day; None before the first."""
    marks: tuple[MarkThen, ...]
    """The answers that stood, of this and of earlier school years, newest first."""


@dataclass(frozen=True, slots=True)
class ClassTold:
    """The class of a child at the moment, and how it is known."""

    known_by: str
    """``lists`` (as they stood at the moment), ``lesson`` (a mark made in class that year), ``later`` (the lists as
    they stood when they began to be kept, in the same school year) or ``unknown``."""
    lists: people.ClassThen | None
    """None before the child was on the lists."""
    class_name: str = ""
    lists_from: dt.datetime | None = None

    @property
    def sentence(self) -> str:
        """The class, and how it is known."""
        from_ = templating.moment(self.lists_from) if self.lists_from else ""
        if self.known_by == "lesson":
            return _("Class %(name)s: a mark made in that class this school year says so.", name=self.class_name)
        if self.known_by == "unknown":
            return _(
                "The class is not known: what the school’s lists said before %(moment)s was not kept.", moment=from_
            )
        if self.lists is None:
            return _("This child was not on the school’s lists yet.")
        if self.lists.left_on is not None:
            return _("This child had left on %(on)s, as the school’s lists say.", on=templating.day(self.lists.left_on))
        if self.known_by == "later":
            return _(
                "Class %(name)s: from the school’s lists as they stood on %(moment)s; what they said before that was"
                " not kept.",
                name=self.class_name,
                moment=from_,
            )
        if not self.class_name:
            return _("The school’s lists gave no class for this child at that moment.")
        return _("Class %(name)s: from the school’s lists as they stood at that moment.", name=self.class_name)


@dataclass(frozen=True, slots=True)
class ChildThen:
    """What is known of one child at the moment."""

    placed: ClassTold
    uses: tuple[consent.UseThen, ...]
    """Empty before the first wording about pictures."""
    blocks: tuple[consent.BlockThen, ...]
    adults: tuple[people.GuardianshipThen, ...]
    """Those linked to the child at the moment, as the lists said then."""
    lists_from: dt.datetime | None
    """When what the school's lists say began to be kept, where the moment was before that."""
    lapses_on: dt.date

    @property
    def adults_sentence(self) -> str:
        """From which lists it is known who might choose."""
        if self.lists_from is None:
            return _(
                "Which adults may choose, and which of them a court bars, comes from the school’s lists as they stood"
                " at that moment. An adult whose link had ended by then, or was entered later, is left out."
            )
        return _(
            "Which adults may choose, and which of them a court bars, comes from the school’s lists as they stood on"
            " %(moment)s; what they said before that was not kept. An adult whose link had ended on the day asked for"
            " or before is left out.",
            moment=templating.moment(self.lists_from),
        )

    @property
    def is_blocked(self) -> bool:
        """Whether a safeguarding block stood at the moment."""
        return any(block.lifted_at is None for block in self.blocks)


@dataclass(frozen=True, slots=True)
class AsAt:
    """One person at one moment."""

    person: people.PersonRow
    past: evidence.Past
    school_year: int
    began_at: dt.datetime | None
    """When the record begins."""
    rules: tuple[RulesThen, ...]
    on_behalf: tuple[MarkThen, ...]
    """What they had answered for somebody else, newest first."""
    child: ChildThen | None
    children: tuple[people.ChildRow, ...]
    """For a guardian: the children linked to them then, whose own statement tells about pictures."""
    lists_from: dt.datetime | None
    """When what the school's lists say of children began to be kept, where the moment was before that."""
    staff_from: dt.datetime | None
    """The same of who is staff."""
    acts: tuple[story.Act, ...]
    """The ledger entries that it rests on, as acts."""
    bare: tuple[evidence.BareEntry, ...]
    """The same entries as they were hashed."""
    child_row: people.ChildRow | None
    """A child as the lists have them today."""
    gaps: tuple[str, ...]
    """What the record says of backups gone back to, from which on it lacks what was entered in between."""

    @property
    def before_record(self) -> bool:
        """Whether nothing had been recorded at all by then."""
        return self.past.size == 0

    @property
    def entries(self) -> tuple[int, ...]:
        """The ledger entries that the statement rests on."""
        marks = [mark.row.ledger_seq for rules in self.rules for mark in rules.marks]
        found = {*marks, *(mark.row.ledger_seq for mark in self.on_behalf)}
        if self.child is not None:
            found |= {said.decision.ledger_seq for use in self.child.uses for said in use.said}
            found |= {seq for block in self.child.blocks for seq in block.seqs}
        return tuple(sorted(found))

    @property
    def sources(self) -> tuple[str, ...]:
        """In plain words where each part comes from, and from which day of the school's lists."""
        said = [
            ngettext(
                "Signatures, choices, stops and wordings come from the record as it was: its first entry and nothing"
                " later.",
                "Signatures, choices, stops and wordings come from the record as it was: its first %(num)s entries and"
                " nothing later.",
                self.past.size,
                num=templating.number(self.past.size),
            ),
            *self.gaps,
            _("Somebody who had started to answer and not finished is shown as no answer."),
        ]
        if self.person.is_staff:
            said.append(self._staff_sentence)
        if self.child is not None:
            said += [self.child.adults_sentence, self.child.placed.sentence]
        if self.person.is_guardian:
            said.append(self._children_sentence)
        return tuple(said)

    @property
    def _staff_sentence(self) -> str:
        if self.staff_from is None:
            return _(
                "Whether this person worked, governed or volunteered here comes from the school’s lists as they stood"
                " at that moment."
            )
        return _(
            "Whether this person worked, governed or volunteered here comes from the school’s lists as they stood on"
            " %(moment)s; what they said before that was not kept.",
            moment=templating.moment(self.staff_from),
        )

    @property
    def _children_sentence(self) -> str:
        if self.lists_from is None:
            return _("Which children are theirs comes from the school’s lists as they stood at that moment.")
        return _(
            "Which children are theirs comes from the school’s lists as they stood on %(moment)s; what they said before"
            " that was not kept.",
            moment=templating.moment(self.lists_from),
        )


def moment_asked(day: dt.date, time: str = "") -> dt.datetime:
    """The instant meant by a London day, or a minute of it: its very end, so that all of it counts.

    Today without a time is this moment. On the day the clocks go back an hour happens twice, and its second run is
    meant. Raises Invalid on ``on`` or ``time`` for what has not come yet or never was.
    """
    now = clock.now()
    if day > clock.today():
        raise Invalid(fields={"on": _("This day has not come yet. Choose today or an earlier day.")})
    if not time:
        return min(now, clock.at_london(day + dt.timedelta(days=1), 0) - dt.timedelta(microseconds=1))
    read = TIME.fullmatch(time)
    if read is None:
        raise Invalid(fields={"time": _("Enter a time such as 10:30, or leave it empty.")})
    local = dt.datetime.combine(day, dt.time(int(read[1]), int(read[2])), clock.LONDON).replace(fold=1)
    at = local.astimezone(dt.UTC)
    if clock.london(at).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Invalid(fields={"time": _("This time did not exist: the clocks went forward that night.")})
    if at > now:
        raise Invalid(fields={"time": _("This time has not come yet.")})
    return min(now, at + ALMOST_A_MINUTE)


def as_at(db: Session, public_id: str, at: dt.datetime) -> AsAt:
    """Gather what stood for one person at a moment; raises NotFound."""
    return as_at_of(db, people.person(db, public_id), at)


def as_at_of(db: Session, person: people.PersonRow, at: dt.datetime) -> AsAt:
    """The same for somebody who has been read already."""
    past = evidence.past(db, at)
    year = people.school_year(clock.london(at).date())
    child = people.child_by_id(db, person.person_id) if person.is_child else None
    pictures = consent.pictures_then(db, child, past) if child else None
    rows = _standing_rows(db, person, past)
    bare = evidence.bare_entries(db, {row.ledger_seq for row in rows} | _entries_about(pictures))
    entries = [entry.row for entry in bare]
    texts = story.wordings_named(db, [entry.body["document"] for entry in entries])
    details = {entry.seq: personal for entry in bare if (personal := entry.personal) is not None}
    acts = story.acts(db, entries, details=details, texts=texts)
    marks = _marks(db, rows, acts, {wording.version_text_id: wording for wording in texts.values()}, past, year)
    about_me = [mark for mark in marks if mark.row.person_id == person.person_id]
    played = people.parts_then(db, person, at)
    on_lists = person.is_child or person.is_guardian
    lists_from = _later(people.lists_kept_since(db), at) if on_lists else None
    return AsAt(
        person=person,
        past=past,
        school_year=year,
        began_at=None if past.size else evidence.record_began(db),
        rules=_rules(db, person, played, about_me, past, year),
        on_behalf=tuple(mark for mark in marks if mark.row.person_id != person.person_id),
        child=_child(pictures, played.placed, about_me, details, year, lists_from) if pictures else None,
        children=people.children_then(db, played) if played.child_ids else (),
        lists_from=lists_from,
        staff_from=_later(people.staff_kept_since(db), at) if person.is_staff else None,
        acts=acts,
        bare=bare,
        child_row=child,
        gaps=verification.gaps(db, since=clock.at_london(people.school_year_starts(year), 0), at=at),
    )


def _later(began: dt.datetime | None, at: dt.datetime) -> dt.datetime | None:
    return began if began is not None and at < began else None


def _entries_about(pictures: consent.PicturesThen | None) -> set[int]:
    """Numbers of the entries that what is told of pictures rests on."""
    if pictures is None:
        return set()
    answers = {said.decision.ledger_seq for use in pictures.uses for said in use.said}
    return answers | {seq for block in pictures.blocks for seq in block.seqs}


def _standing_rows(db: Session, person: people.PersonRow, past: evidence.Past) -> list[signing.SignatureRow]:
    """What stood by then, newest first: neither taken back nor followed by another answer to the same request.

    An answer that was taken back is not followed by the one before it: the request is open again, as it was then.
    """
    made = signing.signatures_of(db, person.person_id, past=past)
    last = {row.request_id: row.ledger_seq for row in made if row.outcome in ("signed", "declined")}
    rows = [row for row in made if row.outcome == "witnessed" or last.get(row.request_id) == row.ledger_seq]
    return sorted((row for row in rows if row.stands), key=lambda row: row.ledger_seq, reverse=True)


def _marks(
    db: Session,
    rows: Iterable[signing.SignatureRow],
    acts: Iterable[story.Act],
    wordings: Mapping[int, agreements.Wording],
    past: evidence.Past,
    year: int,
) -> list[MarkThen]:
    who = {act.seq: act.who for act in acts}
    found = []
    for row in rows:
        wording = wordings[row.version_text_id]
        now = _in_force(db, wording.agreement_key, wording.reading_level, past)
        found.append(
            MarkThen(
                row=row,
                wording=wording,
                who=who[row.ledger_seq],
                covers_year=row.school_year == year,
                in_force=now is not None and now.version_number == wording.version_number,
            )
        )
    return found


def _in_force(db: Session, key: str, reading_level: str, past: evidence.Past) -> agreements.Wording | None:
    try:
        return agreements.current(db, key, reading_level=reading_level, at=past.at)
    except NotFound:
        return None


def _rules(
    db: Session,
    person: people.PersonRow,
    played: people.PartsThen,
    marks: Iterable[MarkThen],
    past: evidence.Past,
    year: int,
) -> tuple[RulesThen, ...]:
    """The rules of the parts they played then, and those that they had been asked to sign or had answered by then."""
    parts = {"staff": played.staff, "parents": played.guardian, "children": played.child}
    read = RequestStatuses(db)
    asked = {
        row.agreement_key: (row, asked_at)
        for row in requests_of(db, person.person_id)
        if row.school_year == year
        and (asked_at := read.asked_at(row)) is not None
        and asked_at <= past.at
        and (row.asked_at is not None or played.child)
    }
    standing: dict[str, list[MarkThen]] = {}
    for mark in marks:
        standing.setdefault(mark.row.agreement_key, []).append(mark)
    keys = [key for key, plays in parts.items() if plays or key in asked or key in standing]
    return tuple(_rule(db, key, asked.get(key), standing.get(key, []), past) for key in keys)


def _rule(
    db: Session,
    key: str,
    asked: tuple[signing.RequestRow, dt.datetime] | None,
    marks: list[MarkThen],
    past: evidence.Past,
) -> RulesThen:
    answers = [mark for mark in marks if mark.covers_year and mark.row.outcome in ("signed", "declined")]
    level = "younger" if asked and asked[0].way == "guardian" and key == "children" else "full"
    state = answers[0].row.outcome if answers else "open" if asked else "not-asked"
    return RulesThen(key, state, asked[1] if asked else None, _in_force(db, key, level, past), tuple(marks))


def _child(
    pictures: consent.PicturesThen,
    lists: people.ClassThen | None,
    marks: Iterable[MarkThen],
    details: Mapping[int, Mapping[str, Any]],
    year: int,
    lists_from: dt.datetime | None,
) -> ChildThen:
    return ChildThen(
        placed=_placed(lists, marks, details, year, lists_from),
        uses=pictures.uses,
        blocks=pictures.blocks,
        adults=pictures.adults,
        lists_from=lists_from,
        lapses_on=people.school_year_ends(year),
    )


def _placed(
    lists: people.ClassThen | None,
    marks: Iterable[MarkThen],
    details: Mapping[int, Mapping[str, Any]],
    year: int,
    lists_from: dt.datetime | None,
) -> ClassTold:
    """The class as the lists said then; from before they were kept, as a lesson of that year or their first state does.

    Every class is another one after the summer, so a first state of another school year says nothing about this one.
    """
    name = lists.class_name if lists is not None else ""
    if lists_from is None or lists is None or lists.left_on is not None:
        return ClassTold("lists", lists, name)
    lesson = _lesson_class(marks, details)
    if lesson:
        return ClassTold("lesson", lists, lesson, lists_from)
    if name and year == people.school_year(clock.london(lists_from).date()):
        return ClassTold("later", lists, name, lists_from)
    return ClassTold("unknown", lists, "", lists_from)


def _lesson_class(marks: Iterable[MarkThen], details: Mapping[int, Mapping[str, Any]]) -> str:
    """The class that the newest mark made in a lesson of that school year names."""
    lessons = [mark.row.ledger_seq for mark in marks if mark.row.class_session_id and mark.covers_year]
    told = {seq: details[seq] for seq in lessons if seq in details}
    return next((str(told[seq]["class_name"]) for seq in sorted(told, reverse=True) if told[seq].get("class_name")), "")
