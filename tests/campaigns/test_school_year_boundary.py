"""The year of a request is the year in which its letter arrives and is answered; deadlines are school days."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup import campaigns, notifications, people, signing
from oval_aup.campaigns import planning
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict
from oval_aup.core.school import School
from oval_aup.people import GuardianRow
from tests.people import builders
from tests.signing.small_school import YEAR, SmallSchool

NEXT = YEAR + 1
FIRST_DAY = dt.date(2027, 9, 2)


def at(day: dt.date, hour: int = 10) -> None:
    clock.travel_to(clock.at_london(day, hour))


def newcomer(database: Database, school: SmallSchool) -> GuardianRow:
    with database.writing() as db:
        child = builders.add_child(
            db,
            forename="Ned",
            surname="New",
            born_on=dt.date(2023, 2, 7),
            year_group="R",
            class_id=school.younger.id,
            actor=SYSTEM,
        )
        return builders.add_guardian(
            db,
            child_id=child.person_id,
            forename="Nell",
            surname="New",
            email="nell@example.org",
            parental_responsibility="yes",
            actor=SYSTEM,
        ).guardian


def plan_next(database: Database) -> campaigns.CampaignRow:
    with database.writing() as db:
        return campaigns.plan(db, school_year=NEXT, opens_on=FIRST_DAY, due_on=dt.date(2027, 9, 24), actor=SYSTEM)


def follow(database: Database, facts: School) -> campaigns.RosterFollowUp:
    with database.writing() as db:
        return campaigns.follow_roster(db, school=facts, actor=SYSTEM)


def test_new_starters_of_august_are_asked_in_next_years_sign_up(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    at(dt.date(2027, 8, 25))
    nell = newcomer(database, asked)
    done = follow(database, facts)
    assert (done.opened, done.asked) == (0, 0)
    row = plan_next(database)
    with database.writing() as db:
        assert campaigns.ask_joiners(db, school=facts, actor=SYSTEM) == 0
        campaigns.open_campaign(db, row, school=facts, actor=SYSTEM)
        (letter,) = notifications.messages_to(db, nell.pseudonym)
        (request,) = signing.standing(db, nell.person_id, NEXT)
        assert signing.standing(db, nell.person_id, YEAR) == ()
    assert letter.next_attempt_at == clock.at_london(FIRST_DAY, 8)
    assert "rules for parents" in letter.text
    assert "24 September" in letter.text
    assert request.due_on == dt.date(2027, 9, 24)


def test_reminders_count_from_the_day_on_which_the_letter_went(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    at(dt.date(2027, 8, 25))
    row = plan_next(database)
    with database.writing() as db:
        campaigns.open_campaign(db, row, school=facts, actor=SYSTEM)
    with database.writing() as db:
        for day, number in ((FIRST_DAY, 0), (dt.date(2027, 9, 8), 0), (dt.date(2027, 9, 9), 5)):
            at(day)
            assert len(campaigns.remind(db, on=day, dry_run=True, school=facts, actor=SYSTEM)) == number


def test_whoever_joins_in_the_last_weeks_waits_for_the_next_sign_up(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    at(dt.date(2027, 6, 14))
    nell = newcomer(database, asked)
    assert follow(database, facts).asked == 1
    with database.reading() as db:
        assert signing.standing(db, nell.person_id, YEAR)[0].due_on == dt.date(2027, 7, 5)
    at(dt.date(2027, 7, 12))
    with database.writing() as db:
        people.archive_person(db, nell.person_id, actor=SYSTEM)
    newcomer(database, asked)
    assert follow(database, facts).asked == 0


@pytest.mark.parametrize("day", [dt.date(2027, 6, 1), dt.date(2027, 7, 30), dt.date(2027, 8, 31)])
def test_next_years_sign_up_can_be_planned_from_june_on(
    database: Database, school: SmallSchool, facts: School, day: dt.date
) -> None:
    at(day)
    assert campaigns.years_to_plan(day) == (YEAR, NEXT)
    assert plan_next(database).status == "planned"


def test_a_sign_up_is_not_sent_into_another_school_year(database: Database, asked: SmallSchool, facts: School) -> None:
    at(dt.date(2027, 6, 30))
    row = plan_next(database)
    with database.writing() as db, pytest.raises(Conflict, match="old school year"):
        campaigns.open_campaign(db, row, school=facts, actor=SYSTEM)
    at(dt.date(2027, 8, 2))
    with database.writing() as db:
        old = campaigns.campaign_of(db, YEAR)
        assert old is not None
        with pytest.raises(Conflict, match="after the end"):
            campaigns.open_campaign(db, old, school=facts, actor=SYSTEM)
        with pytest.raises(Conflict, match="after the end"):
            campaigns.send_reminders(db, [asked.ann.person_id], school=facts, actor=SYSTEM)


@pytest.mark.parametrize(
    ("today", "due_on"),
    [
        (dt.date(2026, 12, 1), dt.date(2027, 1, 4)),
        (dt.date(2026, 10, 1), dt.date(2026, 11, 2)),
        (dt.date(2027, 7, 9), dt.date(2027, 7, 21)),
    ],
)
def test_a_usual_deadline_is_a_school_day_in_term(
    school: SmallSchool, facts: School, today: dt.date, due_on: dt.date
) -> None:
    at(today)
    assert planning.usual_dates(facts, YEAR)[1] == due_on
    assert planning.is_school_day(facts, due_on)


def test_a_joiner_of_december_is_not_due_at_christmas(database: Database, asked: SmallSchool, facts: School) -> None:
    at(dt.date(2026, 12, 7))
    nell = newcomer(database, asked)
    follow(database, facts)
    with database.reading() as db:
        assert signing.standing(db, nell.person_id, YEAR)[0].due_on == dt.date(2027, 1, 4)
