"""Puts tasks off, gives them to somebody, closes them with a note, and tells how each stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import rows_changed
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.worklist.models import TaskNote

ACTS = ("seen", "assign", "snooze", "close", "reopen", "note")
"""What can be done about a task."""
LONGEST_NOTE = 1000
LONGEST_SNOOZE = dt.timedelta(days=370)


@dataclass(frozen=True, slots=True)
class TaskKey:
    """Which task: its kind, what it is about, and what tells it from an earlier one about the same."""

    kind: str
    subject: str
    occurrence: str = ""
    person_id: int | None = None
    """Whom it is about, where it is about a person: their notes are erased and given out with their record."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How a task stands after everything that was done about it."""

    seen_at: dt.datetime | None = None
    owner_id: int | None = None
    snoozed_until: dt.date | None = None
    closed_at: dt.datetime | None = None
    closed_by_id: int | None = None
    note: str = ""
    """The newest note."""

    @property
    def state(self) -> str:
        """``open``, ``snoozed`` or ``closed``; a task that was put off is open again on its day."""
        if self.closed_at is not None:
            return "closed"
        return "snoozed" if self.snoozed_until is not None and self.snoozed_until > clock.today() else "open"


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note about a person, written by itself or while a task about them was handled."""

    public_id: str
    kind: str
    """The kind of task; empty where the note was written by itself."""
    act: str
    text: str
    at: dt.datetime
    by_id: int | None


def handle(
    db: Session,
    tasks: Iterable[TaskKey],
    *,
    act: str,
    owner_id: int | None = None,
    until: dt.date | None = None,
    note: str = "",
    actor: Actor,
) -> int:
    """Do one thing about several tasks; returns about how many.

    ``owner_id`` counts for ``assign``, None being the office; ``until`` for ``snooze``. Raises Invalid by field for an
    unknown act, a day that is not ahead within a year, or a task that is closed or noted without a word.
    """
    text = note.strip()
    faults: dict[str, str] = {}
    if act not in ACTS:
        faults["act"] = _("Choose what to do.")
    if act == "snooze" and (until is None or not clock.today() < until <= clock.today() + LONGEST_SNOOZE):
        faults["until"] = _("Give a day after today, at most a year ahead.")
    if act in ("close", "note") and not text:
        faults["note"] = _("Write a note that says why, for whoever looks later.")
    if len(text) > LONGEST_NOTE:
        faults["note"] = _("Write at most 1,000 characters.")
    if faults:
        raise Invalid(fields=faults)
    number = 0
    for task in tasks:
        db.add(
            TaskNote(
                kind=task.kind,
                subject=task.subject,
                occurrence=task.occurrence,
                person_id=task.person_id,
                act=act,
                owner_id=owner_id if act == "assign" else None,
                until=until if act == "snooze" else None,
                text=text,
                at=clock.now(),
                by_id=actor.person_id,
            )
        )
        number += 1
    db.flush()
    return number


def handlings(db: Session, kind: str = "") -> dict[str, dict[tuple[str, str], Handling]]:
    """How every task stands that anything was done about: by kind, then by subject and occurrence.

    ``kind`` narrows it to one.
    """
    columns = ("kind", "subject", "occurrence", "act", "owner_id", "until", "text", "at", "by_id")
    chosen = sa.select(*(getattr(TaskNote, name) for name in columns)).order_by(TaskNote.id)
    found: dict[str, dict[tuple[str, str], Handling]] = {}
    for row in db.execute(chosen.where(TaskNote.kind == kind if kind else TaskNote.kind != "")):
        tasks, key = found.setdefault(row.kind, {}), (row.subject, row.occurrence)
        tasks[key] = _after(tasks.get(key, Handling()), row)
    return found


def _after(before: Handling, row: Any) -> Handling:
    after = replace(before, seen_at=before.seen_at or row.at, note=row.text or before.note)
    if row.act == "assign":
        return replace(after, owner_id=row.owner_id)
    if row.act == "snooze":
        return replace(after, snoozed_until=row.until)
    if row.act == "close":
        return replace(after, closed_at=row.at, closed_by_id=row.by_id)
    if row.act == "reopen":
        return replace(after, closed_at=None, closed_by_id=None, snoozed_until=None)
    return after


def add_note(db: Session, person_id: int, text: str, *, actor: Actor) -> str:
    """Write a note about a person and return its public id; raises Invalid for an empty or too long one."""
    words = text.strip()
    if not words or len(words) > LONGEST_NOTE:
        raise Invalid(fields={"note": _("Write a note of at most 1,000 characters.")})
    row = TaskNote(person_id=person_id, act="note", text=words, at=clock.now(), by_id=actor.person_id)
    db.add(row)
    db.flush()
    return row.public_id


def notes_about(db: Session, person_id: int) -> tuple[NoteRow, ...]:
    """Every note about a person that says something, newest first."""
    chosen = sa.select(TaskNote).where(TaskNote.person_id == person_id, TaskNote.text != "")
    rows = db.scalars(chosen.order_by(TaskNote.id.desc()))
    return tuple(NoteRow(row.public_id, row.kind, row.act, row.text, row.at, row.by_id) for row in rows)


def remove_note(db: Session, public_id: str, *, person_id: int, actor: Actor) -> None:
    """Take the words of a note away, as somebody decided who may write them; that there was one stays.

    Raises NotFound for a note that is not about this person.
    """
    row = db.scalar(sa.select(TaskNote).where(TaskNote.public_id == public_id, TaskNote.person_id == person_id))
    if row is None:
        raise NotFound
    row.text = ""
    row.by_id = actor.person_id or row.by_id
    db.flush()


def erase_notes(db: Session, person_id: int) -> int:
    """Blank every note about a person; returns how many said something."""
    theirs = sa.update(TaskNote).where(TaskNote.person_id == person_id, TaskNote.text != "").values(text="")
    return rows_changed(db.execute(theirs))
