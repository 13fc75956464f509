"""Whoever still owes anything is chased for just that, and asked again when an answer no longer counts."""

from __future__ import annotations

import datetime as dt

from oval_aup import campaigns, consent, notifications, people, reports, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.school import School
from tests.people import builders
from tests.signing.small_school import ASKED_ON, YEAR, SmallSchool, staff_actor


def on(days: int) -> dt.date:
    day = ASKED_ON + dt.timedelta(days=days)
    clock.travel_to(clock.at_london(day, 10))
    return day


def remind(database: Database, facts: School, days: int) -> dict[str, str]:
    day = on(days)
    with database.writing() as db:
        planned = campaigns.remind(db, on=day, school=facts, actor=SYSTEM)
    return {row.full_name: row.step for row in planned}


def record_rules(database: Database, school: SmallSchool, facts: School) -> None:
    """Bob rings and agrees to the rules; nothing is said about pictures."""
    with database.writing() as db:
        campaigns.record_on_behalf(
            db,
            person_id=school.bob.person_id,
            school_year=YEAR,
            channel="phone",
            signer_name="Bob Ali",
            idempotency_key="bob",
            school=facts,
            actor=staff_actor(school.eve, "admin"),
        )


def listed(database: Database, **chosen: str) -> list[tuple[str, str, int]]:
    with database.reading() as db:
        rows = reports.outstanding_rows(db, YEAR, reports.Filter(**chosen))
    return [(row.full_name, row.agreement_key, row.choosing) for row in rows]


def test_rules_by_phone_leave_the_pictures_on_the_list_and_in_the_reminders(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    assert ("Bob Ali", "parents", 1) in listed(database)
    record_rules(database, asked, facts)
    assert ("Bob Ali", "image-uses", 1) in listed(database)
    with database.reading() as db:
        table = reports.outstanding_table(db, YEAR, reports.Filter())
        assert ("Bob Ali", "pictures of 1 child") in {row[0::2][:2] for row in table.rows}
        (ask, *_receipt) = notifications.messages_to(db, asked.bob.pseudonym)
    assert ask.status == "queued"
    assert "pictures of your child" in ask.text
    assert "rules for parents" not in ask.text
    assert remind(database, facts, 7)["Bob Ali"] == "reminder-1"
    with database.reading() as db:
        reminder = next(m for m in notifications.messages_to(db, asked.bob.pseudonym) if m.kind == "reminder")
    assert "pictures of your child" in reminder.text
    assert "rules for parents" not in reminder.text


def test_who_owes_nothing_any_more_is_off_the_list_and_their_letter_is_taken_back(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    record_rules(database, asked, facts)
    with database.writing() as db:
        answers = {use.key: "no" for use in consent.asked_purposes(db)}
        campaigns.record_on_behalf(
            db,
            person_id=asked.bob.person_id,
            school_year=YEAR,
            channel="phone",
            outcome="",
            answers={asked.max.public_id: answers},
            idempotency_key="bob-2",
            school=facts,
            actor=staff_actor(asked.eve, "admin"),
        )
        (ask, *_receipts) = notifications.messages_to(db, asked.bob.pseudonym)
    assert ask.status == "cancelled"
    assert "Bob Ali" not in {name for name, *_rest in listed(database)}


def test_the_list_counts_people_and_things(database: Database, asked: SmallSchool, facts: School) -> None:
    """Ann, Bob and Cass owe rules and choices, Di and Eve the staff rules, and three children theirs."""
    with database.reading() as db:
        every = reports.outstanding_counts(db, YEAR, reports.Filter())
        pictures = reports.outstanding_counts(db, YEAR, reports.Filter(audience="image-uses"))
        assert reports.remindable(db, YEAR, reports.Filter(audience="image-uses")) == 3
    assert (every.people, every.things) == (8, 11)
    assert (pictures.people, pictures.things) == (3, 3)
    assert [name for name, *_rest in listed(database, audience="image-uses")] == ["Ann Ali", "Bob Ali", "Cass Coe"]
    assert listed(database, audience="image-uses", class_public_id=asked.younger.public_id) == [
        ("Ann Ali", "image-uses", 2)
    ]


def test_a_signature_taken_back_is_asked_for_again_after_the_last_reminder(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    for days in (7, 14, 21, 24):
        remind(database, facts, days)
    on(28)
    record_rules(database, asked, facts)
    on(30)
    with database.writing() as db:
        row = signing.signatures_of(db, asked.bob.person_id)[-1]
        signing.correct(db, row.public_id, reason="The wrong Ali", actor=staff_actor(asked.eve, "admin"))
        again = [campaigns.ask_again(db, [asked.bob.person_id], school=facts, actor=SYSTEM) for _twice in range(2)]
        assert again == [1, 0]
        kinds = [m.kind for m in notifications.messages_to(db, asked.bob.pseudonym)]
    assert kinds.count("ask") == 2
    assert "Bob Ali" not in remind(database, facts, 31)
    steps = [remind(database, facts, days).get("Bob Ali") for days in (37, 51, 56)]
    assert steps == ["reminder-1", "reminder-3", "escalation"]


def test_a_teacher_sees_whom_the_letter_is_about_and_a_silent_second_parent_counts(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        rules = signing.standing(db, asked.ann.person_id, YEAR)[0]
        assert rules.agreement_key == "parents"
        campaigns.record_on_behalf(
            db,
            person_id=asked.ann.person_id,
            school_year=YEAR,
            channel="paper",
            signer_name="Ann Ali",
            answers={
                child.public_id: {use.key: "yes" for use in consent.asked_purposes(db)}
                for child in (asked.max, asked.mia)
            },
            for_children=[asked.mia.public_id],
            idempotency_key="ann",
            school=facts,
            actor=staff_actor(asked.eve, "admin"),
        )
    with database.reading() as db:
        di = people.staff_member(db, asked.di.person_id)
        found = campaigns.unanswered_around(db, di, YEAR, class_id=di.class_id)
    assert {family.child.forename: [one.full_name for one in family.adults] for family in found.families} == {
        "Max": ["Bob Ali"],
        "Cy": ["Cass Coe"],
    }
    with database.reading() as db:
        boss = campaigns.unanswered_around(db, people.staff_member(db, asked.eve.person_id), YEAR, class_id=None)
    assert [one.full_name for one in boss.colleagues] == ["Di Dunn"]


def test_a_barred_adult_stands_under_their_other_child_only(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        people.change_link(
            db, child_id=asked.max.person_id, guardian_id=asked.bob.person_id, contact_allowed=False, actor=SYSTEM
        )
        builders.link_guardian(
            db,
            child_id=asked.cy.person_id,
            guardian_id=asked.bob.person_id,
            relationship_name="father",
            parental_responsibility="yes",
            actor=SYSTEM,
        )
    with database.reading() as db:
        di = people.staff_member(db, asked.di.person_id)
        found = campaigns.unanswered_around(db, di, YEAR, class_id=di.class_id)
    waiting = {family.child.forename: {adult.full_name for adult in family.adults} for family in found.families}
    assert "Bob Ali" not in waiting["Max"]
    assert "Bob Ali" in waiting["Cy"]
