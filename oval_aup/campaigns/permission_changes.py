"""Tells class teachers when permission to use a child's pictures ends or begins: a no at once, the rest once a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from oval_aup import consent, notifications, people
from oval_aup.campaigns import letters, planning
from oval_aup.core import clock
from oval_aup.core.i18n import _
from oval_aup.core.school import School

DAILY_FROM = 7
"""The hour, in London, from which the day's list goes out on school days."""
WITHOUT_ROUND = dt.timedelta(days=42)
"""How long after 1 September a family has to answer again where no sign-up was planned."""


def follow_permissions(db: Session, *, since_entry: int | None = None, school: School, dry_run: bool = False) -> int:
    """Keep every change of permission that nothing has kept yet, and tell the teachers; safe to repeat at any time.

    Call it after anything that may have changed permissions; the worker calls it every minute. ``since_entry`` looks
    only at children whose choices are in the ledger after it. With ``dry_run`` returns whether there is anything to do.
    """
    year = people.school_year(clock.today())
    overdue = _families_had_their_time(db, year)
    if dry_run:
        found = len(consent.unrecorded(db, year, since_entry=since_entry))
        return found + len(_due_now(consent.unsent_changes(db), school)) + (overdue and consent.lapses_wait(db))
    kept = consent.record_changes(db, year, since_entry=since_entry)
    consent.settle_lapses(db, year, overdue=overdue)
    return kept + tell_of_changes(db, school=school)


def _families_had_their_time(db: Session, year: int) -> bool:
    campaign = planning.campaign_of(db, year)
    if campaign is None or campaign.status == "planned":
        return clock.today() > people.school_year_starts(year) + WITHOUT_ROUND
    return clock.today() > campaign.due_on


def tell_of_changes(db: Session, *, school: School) -> int:
    """Queue what teachers are to be told now, and return how many messages that is.

    A permission that ended is told at once, each class in one message; everything else in one message a class on the
    morning of the next school day. What concerns a class without a teacher, or no class, goes to the office.
    """
    untold = consent.unsent_changes(db)
    due = _due_now(untold, school)
    if not due:
        consent.mark_notified(db, [row.id for row in untold if not row.worth_telling])
        return 0
    listeners = _Listeners(db, school)
    children = people.children_by_id(db, {row.child_id for row in due})
    told = 0
    for urgent in (True, False):
        rows = [row for row in due if row.urgent == urgent]
        by_listener: dict[_Listener, list[consent.ChangeRow]] = {}
        for row in rows:
            for listener in listeners.of(children[row.child_id].class_id):
                by_listener.setdefault(listener, []).append(row)
        for listener, concerned in by_listener.items():
            _tell(db, listener, concerned, urgent=urgent, school=school)
            told += 1
    consent.mark_notified(db, [row.id for row in due] + [row.id for row in untold if not row.worth_telling])
    return told


def _due_now(rows: Sequence[consent.ChangeRow], school: School) -> list[consent.ChangeRow]:
    morning = clock.at_london(clock.today(), DAILY_FROM)
    is_time = clock.now() >= morning and planning.is_school_day(school, clock.today())
    return [row for row in rows if row.urgent or (row.worth_telling and is_time and row.changed_at < morning)]


_Listener = tuple[str, str, str, str]
"""Pseudonym, forename, address and the page to open."""


class _Listeners:
    """The teachers of each class; the office where there is none."""

    def __init__(self, db: Session, school: School) -> None:
        pages = {each.id: f"{school.base_url}/staff/classes/{each.public_id}" for each in people.classes(db)}
        self._by_class: dict[int, list[_Listener]] = {}
        for member in people.staff(db):
            if member.class_id in pages and member.staff_group in ("teaching", "leadership") and member.work_email:
                name = member.greeting_name or _("colleague")
                listener = (member.pseudonym, name, member.work_email, pages[member.class_id])
                self._by_class.setdefault(member.class_id, []).append(listener)
        self._office: _Listener = ("school", "", school.email, f"{school.base_url}/staff/classes/changes")

    def of(self, class_id: int | None) -> Iterable[_Listener]:
        """Who is told about a child of this class."""
        return self._by_class.get(class_id or 0) or [self._office]


def _tell(db: Session, listener: _Listener, rows: Sequence[consent.ChangeRow], *, urgent: bool, school: School) -> None:
    pseudonym, forename, address, page = listener
    children = len({row.child_id for row in rows})
    write = letters.permission_ended if urgent else letters.permissions_changed
    kind = "choice-changed" if urgent else "choices-today"
    notifications.enqueue(
        db,
        kind=kind,
        recipient=pseudonym,
        to_address=address,
        letter=write(school, forename=forename, children=children, page=page),
        dedupe_key=f"{kind}:{max(row.id for row in rows)}:{pseudonym}",
    )
