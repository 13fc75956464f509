"""Which step of a campaign falls due for one person on one day: a pure function of facts and today.

Nothing is sent by looking; whoever takes a step claims it with the unique key of the ``reminder`` table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from oval_aup.campaigns.term_dates import TermDates
from oval_aup.core import clock

MOST_REMINDERS = 3
MANUAL_COVERS = dt.timedelta(days=3)
"""A reminder by hand takes the place of automatic reminders due up to this long after it."""
ESCALATES_AFTER = dt.timedelta(days=3)
"""How long the last reminder is given before somebody else is told."""
ESCALATION = "escalation"
EARLIEST_HOUR, LATEST_HOUR = 8, 18
"""School mail goes out between these hours, London time."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides what one person hears next."""

    asked_on: dt.date | None
    """London date of the asking; None when they could not be asked."""
    due_on: dt.date
    reminder_days: tuple[int, ...]
    """Days after the asking, rising; only the first three count."""
    last_day: dt.date
    """The school year's last day: after it everything has lapsed."""
    answered: bool = False
    """Signed or declined all that was asked."""
    reachable: bool = True
    """Has an address that has not bounced."""
    barred: bool = False
    """Barred from contact, or has left."""
    taken: Mapping[str, dt.date] = field(default_factory=dict)
    """Steps already taken and the London date of each."""
    reminded_by_hand_on: dt.date | None = None
    """London date of the newest reminder by hand."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do now for one person."""

    name: str
    """``reminder-1`` to ``reminder-3``, or ``escalation``."""
    fell_due_on: dt.date
    is_last: bool = False
    """True for the last reminder before somebody else is told."""


def due_step(facts: Facts, today: dt.date, terms: TermDates) -> Step | None:
    """The one step to take today, or None.

    After weeks of silence only the latest due reminder goes, never the ones it overtook; an escalation
    goes only once the last reminder has been given its time.
    """
    if facts.asked_on is None or facts.answered or facts.barred or not facts.reachable:
        return None
    if today > facts.last_day or not terms.is_school_day(today):
        return None
    days = facts.reminder_days[:MOST_REMINDERS]
    dates = [terms.first_school_day_from(facts.asked_on + dt.timedelta(days=count)) for count in days]
    return _latest_reminder(facts, dates, today) or _escalation(facts, dates, today, terms)


def _latest_reminder(facts: Facts, dates: list[dt.date], today: dt.date) -> Step | None:
    for number, falls_due in reversed(list(enumerate(dates, start=1))):
        name = f"reminder-{number}"
        if name in facts.taken:
            return None
        if falls_due > today:
            continue
        if _replaced_by_hand(facts, falls_due):
            return None
        return Step(name, falls_due, is_last=number == len(dates))
    return None


def _replaced_by_hand(facts: Facts, falls_due: dt.date) -> bool:
    return facts.reminded_by_hand_on is not None and falls_due <= facts.reminded_by_hand_on + MANUAL_COVERS


def _escalation(facts: Facts, dates: list[dt.date], today: dt.date, terms: TermDates) -> Step | None:
    if not dates or ESCALATION in facts.taken:
        return None
    last_heard = facts.taken.get(f"reminder-{len(dates)}")
    if last_heard is None and _replaced_by_hand(facts, dates[-1]):
        last_heard = facts.reminded_by_hand_on
    if last_heard is None:
        return None
    falls_due = terms.first_school_day_from(max(last_heard + ESCALATES_AFTER, facts.due_on + dt.timedelta(days=1)))
    return Step(ESCALATION, falls_due) if falls_due <= today else None


def sending_time(now: dt.datetime, terms: TermDates) -> dt.datetime:
    """The earliest instant from ``now`` at which school mail may go: by day, on a school day."""
    local = clock.london(now)
    day = local.date()
    if terms.is_school_day(day):
        if local.hour < EARLIEST_HOUR:
            return clock.at_london(day, EARLIEST_HOUR)
        if local.hour < LATEST_HOUR:
            return now
    return clock.at_london(terms.first_school_day_from(day + dt.timedelta(days=1)), EARLIEST_HOUR)
