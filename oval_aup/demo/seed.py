"""Fills an empty database with the demonstration school, through the same doors that a real school uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from oval_aup import accounts, campaigns, people
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database
from oval_aup.demo.history import REMINDER_DAYS, play
from oval_aup.demo.mark import ACCOUNTS, PASSWORD, mark
from oval_aup.demo.roster import DemoRoster
from oval_aup.people import roster

OFFICE = Actor(role="office", channel="cli")
ASKED_BEFORE = dt.timedelta(days=38)
DUE_AFTER = dt.timedelta(days=43)


def seed(
    database: Database, settings: Settings, *, pupils: int = 698, say: Callable[[str], object] = lambda _line: None
) -> str:
    """Make the demonstration school in an empty database; a database with people in it is left alone.

    Returns one sentence on what was done. Takes some twenty seconds for the whole school.
    """
    with database.reading() as db:
        if people.children(db) or people.staff(db):
            return "There are people in the database already: nothing was added."
    today = clock.today()
    year = people.school_year(today)
    asked_on = _school_day(max(today - ASKED_BEFORE, people.school_year_starts(year) + dt.timedelta(days=6)))
    asked_on = min(asked_on, today)
    present = clock.now()
    try:
        say(f"Making a school of {pupils} children …")
        _prepare(database, settings, year, asked_on, pupils)
        say("Playing the weeks since everybody was asked …")
        play(database, settings, year=year, asked_on=asked_on, until=present)
    finally:
        clock.travel_to(present)
    with database.reading() as db:
        return (
            f"Made a demonstration school with {len(people.children(db))} children and {len(people.staff(db))} staff."
        )


def _school_day(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=max(0, 7 - day.isoweekday()) % 7 + 1) if day.isoweekday() > 5 else day


def _prepare(database: Database, settings: Settings, year: int, asked_on: dt.date, pupils: int) -> None:
    school = settings.school
    made = DemoRoster(year, pupils=pupils)
    clock.travel_to(clock.at_london(asked_on - dt.timedelta(days=3), 11))
    with database.writing() as db:
        mark(db)
        campaigns.publish_shipped_rules(db, actor=OFFICE)
        for name, content in (("pupils-contacts.csv", made.contacts_csv()), ("staff.csv", made.staff_csv())):
            shown = roster.preview(db, name, content, limit=max(len(content), settings.upload_limit), actor=OFFICE)
            campaigns.apply_roster(db, shown.public_id, school=school, actor=OFFICE)
        for name in ACCOUNTS:
            account = accounts.account_by_email(db, f"{name}@oval.example.org")
            if account:
                accounts.choose_password(db, account.public_id, PASSWORD, school_name=school.name)
        plan = campaigns.plan(
            db,
            school_year=year,
            opens_on=asked_on,
            due_on=min(asked_on + DUE_AFTER, people.school_year_ends(year)),
            reminder_days=REMINDER_DAYS,
            actor=OFFICE,
        )
    clock.travel_to(clock.at_london(asked_on, 9))
    with database.writing() as db:
        campaigns.open_campaign(db, plan, school=school, actor=OFFICE)
