"""The class teacher is told of each permission that ends, at once, and of everything else once a day."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from oval_aup import campaigns, consent, notifications, people
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.core.school import School
from tests.campaigns.test_family import answer_all, begin, sign
from tests.signing.small_school import YEAR, SmallSchool


def letters_to(db: Session, pseudonym: str) -> list[notifications.MessageRow]:
    kinds = ("choice-changed", "choices-today")
    return [message for message in notifications.messages_to(db, pseudonym) if message.kind in kinds]


def kinds_to(db: Session, pseudonym: str) -> list[str]:
    return [message.kind for message in letters_to(db, pseudonym)]


def chooses(
    db: Session, school: SmallSchool, facts: School, guardian: people.GuardianRow, answers: dict[str, str]
) -> None:
    office = Actor(role="admin", person_id=school.eve.person_id, pseudonym=school.eve.pseudonym, channel="office")
    asked = {use.key: answers.get(use.key, "yes") for use in consent.asked_purposes(db)}
    campaigns.record_on_behalf(
        db,
        person_id=guardian.person_id,
        school_year=YEAR,
        channel="phone",
        answers={school.max.public_id: asked},
        idempotency_key=f"{guardian.public_id}:{len(answers)}:{clock.now().isoformat()}",
        school=facts,
        actor=office,
    )


@pytest.fixture
def tuesday(asked: SmallSchool) -> SmallSchool:
    """Half past two on the first Tuesday, with everybody asked."""
    clock.travel_to(clock.at_london(dt.date(2026, 9, 15), 14, 30))
    return asked


def test_permissions_that_begin_are_one_list_on_the_next_school_morning(
    database: Database, tuesday: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        chooses(db, tuesday, facts, tuesday.ann, {"press": "no"})
        campaigns.follow_permissions(db, school=facts)
        assert kinds_to(db, tuesday.di.pseudonym) == []
        clock.travel_to(clock.at_london(dt.date(2026, 9, 16), 7, 1))
        assert campaigns.follow_permissions(db, school=facts, dry_run=True)
        campaigns.follow_permissions(db, school=facts)
        campaigns.follow_permissions(db, school=facts)
        (told,) = letters_to(db, tuesday.di.pseudonym)
    assert told.kind == "choices-today"
    assert "for 1 child in your class" in told.text
    assert f"/staff/classes/{tuesday.older.public_id}" in told.text
    assert not any(word in told.subject + told.text + told.html for word in ("Max", "Ali", "Ann", "press"))


def test_a_list_that_falls_on_a_weekend_goes_on_monday(database: Database, tuesday: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        clock.travel_to(clock.at_london(dt.date(2026, 9, 18), 16))
        chooses(db, tuesday, facts, tuesday.ann, {})
        clock.travel_to(clock.at_london(dt.date(2026, 9, 19), 9))
        campaigns.follow_permissions(db, school=facts)
        assert kinds_to(db, tuesday.di.pseudonym) == []
        clock.travel_to(clock.at_london(dt.date(2026, 9, 21), 9))
        campaigns.follow_permissions(db, school=facts)
        assert kinds_to(db, tuesday.di.pseudonym) == ["choices-today"]


def test_a_second_parents_first_no_on_the_phone_is_told_at_once(
    database: Database, tuesday: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        chooses(db, tuesday, facts, tuesday.ann, {})
        chooses(db, tuesday, facts, tuesday.bob, {"website": "no"})
        (told,) = letters_to(db, tuesday.di.pseudonym)
        assert told.kind == "choice-changed"
        assert "has ended for 1 child in your class" in told.text
        assert consent.take_downs(db) == ()


def test_a_second_parents_first_no_on_the_family_page_is_told_at_once(
    database: Database, tuesday: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        chooses(db, tuesday, facts, tuesday.ann, {})
        signing_session = begin(db, tuesday.bob)
        answer_all(db, signing_session, "no")
        sign(db, signing_session, facts, tuesday.bob)
        assert kinds_to(db, tuesday.di.pseudonym) == ["choice-changed"]


def test_a_block_is_told_at_the_next_look_if_nobody_told_it_before(
    database: Database, tuesday: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        chooses(db, tuesday, facts, tuesday.ann, {})
        consent.block(db, tuesday.max, school_year=YEAR, actor=SYSTEM)
        campaigns.follow_permissions(db, school=facts)
        campaigns.follow_permissions(db, school=facts)
        assert kinds_to(db, tuesday.di.pseudonym) == ["choice-changed"]


def test_a_class_without_a_teacher_falls_to_the_office(database: Database, tuesday: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        chooses(db, tuesday, facts, tuesday.ann, {})
        people.archive_person(db, tuesday.di.person_id, actor=SYSTEM)
        consent.block(db, tuesday.max, school_year=YEAR, actor=SYSTEM)
        campaigns.tell_of_changes(db, school=facts)
        (told,) = letters_to(db, "school")
    assert told.to_address == facts.email
    assert "/staff/classes/changes" in told.text
    assert told.text.startswith("Hello,")


def test_what_lapses_with_the_school_year_is_told_on_the_first_school_morning(
    database: Database, tuesday: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        chooses(db, tuesday, facts, tuesday.ann, {})
        campaigns.follow_permissions(db, school=facts)
        clock.travel_to(clock.at_london(dt.date(2026, 9, 16), 8))
        campaigns.follow_permissions(db, school=facts)
        clock.travel_to(clock.at_london(dt.date(2027, 9, 1), 0, 5))
        campaigns.follow_permissions(db, school=facts)
        assert kinds_to(db, tuesday.di.pseudonym) == ["choices-today"]
        clock.travel_to(clock.at_london(dt.date(2027, 9, 8), 8))
        campaigns.follow_permissions(db, school=facts)
        assert kinds_to(db, tuesday.di.pseudonym) == ["choices-today", "choices-today"]
        assert consent.take_downs(db) == ()
        clock.travel_to(clock.at_london(dt.date(2027, 10, 20), 8))
        campaigns.follow_permissions(db, school=facts)
        assert [task.child.public_id for task in consent.take_downs(db)] == [tuesday.max.public_id]


def test_silence_that_stays_silence_is_not_told(database: Database, tuesday: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        clock.travel_to(clock.at_london(dt.date(2026, 9, 16), 9))
        assert campaigns.follow_permissions(db, school=facts, dry_run=True) == 0
        assert campaigns.follow_permissions(db, school=facts) == 0
