"""A sign-up: planned once for a school year, opened once, and the only place its dates come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, people, signing
from oval_aup.campaigns.models import Campaign
from oval_aup.campaigns.schedule import MOST_REMINDERS, sending_time
from oval_aup.campaigns.term_dates import ONE_DAY, TermDates, term_dates
from oval_aup.core import clock, templating
from oval_aup.core.actor import Actor
from oval_aup.core.db import new_public_id
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _, ngettext
from oval_aup.core.school import School
from oval_aup.people import roster

AUDIENCES = agreements.AUDIENCES
USUAL_REMINDER_DAYS = (7, 14, 21)
USUAL_TIME = dt.timedelta(days=25)
"""How long people are usually given to answer."""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One sign-up; ``status`` is ``planned``, ``open`` or ``closed``."""

    id: int
    public_id: str
    school_year: int
    audiences: tuple[str, ...]
    opens_on: dt.date
    due_on: dt.date
    reminder_days: tuple[int, ...]
    status: str
    opened_at: dt.datetime | None

    @property
    def asks_families(self) -> bool:
        """Whether guardians are asked, and with the rules about their children's pictures."""
        return "guardians" in self.audiences


def plan(
    db: Session,
    *,
    school_year: int,
    audiences: Sequence[str] = AUDIENCES,
    opens_on: dt.date,
    due_on: dt.date,
    reminder_days: Sequence[int] = USUAL_REMINDER_DAYS,
    actor: Actor,
) -> CampaignRow:
    """Plan a school year's sign-up, or change the plan; once open, only its due date and reminders may change.

    A new due date counts for everybody who has not answered yet.

    Raises Invalid by field for dates outside the school year, a due date before the opening, or reminder days
    that do not rise; Conflict for a change of what an open round asks.
    """
    days = tuple(reminder_days)
    _check(school_year, audiences, opens_on, due_on, days)
    row = db.scalar(sa.select(Campaign).where(Campaign.school_year == school_year))
    if row is None:
        row = Campaign(school_year=school_year, status="planned", created_at=clock.now(), created_by_id=actor.person_id)
        db.add(row)
    elif row.status != "planned" and (set(row.audiences) != set(audiences) or row.opens_on != opens_on):
        raise Conflict(
            _("This sign-up has started: its due date and reminders can change, not who is asked or when it started.")
        )
    elif row.status != "planned" and row.due_on != due_on:
        signing.move_due_date(db, school_year, before=row.due_on, to=due_on)
    row.audiences = [audience for audience in AUDIENCES if audience in audiences]
    row.opens_on, row.due_on, row.reminder_days = opens_on, due_on, list(days)
    db.flush()
    return _row(row)


def _check(
    school_year: int, audiences: Sequence[str], opens_on: dt.date, due_on: dt.date, days: tuple[int, ...]
) -> None:
    faults: dict[str, str] = {}
    first, last = people.school_year_starts(school_year), people.school_year_ends(school_year)
    if not audiences or not set(audiences) <= set(AUDIENCES):
        faults["audiences"] = _("Choose who is asked.")
    if not first <= opens_on <= last:
        faults["opens_on"] = _("The opening day must lie in the school year.")
    if not opens_on <= due_on <= last:
        faults["due_on"] = _("The due date must come after the opening, within the school year.")
    if len(days) > MOST_REMINDERS or list(days) != sorted(set(days)) or any(not 1 <= day <= 120 for day in days):
        faults["reminder_days"] = _("Enter up to three numbers of days, each from 1 to 120, smallest first.")
    if faults:
        raise Invalid(fields=faults)


def odd_dates(row: CampaignRow, school: School) -> tuple[str, ...]:
    """What is allowed in a plan but is seldom meant, in sentences to read after saving it."""
    found = []
    if not is_school_day(school, row.due_on):
        found.append(_("The due date, %(day)s, is not a school day.", day=templating.day(row.due_on)))
    late = [days for days in row.reminder_days if row.opens_on + dt.timedelta(days=days) > row.due_on]
    if late:
        found.append(
            ngettext(
                "The reminder after %(days)s days would be sent after the due date.",
                "The reminders after %(days)s days would be sent after the due date.",
                len(late),
                days=", ".join(map(str, late)),
            )
        )
    return tuple(found)


def campaign(db: Session, public_id: str) -> CampaignRow:
    """One sign-up by public id; raises NotFound."""
    found = db.scalar(sa.select(Campaign).where(Campaign.public_id == public_id))
    if found is None:
        raise NotFound
    return _row(found)


def campaign_of(db: Session, school_year: int) -> CampaignRow | None:
    """The sign-up of a school year, or None where none has been planned."""
    found = db.scalar(sa.select(Campaign).where(Campaign.school_year == school_year))
    return _row(found) if found else None


def close_campaign(db: Session, public_id: str, *, actor: Actor) -> CampaignRow:
    """End a sign-up: no reminder goes any more; answers are still taken. Safe to repeat.

    Raises Conflict for a sign-up that has not been opened.
    """
    row = campaign(db, public_id)
    if row.status == "planned":
        raise Conflict(_("This sign-up has not started yet."))
    if row.status != "closed":
        evidence.append(
            db,
            "closed",
            subject="school",
            act={"school_year": row.school_year, "campaign": row.public_id},
            idempotency_key=f"closed:{new_public_id()}",
            actor=actor,
        )
    set_status(db, row, "closed")
    return campaign(db, public_id)


def years_to_plan(today: dt.date) -> tuple[int, ...]:
    """The school years that can be planned on a day: the present one, and from June on the next."""
    year = people.school_year(today)
    return (year, year + 1) if 6 <= today.month <= 8 else (year,)


def delivery_day(school: School) -> dt.date:
    """The London date on which a letter that is queued now goes: today, or the next school day."""
    year = people.school_year(clock.today())
    terms = term_dates(school.holidays, school_years=(year, year + 1))
    return clock.london(sending_time(clock.now(), terms)).date()


def year_of_delivery(school: School) -> int:
    """The school year in which a letter that is queued now arrives, and which it must be about."""
    return people.school_year(delivery_day(school))


def usual_dates(school: School, school_year: int) -> tuple[dt.date, dt.date]:
    """When a sign-up of this school year would usually open, from today on, and by when answers are due.

    Both are school days in term.
    """
    terms = term_dates(school.holidays, school_years=(school_year, school_year + 1))
    opens_on = terms.first_school_day_from(max(clock.today(), people.school_year_starts(school_year)))
    return opens_on, due_day(terms, opens_on + USUAL_TIME, school_year)


def due_day(terms: TermDates, day: dt.date, school_year: int) -> dt.date:
    """The day itself or the next school day, but never later than the last school day of the school year."""
    last = people.school_year_ends(school_year)
    while not terms.is_school_day(last):
        last -= ONE_DAY
    return min(terms.first_school_day_from(min(day, last)), last)


def last_school_day(school: School, school_year: int) -> dt.date:
    """The last day of a school year on which the school is open to pupils."""
    terms = term_dates(school.holidays, school_years=(school_year, school_year + 1))
    return due_day(terms, people.school_year_ends(school_year), school_year)


def list_loaded_on(db: Session) -> dt.date | None:
    """The London date on which the newest list of children was loaded, or None."""
    loaded = roster.newest_applied(db, (roster.CONTACTS, roster.CLASSES))
    return clock.london(loaded).date() if loaded else None


def list_is_old(db: Session, school_year: int) -> bool:
    """Whether the newest list of children was loaded before the August in which the school year begins."""
    loaded_on = list_loaded_on(db)
    return loaded_on is not None and loaded_on < dt.date(school_year, 8, 1)


def set_status(db: Session, row: CampaignRow, status: str) -> None:
    """Move a sign-up on and remember when it was first opened."""
    values: dict[str, object] = {"status": status}
    if status == "open" and row.opened_at is None:
        values["opened_at"] = clock.now()
    db.execute(sa.update(Campaign).where(Campaign.id == row.id).values(**values))


def hold(db: Session, row: CampaignRow) -> None:
    """Make other schedulers wait until this unit of work ends, on engines where they could run at once."""
    db.execute(sa.select(Campaign.id).where(Campaign.id == row.id).with_for_update())


def terms_of(school: School, row: CampaignRow) -> TermDates:
    """The school days that this round goes by, and those of the years before and after it."""
    return term_dates(school.holidays, school_years=range(row.school_year - 1, row.school_year + 2))


def leaving_at(school: School, row: CampaignRow) -> dt.datetime:
    """When a message of this campaign that is queued now may leave: by day, on a school day."""
    return sending_time(clock.now(), terms_of(school, row))


def next_sending_time(school: School, *, after: dt.datetime | None = None) -> dt.datetime:
    """The first moment from ``after``, or from now, at which a letter of the school's own accord may leave."""
    moment, year = after or clock.now(), people.school_year(clock.today())
    return sending_time(moment, term_dates(school.holidays, school_years=range(year - 1, year + 2)))


def is_school_day(school: School, day: dt.date) -> bool:
    """Whether the school is open to pupils on this day, by its own holidays or a typical year's."""
    return term_dates(school.holidays, school_years=(people.school_year(day),)).is_school_day(day)


def _row(found: Campaign) -> CampaignRow:
    return CampaignRow(
        id=found.id,
        public_id=found.public_id,
        school_year=found.school_year,
        audiences=tuple(found.audiences),
        opens_on=found.opens_on,
        due_on=found.due_on,
        reminder_days=tuple(found.reminder_days),
        status=found.status,
        opened_at=found.opened_at,
    )
